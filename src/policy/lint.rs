//! What the keys of a rule say that makes no sense together.
//!
//! Comes in: the conditions of a rule, or a limit. Goes out: [`Fault`]s, which the loader reports at the rule. Only this
//! file knows which keys and values contradict each other.

use super::file::{Compare, Conditions, Limit, Quantity, Window, either};

/// Something the author should put right.
pub(super) struct Fault {
    pub code: &'static str,
    pub message: String,
    pub help: &'static str,
}

fn fault(code: &'static str, message: impl Into<String>, help: &'static str) -> Fault {
    Fault { code, message: message.into(), help }
}

/// What contradicts itself (L021), says nothing (L022) or can't be compared (L023) in a rule's conditions.
pub(super) fn conditions(asked: &Conditions<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    // An anchor must occur as much as what `when` names.
    let wanted: Vec<&str> = asked.when.iter().chain(asked.anchors()).collect();
    for name in asked.unless.iter().flat_map(either) {
        if wanted.contains(&name) {
            let message = format!("the rule asks for '{name}' and at once that it is absent");
            faults.push(fault("L021", message, "name it in 'unless' or in 'when', 'after', 'before' or 'near'"));
        }
    }
    if let Some(name) = asked.after.filter(|name| asked.before == Some(name)) {
        let message = format!("nothing stands both after and before the first '{name}'");
        faults.push(fault("L021", message, "choose one, or write near = \"…\" with within-turns"));
    }
    let anchored = asked.anchors().next().is_some();
    match asked.within_turns {
        Some(_) if !anchored => faults.push(fault(
            "L022",
            "within-turns counts from nothing",
            "name a cue or signal in 'after', 'before' or 'near'; for a stretch of the call write within = { … }",
        )),
        None if asked.near.is_some() => faults.push(fault(
            "L022",
            "near without within-turns is nowhere",
            "add within-turns = …; 0 is the same turn",
        )),
        _ => {}
    }
    if asked.at_least == Some(0) {
        faults.push(fault("L022", "at-least = 0 counts nothing", "write how many hits it takes, or leave it out"));
    }
    faults.extend(window(asked.within));
    for (field, values) in asked.calls {
        if values.iter().next().is_none() {
            let message = format!("where.{field} names no value: no call would suit");
            faults.push(fault("L023", message, "give the values of which one will do"));
        }
        for value in values.iter().filter(|value| Compare::parse(value).is_none()) {
            let message = format!("where.{field} can't be compared with '{value}'");
            faults.push(fault("L023", message, "write a text, \"!= text\", or >=, <=, > or < and a number"));
        }
    }
    faults
}

fn window(window: Window) -> Option<Fault> {
    let Window { first_turns, first_seconds, first_percent, last_turns, last_seconds, last_percent } = window;
    let empty = [first_turns, last_turns].contains(&Some(0))
        || [first_seconds, last_seconds, first_percent, last_percent].contains(&Some(0));
    let all = [first_percent, last_percent].into_iter().flatten().any(|percent| percent >= 100);
    let help = "percentages go from 1 to 99, turns and seconds from 1 on";
    match (empty, all) {
        (true, _) => Some(fault("L022", "'within' leaves nothing of the call", help)),
        (_, true) => Some(fault("L022", "'within' leaves nothing of the call out", help)),
        _ => None,
    }
}

/// A limit that limits nothing (L012), lets nothing pass (L021) or excuses what it doesn't measure (L022).
pub(super) fn limit(rule: &Limit) -> Vec<Fault> {
    let mut faults = Vec::new();
    match (rule.min, rule.max) {
        (None, None) => {
            faults.push(fault("L012", "a limit without max or min limits nothing", "add max = … or min = …"));
        }
        (Some(min), Some(max)) if min > max => {
            let message = format!("no value is at least {min} and at most {max}");
            faults.push(fault("L021", message, "min is the smallest value allowed, max the largest"));
        }
        _ => {}
    }
    if rule.unless_after.is_some() && rule.quantity != Quantity::LongestSilenceMs {
        let help = "unless-after goes with quantity = \"longest-silence-ms\"";
        faults.push(fault("L022", "unless-after excuses silence, and this limit measures something else", help));
    }
    faults
}

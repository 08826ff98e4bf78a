//! What a rule owes its readers.
//!
//! Comes in: rules as they are read, and packs once they are. Goes out: reports, with their places. Only this file knows
//! what a rule must have: an id that names its law, texts in both languages, a source, examples that hit and that don't.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;

use super::diagnostics::SourceFile;
use super::example::Example;
use super::file::{RuleText, either};
use super::lint::{self, Fault};
use super::load::Loader;
use super::{Pack, Placed};

impl Loader {
    pub(super) fn not_one_character(&mut self, file: &Arc<SourceFile>, phrase: &Spanned<String>) {
        let folded = crate::normalise::fold_phrase(phrase.get_ref());
        if folded.chars().count() == 1 {
            let help = "操 stands in 操作, 滚 in 滚动: write the words around it";
            self.report("L007", file, phrase.span(), "a phrase of one character hits ordinary words", help);
        }
    }

    pub(super) fn lint(&mut self, file: &Arc<SourceFile>, span: &Range<usize>, faults: Vec<Fault>) {
        for Fault { code, message, help } in faults {
            self.report(code, file, span.clone(), message, help);
        }
    }

    pub(super) fn known(&mut self, file: &Arc<SourceFile>, span: Range<usize>, what: &str, id: &str, known: &[&str]) {
        if !known.contains(&id) {
            let help = format!("{what} ids are: {}", known.join(", "));
            self.report("L009", file, span, format!("there is no {what} '{id}'"), &help);
        }
    }

    /// What holds for rules of every kind: the id's form, texts in both languages, sources, examples.
    pub(super) fn rule(&mut self, file: &Arc<SourceFile>, rule: &dyn RuleText, answers_check: bool) {
        let (id, span) = (rule.id().get_ref(), rule.id().span());
        let well_named = id.split('.').count() >= 3
            && id.split('.').all(|part| {
                !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            });
        if !well_named {
            self.report(
                "L008",
                file,
                span.clone(),
                format!("'{id}' is not a rule id"),
                "write jurisdiction.topic.fault in lower case, such as cn.threat.exposure",
            );
        }
        let texts = [rule.title(), rule.why()];
        if texts.iter().any(|text| text.zh.trim().is_empty() || text.en.trim().is_empty()) || rule.sources().is_empty()
        {
            self.report(
                "L013",
                file,
                span.clone(),
                format!("'{id}' lacks a title, a why (zh and en) or a source"),
                "a finding must explain itself to the person it is about",
            );
        }
        self.lint(file, &span, lint::conditions(&rule.conditions()));
        let (mut hits, mut misses) = (0, 0);
        for (number, text) in rule.examples().iter().chain(rule.known_gaps()).enumerate() {
            match Example::parse(text.get_ref()) {
                // A known gap is neither: it only has to be well formed.
                Ok(_) if number >= rule.examples().len() => {}
                Ok(example) if example.expects_hit(answers_check) => hits += 1,
                Ok(_) => misses += 1,
                Err(error) => self.report(
                    "L005",
                    file,
                    text.span(),
                    error.to_string(),
                    "write \"collector: words with [[what must hit]] / debtor: next turn (fail)\"",
                ),
            }
        }
        if hits < 2 || misses < 2 {
            let message = format!("'{id}' has {hits} examples that hit and {misses} that don't");
            self.report(
                "L004",
                file,
                span,
                message,
                "a rule needs two of each at least: without examples it doesn't load",
            );
        }
    }

    /// Cues that rules name must exist.
    pub(super) fn references(&mut self, pack: &Pack) {
        let cues: BTreeSet<&str> = pack.cues.iter().map(|cue| cue.rule.id.get_ref().as_str()).collect();
        let signals = pack.conditional.iter().map(|rule| rule.rule.signal.as_str());
        let whens: BTreeSet<&str> = cues.iter().copied().chain(signals).collect();
        let mut missing = Vec::new();
        for Placed { file, rule } in &pack.sequence {
            for name in
                rule.paths.iter().flatten().chain(&rule.before).chain(&rule.broken_by).chain(&rule.where_spoken_of)
            {
                if !cues.contains(name.as_str()) {
                    missing.push((Arc::clone(file), rule.id.span(), name.clone()));
                }
            }
        }
        let held = pack.limit.iter().flat_map(|Placed { file, rule }| {
            rule.unless_after.iter().flat_map(|name| either(name)).map(move |name| (file, rule.id.span(), name))
        });
        let conditions = pack
            .rules()
            .flat_map(|(file, rule)| rule.conditions().names().map(move |name| (file, rule.id().span(), name)));
        for (file, span, name) in conditions.chain(held).filter(|(.., name)| !whens.contains(name)) {
            missing.push((Arc::clone(file), span, name.to_string()));
        }
        let known = whens.into_iter().collect::<Vec<_>>().join(", ");
        for (file, span, name) in missing {
            self.report(
                "L006",
                &file,
                span,
                format!("there is no cue '{name}' in this pack"),
                &format!("cues and signals are: {known}"),
            );
        }
    }

    /// Ids are unique over all packs, phrases within a rule.
    pub(super) fn ids(&mut self) {
        let mut seen: BTreeMap<String, String> = BTreeMap::new();
        let mut twice = Vec::new();
        for pack in &self.packs {
            let cues = pack.cues.iter().map(|cue| (&cue.file, &cue.rule.id, format!("{} cue ", pack.file.name)));
            let rules = pack.rules().map(|(file, rule)| (file, rule.id(), String::new()));
            for (file, id, scope) in cues.chain(rules) {
                if let Some(first) = seen.insert(format!("{scope}{}", id.get_ref()), file.path.clone()) {
                    twice.push((Arc::clone(file), id.span(), id.get_ref().clone(), first));
                }
            }
        }
        for (file, span, id, first) in twice {
            self.report(
                "L003",
                &file,
                span,
                format!("the id '{id}' is taken, in {first}"),
                "an id names one fault for good: choose another",
            );
        }
    }

    /// A phrase stands once in a rule.
    pub(super) fn once(&mut self, file: &Arc<SourceFile>, phrases: &[Spanned<String>]) {
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        for phrase in phrases {
            if !seen.insert(phrase.get_ref()) {
                let message = format!("the phrase '{}' stands twice in one rule", phrase.get_ref());
                self.report("L110", file, phrase.span(), message, "remove one");
            }
        }
    }
}

//! Overlays: a house's own changes to a pack, without a copy of it.
//!
//! Comes in: the packs that were read. Goes out: packs, and what is laid over each: more rules and words, rules silenced
//! or graded anew. Only this file knows `extends` and `[[change]]`.

use std::sync::Arc;

use super::diagnostics::{Diagnostic, SourceFile, Weight};
use super::file::{Around, Change, OverlayFile, PackFile, TopicFile};
use super::sources::{self, PackSource};
use crate::record::LexiconRef;

/// What is laid over a pack.
pub(super) struct Overlay {
    pub file: OverlayFile,
    pub topics: Vec<Arc<SourceFile>>,
    fingerprint: String,
}

/// Parts overlays from packs, and adds the shipped packs that overlays need and nobody gave.
pub(super) fn parted(sources: Vec<PackSource>, problems: &mut Vec<Diagnostic>) -> (Vec<PackSource>, Vec<Overlay>) {
    let (mut bases, mut overlays) = (Vec::new(), Vec::new());
    for source in sources {
        let extends =
            |head: &&Arc<SourceFile>| head.text.parse::<toml::Table>().is_ok_and(|table| table.contains_key("extends"));
        let Some(head) = source.files.first().filter(extends) else {
            bases.push(source);
            continue;
        };
        match toml::from_str::<OverlayFile>(&head.text) {
            Ok(file) => {
                let fingerprint = source.fingerprint();
                overlays.push((file, source, fingerprint));
            }
            Err(error) => problems.push(Diagnostic {
                code: "L001",
                weight: Weight::Error,
                file: Arc::clone(head),
                span: error.span().unwrap_or(0..0),
                message: error.message().to_string(),
                help: "an overlay's pack.toml has name, version, extends, title and owner; families and context may follow"
                    .into(),
            }),
        }
    }
    let mut out: Vec<Overlay> = Vec::new();
    for (file, source, fingerprint) in overlays {
        if !bases.iter().any(|base| base.name() == file.extends) {
            match sources::shipped().into_iter().find(|pack| pack.name() == file.extends) {
                Some(pack) => bases.push(pack),
                None => {
                    let known: Vec<String> = sources::shipped().iter().map(|pack| pack.name().to_string()).collect();
                    problems.push(Diagnostic {
                        code: "L015",
                        weight: Weight::Error,
                        file: Arc::clone(&source.files[0]),
                        span: 0..0,
                        message: format!("'{}' extends '{}', which is no pack", file.name, file.extends),
                        help: format!("give that pack's folder too, or extend one of: {}", known.join(", ")),
                    });
                }
            }
        }
        out.push(Overlay { file, topics: source.files[1..].to_vec(), fingerprint });
    }
    (bases, out)
}

impl Overlay {
    /// How the record names it.
    pub fn reference(&self) -> LexiconRef {
        LexiconRef {
            pack: self.file.name.clone(),
            version: self.file.version.clone(),
            fingerprint: self.fingerprint.clone(),
        }
    }

    /// Adds the overlay's families and context words to the pack's.
    pub fn widen(&self, pack: &mut PackFile) {
        for (name, members) in &self.file.families {
            let known = pack.families.entry(name.clone()).or_default();
            let new = members.iter().filter(|m| !known.iter().any(|k| k.get_ref() == m.get_ref()));
            let new: Vec<_> = new.cloned().collect();
            known.extend(new);
        }
        let add = |to: &mut Around, from: &Around| {
            to.before.extend(from.before.iter().cloned());
            to.after.extend(from.after.iter().cloned());
        };
        add(&mut pack.context.negated, &self.file.context.negated);
        add(&mut pack.context.reported, &self.file.context.reported);
        add(&mut pack.context.conditional, &self.file.context.conditional);
    }
}

/// Carries out the changes: rules silenced or graded anew.
pub(super) fn change(topics: &mut [(&Arc<SourceFile>, TopicFile)], problems: &mut Vec<Diagnostic>) {
    let changes: Vec<(Arc<SourceFile>, Change)> = topics
        .iter_mut()
        .flat_map(|(source, file)| {
            std::mem::take(&mut file.change).into_iter().map(|change| (Arc::clone(source), change))
        })
        .collect();
    for (source, change) in changes {
        let wanted = change.rule.get_ref();
        let mut found = false;
        for (_, file) in topics.iter_mut() {
            macro_rules! each {
                ($($kind:ident),*) => {$(
                    for rule in file.$kind.iter_mut().filter(|rule| rule.id.get_ref() == wanted) {
                        found = true;
                        rule.severity = change.severity.unwrap_or(rule.severity);
                    }
                    if change.silence {
                        file.$kind.retain(|rule| rule.id.get_ref() != wanted);
                    }
                )*};
            }
            each!(forbidden, required, sequence, conditional, limit);
        }
        let nothing = !change.silence && change.severity.is_none();
        if !found || nothing {
            let (message, help) = if found {
                (format!("this changes nothing of '{wanted}'"), "write silence = true or severity = \"…\"")
            } else {
                (format!("there is no rule '{wanted}' to change"), "'fairdial lexicons list' names the rules")
            };
            problems.push(Diagnostic {
                code: "L016",
                weight: Weight::Error,
                file: source,
                span: change.rule.span(),
                message,
                help: help.into(),
            });
        }
    }
}

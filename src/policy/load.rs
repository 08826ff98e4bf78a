//! The loader: files to a compiled [`Policy`], or every reason why not.
//!
//! Comes in: the files of packs. Goes out: [`Policy`]. Only this file decides which lexicon is well formed. A rule
//! without examples doesn't load.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use toml::Spanned;

use super::diagnostics::{Diagnostic, LexiconError, SourceFile, Weight};
use super::example::Example;
use super::file::{Except, Excuse, PackFile, RuleText, TopicFile, either};
use super::lint::{self, Fault};
use super::matcher::{Matcher, PhraseId};
use super::overlay::{self, Overlay};
use super::pattern::Pattern;
use super::phrase::{self, Families};
use super::sources::{self, PackSource, no_file};
use super::weigh::{BadLine, Weights};
use super::{CHECK_IDS, Pack, PhraseInfo, Placed, Policy, SIGNAL_IDS, Side, Slot};

impl Policy {
    /// The packs that come with the program.
    ///
    /// # Errors
    /// Never in a released program: a test loads them.
    pub fn shipped() -> Result<Policy, LexiconError> {
        compile(sources::shipped())
    }

    /// The packs in folders: each path is a pack (it has a `pack.toml`) or a folder of packs. A pack that `extends`
    /// another is laid over it; when the other isn't among the paths, over the one that comes with the program.
    ///
    /// # Errors
    /// When a folder can't be read, holds no pack, or a pack has errors; all are reported at once.
    pub fn load(paths: &[PathBuf]) -> Result<Policy, LexiconError> {
        compile(sources::read(paths)?)
    }
}

fn compile(sources: Vec<PackSource>) -> Result<Policy, LexiconError> {
    let mut loader = Loader::default();
    let (bases, overlays) = overlay::parted(sources, &mut loader.diagnostics);
    for base in &bases {
        let over: Vec<&Overlay> = overlays.iter().filter(|overlay| overlay.file.extends == base.name()).collect();
        loader.pack(base, &over);
    }
    loader.ids();
    loader.diagnostics.sort_by_key(|d| (d.weight, d.file.path.clone(), d.span.start));
    if loader.diagnostics.iter().any(|d| d.weight == Weight::Error) {
        return Err(LexiconError { diagnostics: loader.diagnostics });
    }
    let matcher = Matcher::build(loader.patterns)
        .map_err(|error| LexiconError { diagnostics: vec![no_file("lexicons".as_ref(), &error.to_string())] })?;
    Ok(Policy { packs: loader.packs, phrases: loader.phrases, matcher, warnings: loader.diagnostics })
}

#[derive(Default)]
struct Loader {
    packs: Vec<Pack>,
    phrases: Vec<PhraseInfo>,
    patterns: Vec<(PhraseId, Pattern)>,
    diagnostics: Vec<Diagnostic>,
}

impl Loader {
    fn report(
        &mut self,
        code: &'static str,
        file: &Arc<SourceFile>,
        span: Range<usize>,
        message: impl Into<String>,
        help: &str,
    ) {
        self.diagnostics.push(Diagnostic {
            code,
            weight: if code.starts_with("L1") { Weight::Warning } else { Weight::Error },
            file: Arc::clone(file),
            span,
            message: message.into(),
            help: help.into(),
        });
    }

    fn toml<T: serde::de::DeserializeOwned>(&mut self, file: &Arc<SourceFile>) -> Option<T> {
        match toml::from_str(&file.text) {
            Ok(read) => Some(read),
            Err(error) => {
                let span = error.span().unwrap_or(0..0);
                self.report("L001", file, span, error.message(), "see lexicons/lexicon.schema.json for the keys");
                None
            }
        }
    }

    fn pack(&mut self, source: &PackSource, overlays: &[&Overlay]) {
        let Some(head) = source.files.first() else { return };
        let Some(mut file) = self.toml::<PackFile>(head) else { return };
        let folder = source.folder.replace('\\', "/");
        if source.name() != file.name {
            self.report(
                "L011",
                head,
                0..0,
                format!("the pack is called '{}', its folder '{folder}'", file.name),
                "give both the same name",
            );
        }
        let index = self.packs.len();
        for overlay in overlays {
            overlay.widen(&mut file);
        }
        let families: Families = file
            .families
            .iter()
            .map(|(name, members)| (name.clone(), members.iter().map(|member| member.get_ref().clone()).collect()))
            .collect();
        for (kind, around) in [
            (Excuse::Negated, &file.context.negated),
            (Excuse::Reported, &file.context.reported),
            (Excuse::Conditional, &file.context.conditional),
        ] {
            self.phrases(index, head, &families, &around.before, Slot::Excuse(kind, Side::Before));
            self.phrases(index, head, &families, &around.after, Slot::Excuse(kind, Side::After));
        }
        use crate::call::Speaker;
        self.phrases(index, head, &families, &file.roles.collector, Slot::Role(Speaker::Collector));
        self.phrases(index, head, &families, &file.roles.debtor, Slot::Role(Speaker::Debtor));
        let mut pack = Pack::new(file, source.fingerprint());
        pack.weights.own = self.weights(source, "weights-collector.tsv");
        pack.weights.other = self.weights(source, "weights-other.tsv");
        let mut read: Vec<(&Arc<SourceFile>, TopicFile)> = Vec::new();
        for topic in source.topics().chain(overlays.iter().flat_map(|overlay| &overlay.topics)) {
            read.extend(self.toml::<TopicFile>(topic).map(|file| (topic, file)));
        }
        overlay::change(&mut read, &mut self.diagnostics);
        for (topic, file) in read {
            self.topic(index, topic, &families, file, &mut pack);
        }
        pack.overlays = overlays.iter().map(|overlay| overlay.reference()).collect();
        if pack.rule_count() == 0 && self.diagnostics.is_empty() {
            let message = format!("the pack '{}' has no rules: every call would pass it", pack.file.name);
            self.report("L014", head, 0..0, message, "add a topic file, such as threats.toml, beside pack.toml");
        }
        self.references(&pack);
        self.packs.push(pack);
    }

    fn topic(&mut self, pack: usize, file: &Arc<SourceFile>, families: &Families, topic: TopicFile, into: &mut Pack) {
        for cue in topic.cue {
            self.phrases(pack, file, families, &cue.phrases, Slot::Cue(into.cues.len()));
            into.cues.push(Placed { file: Arc::clone(file), rule: cue });
        }
        for rule in topic.forbidden {
            let number = into.forbidden.len();
            for phrase in &rule.phrases {
                self.not_one_character(file, phrase);
            }
            self.rule(file, &rule, false);
            self.phrases(pack, file, families, &rule.phrases, Slot::Forbidden(number));
            self.exceptions(pack, file, families, &rule.except, |which| Slot::ForbiddenExcept(number, which));
            self.weighed(pack, file, &rule.id, &rule.weighed, &rule.phrases, Slot::Forbidden(number), into);
            into.forbidden.push(Placed { file: Arc::clone(file), rule });
        }
        for rule in topic.required {
            let number = into.required.len();
            self.rule(file, &rule, true);
            self.known(file, rule.id.span(), "check", &rule.check, CHECK_IDS);
            self.phrases(pack, file, families, &rule.phrases, Slot::Required(number));
            self.exceptions(pack, file, families, &rule.except, |which| Slot::RequiredExcept(number, which));
            into.required.push(Placed { file: Arc::clone(file), rule });
        }
        for rule in topic.sequence {
            self.rule(file, &rule, true);
            self.known(file, rule.id.span(), "check", &rule.check, CHECK_IDS);
            into.sequence.push(Placed { file: Arc::clone(file), rule });
        }
        for rule in topic.conditional {
            let number = into.conditional.len();
            self.rule(file, &rule, false);
            self.known(file, rule.id.span(), "signal", &rule.signal, SIGNAL_IDS);
            self.phrases(pack, file, families, &rule.phrases, Slot::Signal(number));
            self.phrases(pack, file, families, &rule.met, Slot::Met(number));
            self.exceptions(pack, file, families, &rule.except, |which| Slot::SignalExcept(number, which));
            self.weighed(pack, file, &rule.id, &rule.weighed, &rule.phrases, Slot::Signal(number), into);
            into.conditional.push(Placed { file: Arc::clone(file), rule });
        }
        for rule in topic.limit {
            self.rule(file, &rule, true);
            self.known(file, rule.id.span(), "check", &rule.check, CHECK_IDS);
            self.lint(file, &rule.id.span(), lint::limit(&rule));
            into.limit.push(Placed { file: Arc::clone(file), rule });
        }
    }

    fn phrases(
        &mut self,
        pack: usize,
        file: &Arc<SourceFile>,
        families: &Families,
        phrases: &[Spanned<String>],
        slot: Slot,
    ) {
        self.once(file, phrases);
        for phrase in phrases {
            match phrase::parse(phrase.get_ref(), families) {
                Ok(patterns) => {
                    let id = PhraseId(u32::try_from(self.phrases.len()).unwrap_or(u32::MAX));
                    self.phrases.push(PhraseInfo { pack, slot, text: phrase.get_ref().clone() });
                    let widest =
                        matches!(slot, Slot::ForbiddenExcept(..) | Slot::RequiredExcept(..) | Slot::SignalExcept(..));
                    self.patterns.extend(patterns.into_iter().map(|pattern| (id, Pattern { widest, ..pattern })));
                }
                Err(error) => {
                    let span = inside(file, phrase, error.at);
                    self.report(
                        "L002",
                        file,
                        span,
                        error.message,
                        "the phrase language is explained in CONTRIBUTING.md",
                    );
                }
            }
        }
    }

    fn exceptions(
        &mut self,
        pack: usize,
        file: &Arc<SourceFile>,
        families: &Families,
        exceptions: &[Except],
        slot: impl Fn(usize) -> Slot,
    ) {
        for (which, except) in exceptions.iter().enumerate() {
            self.phrases(pack, file, families, std::slice::from_ref(&except.phrase), slot(which));
        }
    }

    fn weights(&mut self, source: &PackSource, name: &str) -> Option<Weights> {
        let file = source.file(name)?;
        match Weights::read(&file.text) {
            Ok(weights) => Some(weights),
            Err(BadLine { line, message }) => {
                let start = file.text.lines().take(line - 1).map(|line| line.len() + 1).sum::<usize>();
                let help = "make the table anew: fairdial lexicons learn";
                self.report("L017", file, start..start, format!("line {line}: {message}"), help);
                None
            }
        }
    }

    /// A rule is found by phrases, by weight, or both.
    #[allow(clippy::too_many_arguments, reason = "one rule's parts")]
    fn weighed(
        &mut self,
        pack: usize,
        file: &Arc<SourceFile>,
        id: &Spanned<String>,
        label: &Option<String>,
        phrases: &[Spanned<String>],
        slot: Slot,
        into: &mut Pack,
    ) {
        let Some(label) = label else {
            if phrases.is_empty() {
                let message = format!("'{}' looks for nothing", id.get_ref());
                self.report("L018", file, id.span(), message, "give it phrases = […] or weighed = \"label\"");
            }
            return;
        };
        let table = if matches!(slot, Slot::Signal(_)) { &into.weights.other } else { &into.weights.own };
        let known: &[String] = table.as_ref().map_or(&[], |table| &table.labels);
        if !known.contains(label) {
            let help = if known.is_empty() {
                "the pack has no weights: make them with fairdial lexicons learn".to_string()
            } else {
                format!("labels are: {}", known.join(", "))
            };
            self.report("L019", file, id.span(), format!("there is no weight for '{label}'"), &help);
        }
        self.phrases.push(PhraseInfo { pack, slot, text: format!("weighed: {label}") });
        into.weights.rules.push((slot, self.phrases.len() - 1, label.clone()));
    }

    fn not_one_character(&mut self, file: &Arc<SourceFile>, phrase: &Spanned<String>) {
        let folded = crate::normalise::fold_phrase(phrase.get_ref());
        if folded.chars().count() == 1 {
            let help = "操 stands in 操作, 滚 in 滚动: write the words around it";
            self.report("L007", file, phrase.span(), "a phrase of one character hits ordinary words", help);
        }
    }

    fn lint(&mut self, file: &Arc<SourceFile>, span: &Range<usize>, faults: Vec<Fault>) {
        for Fault { code, message, help } in faults {
            self.report(code, file, span.clone(), message, help);
        }
    }

    fn known(&mut self, file: &Arc<SourceFile>, span: Range<usize>, what: &str, id: &str, known: &[&str]) {
        if !known.contains(&id) {
            let help = format!("{what} ids are: {}", known.join(", "));
            self.report("L009", file, span, format!("there is no {what} '{id}'"), &help);
        }
    }

    /// What holds for rules of every kind: the id's form, texts in both languages, sources, examples.
    fn rule(&mut self, file: &Arc<SourceFile>, rule: &dyn RuleText, answers_check: bool) {
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
    fn references(&mut self, pack: &Pack) {
        let cues: BTreeSet<&str> = pack.cues.iter().map(|cue| cue.rule.id.get_ref().as_str()).collect();
        let signals = pack.conditional.iter().map(|rule| rule.rule.signal.as_str());
        let whens: BTreeSet<&str> = cues.iter().copied().chain(signals).collect();
        let mut missing = Vec::new();
        for Placed { file, rule } in &pack.sequence {
            for name in rule.paths.iter().flatten().chain(&rule.before).chain(&rule.broken_by) {
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
    fn ids(&mut self) {
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
    fn once(&mut self, file: &Arc<SourceFile>, phrases: &[Spanned<String>]) {
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        for phrase in phrases {
            if !seen.insert(phrase.get_ref()) {
                let message = format!("the phrase '{}' stands twice in one rule", phrase.get_ref());
                self.report("L110", file, phrase.span(), message, "remove one");
            }
        }
    }
}

/// The place of a byte of a phrase's value in the file. Exact for values without escapes, else the whole value.
fn inside(file: &SourceFile, phrase: &Spanned<String>, at: usize) -> Range<usize> {
    let span = phrase.span();
    let written = file.text.get(span.clone()).unwrap_or_default();
    let quote = written.len() - written.trim_start_matches(['"', '\'']).len();
    if written.get(quote..quote + phrase.get_ref().len()) == Some(phrase.get_ref().as_str()) {
        let start = span.start + quote + at;
        let length = phrase.get_ref()[at..].chars().next().map_or(1, char::len_utf8);
        return start..start + length;
    }
    span
}

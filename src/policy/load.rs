//! The loader: files to a compiled [`Policy`], or every reason why not.
//!
//! Comes in: the files of packs. Goes out: [`Policy`]. Only this file decides which lexicon is well formed. A rule
//! without examples doesn't load.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::ScopedJoinHandle;

use toml::Spanned;

use super::diagnostics::{Diagnostic, LexiconError, SourceFile, Weight};

use super::file::{Except, Excuse, PackFile, TopicFile};
use super::lint;
use super::matcher::{Matcher, MatcherError, PhraseId};
use super::overlay::{self, Overlay};
use super::pattern::Pattern;
use super::phrase::{Families, Reader};
use super::sources::{self, PackSource, no_file};
use super::weigh::{ANY, BadLine, OTHER, OWN, Weights};
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

/// A file of weights that is being read.
type Table<'s, 't> = (&'t Arc<SourceFile>, ScopedJoinHandle<'s, Result<Weights, BadLine>>);

fn compile(sources: Vec<PackSource>) -> Result<Policy, LexiconError> {
    let mut loader = Loader::default();
    let (bases, overlays) = overlay::parted(sources, &mut loader.diagnostics);
    let each = at_once(bases.iter().enumerate().collect(), |(index, base)| {
        let over: Vec<&Overlay> = overlays.iter().filter(|overlay| overlay.file.extends == base.name()).collect();
        let mut loader = Loader { index, ..Loader::default() };
        loader.pack(base, &over);
        loader
    });
    let patterns: Vec<_> = each.into_iter().map(|pack| loader.take(pack)).collect();
    loader.ids();
    loader.diagnostics.sort_by_key(|d| (d.weight, d.file.path.clone(), d.span.start));
    if loader.diagnostics.iter().any(|d| d.weight == Weight::Error) {
        return Err(LexiconError { diagnostics: loader.diagnostics });
    }
    let matchers: Result<Vec<Matcher>, MatcherError> = at_once(patterns, Matcher::build).into_iter().collect();
    let matchers = matchers
        .map_err(|error| LexiconError { diagnostics: vec![no_file("lexicons".as_ref(), &error.to_string())] })?;
    Ok(Policy { packs: loader.packs, phrases: loader.phrases, matchers, warnings: loader.diagnostics })
}

/// Does the same with several things, each on a thread of its own.
fn at_once<T: Send, R: Send>(things: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let work = &work;
    std::thread::scope(|scope| {
        let threads: Vec<_> = things.into_iter().map(|thing| scope.spawn(move || work(thing))).collect();
        threads.into_iter().map(finished).collect()
    })
}

/// What a thread gives; its panic is ours.
fn finished<R>(thread: ScopedJoinHandle<'_, R>) -> R {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn phrase_id(number: usize) -> PhraseId {
    PhraseId(u32::try_from(number).unwrap_or(u32::MAX))
}

/// What was read of one pack; after [`Loader::take`] of all.
#[derive(Default)]
pub(super) struct Loader {
    /// The number of the pack that is read.
    index: usize,
    /// Its `pack.toml`.
    head: Option<Arc<SourceFile>>,
    pub(super) packs: Vec<Pack>,
    phrases: Vec<PhraseInfo>,
    patterns: Vec<(PhraseId, Pattern)>,
    diagnostics: Vec<Diagnostic>,
}

impl Loader {
    /// Adds what was read of one pack and gives its patterns, numbered anew.
    fn take(&mut self, mut read: Loader) -> Vec<(PhraseId, Pattern)> {
        let before = self.phrases.len();
        self.phrases.append(&mut read.phrases);
        self.diagnostics.append(&mut read.diagnostics);
        for mut pack in read.packs {
            if pack.rule_count() == 0
                && self.diagnostics.is_empty()
                && let Some(head) = read.head.take()
            {
                let message = format!("the pack '{}' has no rules: every call would pass it", pack.file.name);
                self.report("L014", &head, 0..0, message, "add a topic file, such as threats.toml, beside pack.toml");
            }
            pack.weights.rules.iter_mut().for_each(|(_, phrase, _)| *phrase += before);
            self.packs.push(pack);
        }
        let moved = |(id, pattern): (PhraseId, Pattern)| (phrase_id(before + id.0 as usize), pattern);
        read.patterns.into_iter().map(moved).collect()
    }

    pub(super) fn report(
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
        self.head = Some(Arc::clone(head));
        std::thread::scope(|scope| {
            // The tables are by far the longest files: they are read while the rules are.
            let tables = [OWN, OTHER].map(|name| {
                let file = source.file(name)?;
                // Whether a turn of the collector's is a fault at all is asked first.
                let first = (name == OWN).then_some(ANY);
                Some((file, scope.spawn(move || Weights::read(&file.text, first))))
            });
            self.pack_and_tables(source, head, overlays, tables);
        });
    }

    fn pack_and_tables(
        &mut self,
        source: &PackSource,
        head: &Arc<SourceFile>,
        overlays: &[&Overlay],
        [own, other]: [Option<Table<'_, '_>>; 2],
    ) {
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
        for overlay in overlays {
            overlay.widen(&mut file);
        }
        let families: Families = file
            .families
            .iter()
            .map(|(name, members)| (name.clone(), members.iter().map(|member| member.get_ref().clone()).collect()))
            .collect();
        let reader = &Reader::new(&families);
        for (kind, around) in [
            (Excuse::Negated, &file.context.negated),
            (Excuse::Reported, &file.context.reported),
            (Excuse::Conditional, &file.context.conditional),
        ] {
            self.phrases(head, reader, &around.before, Slot::Excuse(kind, Side::Before));
            self.phrases(head, reader, &around.after, Slot::Excuse(kind, Side::After));
        }
        use crate::call::Speaker;
        self.phrases(head, reader, &file.roles.collector, Slot::Role(Speaker::Collector));
        self.phrases(head, reader, &file.roles.debtor, Slot::Role(Speaker::Debtor));
        let mut pack = Pack::new(file, source.fingerprint());
        let mut read: Vec<(&Arc<SourceFile>, TopicFile)> = Vec::new();
        for topic in source.topics().chain(overlays.iter().flat_map(|overlay| &overlay.topics)) {
            read.extend(self.toml::<TopicFile>(topic).map(|file| (topic, file)));
        }
        overlay::change(&mut read, &mut self.diagnostics);
        pack.weights.own = self.weights(own);
        pack.weights.other = self.weights(other);
        for (topic, file) in read {
            self.topic(topic, reader, file, &mut pack);
        }
        pack.overlays = overlays.iter().map(|overlay| overlay.reference()).collect();
        self.references(&pack);
        self.packs.push(pack);
    }

    fn topic(&mut self, file: &Arc<SourceFile>, reader: &Reader, topic: TopicFile, into: &mut Pack) {
        for cue in topic.cue {
            self.phrases(file, reader, &cue.phrases, Slot::Cue(into.cues.len()));
            into.cues.push(Placed { file: Arc::clone(file), rule: cue });
        }
        for rule in topic.forbidden {
            let number = into.forbidden.len();
            for phrase in &rule.phrases {
                self.not_one_character(file, phrase);
            }
            self.rule(file, &rule, false);
            self.phrases(file, reader, &rule.phrases, Slot::Forbidden(number));
            self.exceptions(file, reader, &rule.except, |which| Slot::ForbiddenExcept(number, which));
            self.weighed(file, &rule.id, &rule.weighed, &rule.phrases, Slot::Forbidden(number), into);
            into.forbidden.push(Placed { file: Arc::clone(file), rule });
        }
        for rule in topic.required {
            let number = into.required.len();
            self.rule(file, &rule, true);
            self.known(file, rule.id.span(), "check", &rule.check, CHECK_IDS);
            self.phrases(file, reader, &rule.phrases, Slot::Required(number));
            self.exceptions(file, reader, &rule.except, |which| Slot::RequiredExcept(number, which));
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
            self.phrases(file, reader, &rule.phrases, Slot::Signal(number));
            self.phrases(file, reader, &rule.met, Slot::Met(number));
            self.exceptions(file, reader, &rule.except, |which| Slot::SignalExcept(number, which));
            self.weighed(file, &rule.id, &rule.weighed, &rule.phrases, Slot::Signal(number), into);
            into.conditional.push(Placed { file: Arc::clone(file), rule });
        }
        for rule in topic.limit {
            self.rule(file, &rule, true);
            self.known(file, rule.id.span(), "check", &rule.check, CHECK_IDS);
            self.lint(file, &rule.id.span(), lint::limit(&rule));
            into.limit.push(Placed { file: Arc::clone(file), rule });
        }
    }

    fn phrases(&mut self, file: &Arc<SourceFile>, reader: &Reader, phrases: &[Spanned<String>], slot: Slot) {
        self.once(file, phrases);
        for phrase in phrases {
            match reader.parse(phrase.get_ref()) {
                Ok(patterns) => {
                    let id = phrase_id(self.phrases.len());
                    self.phrases.push(PhraseInfo { pack: self.index, slot, text: phrase.get_ref().clone() });
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
        file: &Arc<SourceFile>,
        reader: &Reader,
        exceptions: &[Except],
        slot: impl Fn(usize) -> Slot,
    ) {
        for (which, except) in exceptions.iter().enumerate() {
            self.phrases(file, reader, std::slice::from_ref(&except.phrase), slot(which));
        }
    }

    fn weights(&mut self, table: Option<Table<'_, '_>>) -> Option<Weights> {
        let (file, read) = table?;
        match finished(read) {
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
    fn weighed(
        &mut self,
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
        self.phrases.push(PhraseInfo { pack: self.index, slot, text: format!("weighed: {label}") });
        into.weights.rules.push((slot, self.phrases.len() - 1, label.clone()));
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

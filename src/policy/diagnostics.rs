//! Diagnostics: what is wrong with a lexicon, with a caret under the place.
//!
//! Comes in: findings of the loader. Goes out: [`LexiconError`], all problems at once, as data and as text. Only this
//! file names annotate-snippets. Codes are never reused.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

/// Whether a problem keeps a lexicon from loading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// It does.
    Error,
    /// It doesn't; the author should look.
    Warning,
}

/// One file of a pack.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// As shown to people.
    pub path: String,
    /// Its text; what is built into the program is not copied.
    pub text: Cow<'static, str>,
}

/// One problem.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// `L001` …
    pub code: &'static str,
    /// Whether it keeps the lexicon from loading.
    pub weight: Weight,
    /// The file.
    pub file: Arc<SourceFile>,
    /// Bytes in the file's text; the whole file when empty.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl Diagnostic {
    /// 1-based line of the place.
    pub fn line(&self) -> usize {
        self.file.text[..self.start()].lines().count().max(1)
            + usize::from(self.file.text[..self.start()].ends_with('\n'))
    }

    fn start(&self) -> usize {
        let mut start = self.span.start.min(self.file.text.len());
        while !self.file.text.is_char_boundary(start) {
            start -= 1;
        }
        start
    }

    /// The problem as people read it: code, message, file, line, the place underlined, help.
    pub fn render(&self) -> String {
        let level = match self.weight {
            Weight::Error => Level::ERROR,
            Weight::Warning => Level::WARNING,
        };
        let start = self.start();
        let mut end = self.span.end.clamp(start, self.file.text.len());
        while !self.file.text.is_char_boundary(end) {
            end += 1;
        }
        let snippet = Snippet::source(&*self.file.text)
            .path(&self.file.path)
            .annotation(AnnotationKind::Primary.span(start..end));
        let mut group = level.primary_title(&self.message).id(self.code).element(snippet);
        if !self.help.is_empty() {
            group = group.element(Level::HELP.message(&self.help));
        }
        Renderer::plain().render(&[group])
    }
}

/// Why lexicons could not be loaded: every problem found.
pub struct LexiconError {
    /// In order of file and place.
    pub diagnostics: Vec<Diagnostic>,
}

impl fmt::Display for LexiconError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors = self.diagnostics.iter().filter(|d| d.weight == Weight::Error).count();
        for diagnostic in &self.diagnostics {
            writeln!(f, "{}\n", diagnostic.render())?;
        }
        write!(f, "failed to load the lexicons: {errors} error{}", if errors == 1 { "" } else { "s" })
    }
}

impl fmt::Debug for LexiconError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for LexiconError {}

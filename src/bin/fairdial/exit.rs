//! Exit codes: the published ones, and how a failure becomes one.

use std::process::ExitCode;

/// What the program's end means. Public: schedulers and scripts read it. The larger wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Every call was audited.
    Done = 0,
    /// Our bug.
    Bug = 1,
    /// The command line, a metadata table or the output folder is wrong: nothing was audited.
    Usage = 2,
    /// Some calls could not be audited; their records say why.
    SomeNotAudited = 3,
    /// `--fail-on` was reached.
    FailOn = 4,
    /// A lexicon is invalid.
    Lexicon = 5,
    /// A model is missing or corrupt.
    Model = 6,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// A command that could not be carried out.
pub struct Failure {
    pub exit: Exit,
    pub error: anyhow::Error,
}

impl Failure {
    pub fn usage(error: impl Into<anyhow::Error>) -> Failure {
        Failure { exit: Exit::Usage, error: error.into() }
    }

    pub fn lexicon(error: impl Into<anyhow::Error>) -> Failure {
        Failure { exit: Exit::Lexicon, error: error.into() }
    }

    pub fn model(error: impl Into<anyhow::Error>) -> Failure {
        Failure { exit: Exit::Model, error: error.into() }
    }

    /// Says what went wrong, on the error stream.
    pub fn report(self) -> Exit {
        let mut text = self.error.to_string();
        for cause in self.error.chain().skip(1).map(ToString::to_string) {
            // Most errors tell their cause themselves.
            if !text.contains(&cause) {
                text = format!("{text}: {cause}");
            }
        }
        // Reports on lexicons are pages of their own; other texts of the library complete "failed to …".
        if text.starts_with("error[") || text.starts_with("warning[") {
            crate::show::note(&text);
        } else if text.starts_with("failed") {
            crate::show::error(&text);
        } else {
            crate::show::error(&format!("failed to {text}"));
        }
        self.exit
    }
}

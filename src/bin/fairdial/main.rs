//! The program: what was typed goes in, an exit code comes out. Everything else is in the library.

mod args;
mod audit;
mod config;
mod exit;
mod explain;
mod lexicons;
mod models;
mod place;
mod progress;
mod show;
mod words;

use clap::Parser;

use args::{Cli, Verb};
use exit::Failure;

fn main() -> std::process::ExitCode {
    let cli = Cli::parse();
    let outcome = match cli.verb {
        Verb::Audit(args) => audit::run(&args),
        Verb::Explain(args) => explain::run(&args),
        Verb::Lexicons(args) => lexicons::run(&args),
        Verb::Models(args) => models::run(&args),
    };
    outcome.unwrap_or_else(Failure::report).into()
}

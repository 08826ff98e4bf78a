//! What can be typed, one struct per verb. What it means is the verb's business.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use fairdial::call::{Jurisdiction, Language};

/// Audits recorded debt-collection calls on this machine: speech to findings, one JSON record a call.
///
/// Nothing leaves the machine: only `fairdial models fetch` opens a connection.
#[derive(Parser)]
#[command(name = "fairdial", version, propagate_version = true, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(subcommand)]
    pub verb: Verb,
}

const EXIT_CODES: &str = "Exit codes: 0 all calls audited, 1 a bug of ours, 2 usage, 3 some calls not audited, \
4 --fail-on reached, 5 lexicon invalid, 6 model missing or corrupt.";

#[derive(Subcommand)]
pub enum Verb {
    /// Audit recordings and transcripts: one record of findings per call.
    Audit(AuditArgs),
    /// Say in words what a finding rests on.
    Explain(ExplainArgs),
    /// Check, test and list lexicons: no model, no audio.
    Lexicons(LexiconsArgs),
    /// List, fetch and verify speech models.
    Models(ModelsArgs),
}

#[derive(Args)]
pub struct AuditArgs {
    /// Recordings, transcripts (fairdial.transcript/1), folders, or patterns such as 'night/**/*.wav'.
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// The output folder: DIR/records, DIR/transcripts, DIR/run.json.
    #[arg(long, short, value_name = "DIR")]
    pub out: PathBuf,

    /// Metadata to join: a CSV or JSON-lines table with a row per call. A calls.csv in an audited folder is joined by itself.
    #[arg(long, value_name = "TABLE")]
    pub calls: Vec<PathBuf>,

    /// A heading of your table for one of our columns, as in --map agent_id=工号. May be given several times.
    #[arg(long, value_name = "OURS=THEIRS")]
    pub map: Vec<String>,

    /// The speech model: a name from 'fairdial models list', or a file. Default: the built-in demo model.
    #[arg(long, value_name = "NAME|FILE")]
    pub model: Option<String>,

    /// Where fetched models are kept.
    #[arg(long, value_name = "DIR", env = "FAIRDIAL_MODELS")]
    pub models_dir: Option<PathBuf>,

    /// Lexicons to judge by instead of the built-in ones: a pack's folder or a folder of packs. May be given several times.
    #[arg(long, value_name = "DIR")]
    pub lexicons: Vec<PathBuf>,

    /// The language spoken: auto, zh or en.
    #[arg(long, value_name = "LANGUAGE")]
    pub language: Option<Spoken>,

    /// Whose law holds where a call's metadata doesn't say: cn or us. Default: cn for Mandarin, us for English.
    #[arg(long, value_name = "LAW")]
    pub jurisdiction: Option<Jurisdiction>,

    /// The channel the collector is on (0 or 1) where a call's metadata doesn't say. Default: found out from the words.
    #[arg(long, value_name = "0|1", value_parser = clap::value_parser!(u16).range(0..=1))]
    pub collector_channel: Option<u16>,

    /// What names a call that no table names: the file's name (stem) or its path below the given folder (path).
    #[arg(long, value_enum, default_value = "stem")]
    pub id_from: IdFrom,

    /// Calls worked on at once. Default: one per core.
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,

    /// End with code 4 when a finding of this severity or worse is sure enough to stand.
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub fail_on: Option<FailOn>,

    /// A file of settings: the long names of these options as keys.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Print nothing but errors.
    #[arg(long, short, conflicts_with = "json")]
    pub quiet: bool,

    /// Print one JSON line per call and one for the run, instead of the table.
    #[arg(long)]
    pub json: bool,

    /// The language of what is printed: en or zh. Default: from LANG.
    #[arg(long, value_name = "LANGUAGE")]
    pub lang: Option<Language>,
}

/// `auto`, `zh` or `en`.
#[derive(Clone, Copy, Debug)]
pub enum Spoken {
    Auto,
    Is(Language),
}

impl std::str::FromStr for Spoken {
    type Err = String;
    fn from_str(text: &str) -> Result<Spoken, String> {
        if text == "auto" {
            return Ok(Spoken::Auto);
        }
        text.parse().map(Spoken::Is).map_err(|_| "use auto, zh or en".to_string())
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub enum IdFrom {
    Stem,
    Path,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum FailOn {
    Low,
    Medium,
    High,
    Critical,
}

#[derive(Args)]
pub struct ExplainArgs {
    /// A record, such as out/records/7781.json.
    pub record: PathBuf,

    /// A finding of it, such as f1. Default: all.
    pub finding: Option<String>,

    /// The language of the explanation: en or zh. Default: from LANG.
    #[arg(long, value_name = "LANGUAGE")]
    pub lang: Option<Language>,
}

#[derive(Args)]
pub struct LexiconsArgs {
    #[command(subcommand)]
    pub verb: LexiconsVerb,
}

#[derive(Subcommand)]
pub enum LexiconsVerb {
    /// Read lexicons and report every problem at once.
    Check(PacksArgs),
    /// Run the examples that stand beside the rules.
    Test(PacksArgs),
    /// List the rules.
    List(PacksArgs),
    /// Measure the packs on labelled calls: precision and recall per category with intervals, misses and false alarms.
    Eval(EvalArgs),
    /// Learn weights from labelled turns and calls: the tables that find what no phrase does.
    Learn(LearnArgs),
    /// Print everything about one rule: what for, instead of what, its phrases and examples.
    Explain(RuleArgs),
    /// Print all rules as a handbook in Markdown, in Chinese and English (lexicons/RULES.md).
    Rules(PacksArgs),
    /// Print the JSON Schema of lexicon files, for editors.
    Schema,
}

#[derive(Args)]
pub struct PacksArgs {
    /// A pack's folder, or a folder of packs. Default: the built-in packs.
    #[arg(value_name = "DIR")]
    pub packs: Vec<PathBuf>,
}

#[derive(Args)]
pub struct RuleArgs {
    /// The rule's id, as in 'fairdial lexicons list' and in each finding.
    pub rule: String,

    /// A pack's folder, or a folder of packs. Default: the built-in packs.
    #[arg(long, value_name = "DIR")]
    pub lexicons: Vec<PathBuf>,
}

#[derive(Args)]
pub struct LearnArgs {
    /// Labelled turns: JSON lines with text, who (collector, debtor, third-party), labels and quotes; or labelled calls as
    /// for 'eval'.
    #[arg(required = true, value_name = "LABELLED")]
    pub labelled: Vec<PathBuf>,

    /// The pack's folder. Its examples are learned from too; weights-collector.tsv and weights-other.tsv are written there.
    #[arg(long, value_name = "DIR")]
    pub pack: PathBuf,
}

#[derive(Args)]
pub struct EvalArgs {
    /// Labelled calls: JSON lines with id, lang, jurisdiction, turns and expected.
    #[arg(required = true, value_name = "LABELLED")]
    pub labelled: Vec<PathBuf>,

    /// Lexicons to measure instead of the built-in ones.
    #[arg(long, value_name = "DIR")]
    pub lexicons: Vec<PathBuf>,

    /// Print the misses and false alarms too.
    #[arg(long)]
    pub faults: bool,

    /// Replace so many per cent of the Han characters by others of the same sound first, as a poor recogniser would.
    /// May be given several times: each is measured.
    #[arg(long, value_name = "PER CENT")]
    pub homophones: Vec<f64>,
}

#[derive(Args)]
pub struct ModelsArgs {
    #[command(subcommand)]
    pub verb: ModelsVerb,

    /// Where models are kept.
    #[arg(long, value_name = "DIR", env = "FAIRDIAL_MODELS", global = true)]
    pub models_dir: Option<PathBuf>,
}

#[derive(Subcommand)]
pub enum ModelsVerb {
    /// List the known models and which are here.
    List,
    /// Download a model; continues where an earlier attempt stopped, and checks the whole before it counts.
    Fetch(FetchArgs),
    /// Check models on this machine against their checksums.
    Verify {
        /// Which. Default: all that are here.
        names: Vec<String>,
    },
}

#[derive(Args)]
pub struct FetchArgs {
    /// Which, such as large-v3-turbo-q5_0; see 'fairdial models list'.
    #[arg(required = true)]
    pub names: Vec<String>,

    /// Another server with the same paths, such as https://mirror.example/hf.
    #[arg(long, value_name = "URL", env = "FAIRDIAL_MIRROR")]
    pub mirror: Option<String>,

    /// A proxy, such as http://proxy:3128 or socks5://proxy:1080.
    #[arg(long, value_name = "URL", env = "HTTPS_PROXY")]
    pub proxy: Option<String>,

    /// Open no connection: say what is here and what would be fetched.
    #[arg(long)]
    pub offline: bool,
}

//! `fairdial audit`: from what was typed to a batch, and its result on the screen.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use anyhow::anyhow;
use fairdial::audit::{AuditSettings, Audited};
use fairdial::batch::Batch;
use fairdial::call::Language;
use fairdial::intake::{self, IdRule, IntakeOptions};
use fairdial::models::{self, Manifest};
use fairdial::policy::{ChannelBasis, DeclaredChannel, Policy};
use fairdial::record::{Confidence, Severity};
use fairdial::store::Store;
use fairdial::transcribe::whisper::{ModelSource, WhisperModel, WhisperSettings};
use fairdial::transcribe::{Engine, LanguageChoice, Recognizer};

use crate::args::{AuditArgs, FailOn, IdFrom, Spoken};
use crate::config::{self, Config};
use crate::exit::{Exit, Failure};
use crate::place;
use crate::progress::Progress;
use crate::show::{self, Row};

pub fn run(args: &AuditArgs) -> Result<Exit, Failure> {
    let config = config::read(args.config.as_deref())?;
    let screen = place::language(args.lang);
    let policy = policy(args, &config)?;
    let options = intake_options(args, &config)?;
    let listing = intake::list(&args.paths, &options).map_err(Failure::usage)?;
    let listening = listing.inputs.iter().any(|input| input.kind == intake::Kind::Recording);
    let model = Model::choose(args, &config, listening)?;
    let store = Store::open(&args.out).map_err(Failure::usage)?;
    let settings = AuditSettings {
        jurisdiction: args.jurisdiction.or(config.jurisdiction),
        channel: channel(args, &config),
        ffmpeg: place::ffmpeg(),
    };
    let jobs = args.jobs.or(config.jobs).map_or_else(place::cores, usize::from).min(listing.inputs.len().max(1));
    let progress = Progress::new(listing.inputs.len() + listing.refused.len(), args.quiet || args.json, screen);
    let rows: Mutex<Vec<Row>> = Mutex::new(Vec::new());
    let batch = Batch {
        policy: &policy,
        store: &store,
        settings: &settings,
        engine: &model.engine,
        maker: &|| model.recognizer(),
        jobs,
        now: &place::now,
    };
    let mut heard_by_demo = false;
    let mut worst: Option<Severity> = None;
    let run = batch.run(&listing, &mut |audited: &Audited| {
        let record = &audited.record;
        progress.done(record, audited.transcribed);
        heard_by_demo |= record.provenance.model.as_ref().is_some_and(|model| model.notice.is_some());
        let sure = record.findings.iter().filter(|finding| finding.confidence > Confidence::Low);
        worst = worst.max(sure.map(|finding| finding.severity).max());
        let row = Row::of(record, &store.record_path(&record.call.id), screen);
        if args.json {
            show::line(&row.json());
        }
        rows.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(row);
    });
    progress.finish();
    let run = run.map_err(Failure::usage)?;
    let mut rows = rows.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    rows.sort_by(|a, b| a.call.cmp(&b.call));
    if args.json {
        show::line(&serde_json::json!({ "type": "run", "run": run }).to_string());
    } else if !args.quiet {
        show::table(&rows, &run, store.root(), heard_by_demo.then_some(models::demo::NOTICE), screen);
    }
    let reached = args.fail_on.is_some_and(|least| worst.is_some_and(|worst| worst >= severity(least)));
    let missed = if run.account.not_audited > 0 { Exit::SomeNotAudited } else { Exit::Done };
    let bug = run.not_audited.iter().any(|call| call.reason.code == "internal") || !run.account.adds_up();
    let bug = if bug { Exit::Bug } else { Exit::Done };
    let reached = if reached { Exit::FailOn } else { Exit::Done };
    Ok(missed.max(bug).max(reached))
}

fn severity(least: FailOn) -> Severity {
    match least {
        FailOn::Low => Severity::Low,
        FailOn::Medium => Severity::Medium,
        FailOn::High => Severity::High,
        FailOn::Critical => Severity::Critical,
    }
}

fn policy(args: &AuditArgs, config: &Config) -> Result<Policy, Failure> {
    let folders = if args.lexicons.is_empty() { &config.lexicons } else { &args.lexicons };
    let policy = if folders.is_empty() { Policy::shipped() } else { Policy::load(folders) };
    policy.map_err(Failure::lexicon)
}

fn intake_options(args: &AuditArgs, config: &Config) -> Result<IntakeOptions, Failure> {
    let mut map: Vec<(String, String)> = config.map.clone().into_iter().collect();
    for pair in &args.map {
        let Some((ours, theirs)) = pair.split_once('=') else {
            return Err(Failure::usage(anyhow!(
                "failed to read --map {pair}: write OURS=THEIRS, such as agent_id=工号"
            )));
        };
        map.retain(|(known, _)| known != ours);
        map.push((ours.trim().into(), theirs.trim().into()));
    }
    let id_rule = match args.id_from {
        IdFrom::Stem => IdRule::Stem,
        IdFrom::Path => IdRule::Path,
    };
    Ok(IntakeOptions { map, calls: args.calls.clone(), id_rule, output: Some(args.out.clone()) })
}

fn channel(args: &AuditArgs, config: &Config) -> Option<DeclaredChannel> {
    let flag = args.collector_channel.map(|collector| DeclaredChannel { collector, basis: ChannelBasis::Flag });
    let file = config.collector_channel.map(|collector| DeclaredChannel { collector, basis: ChannelBasis::Config });
    flag.or(file)
}

/// The model that was chosen; loaded when the first call needs it.
struct Model {
    engine: Engine,
    file: Option<PathBuf>,
    settings: WhisperSettings,
    loaded: OnceLock<Result<WhisperModel, String>>,
}

impl Model {
    /// Chooses it; `listening` says whether there is any recording to listen to.
    fn choose(args: &AuditArgs, config: &Config, listening: bool) -> Result<Model, Failure> {
        let lacking = place::missing_cpu_features();
        if listening && !lacking.is_empty() {
            let message = format!(
                "run speech recognition: this build needs processor features that this machine lacks: {}; see \"Building\" in the README",
                lacking.join(", ")
            );
            return Err(Failure::model(anyhow!(message)));
        }
        let wanted = args.model.as_deref().or(config.model.as_deref()).unwrap_or(models::demo::NAME);
        let mut heard = language(args, config)?;
        let (name, fingerprint, file) = if wanted == models::demo::NAME {
            (wanted.to_string(), models::demo::SHA256.to_string(), None)
        } else {
            let dir = place::models_dir(args.models_dir.as_ref().or(config.models_dir.as_ref()));
            let (found, header) = located(wanted, &dir)?;
            if !header.is_multilingual() {
                if matches!(heard, LanguageChoice::Is(Language::Mandarin)) {
                    let message =
                        format!("failed to use the model '{wanted}' for --language zh: it knows English only");
                    return Err(Failure::usage(anyhow!(message)));
                }
                heard = LanguageChoice::Is(Language::English);
            }
            (found.name, found.sha256, Some(found.path))
        };
        let demo = fingerprint == models::demo::SHA256;
        let mut settings = if demo { WhisperSettings::demo() } else { WhisperSettings::usual() };
        settings.language = heard;
        let engine =
            WhisperModel::describe(&name, &fingerprint, demo.then(|| models::demo::NOTICE.to_string()), &settings);
        Ok(Model { engine, file, settings, loaded: OnceLock::new() })
    }

    fn recognizer(&self) -> Result<Box<dyn Recognizer>, String> {
        let loaded = self.loaded.get_or_init(|| {
            let source = match &self.file {
                Some(path) => ModelSource::File(path),
                None => ModelSource::Embedded(models::demo::BYTES),
            };
            WhisperModel::load(source, self.engine.clone(), self.settings).map_err(|error| error.to_string())
        });
        let model = loaded.as_ref().map_err(Clone::clone)?;
        model
            .recognizer()
            .map(|recognizer| Box::new(recognizer) as Box<dyn Recognizer>)
            .map_err(|error| error.to_string())
    }
}

/// Finds a model and proves its file whole before whisper.cpp sees it.
fn located(wanted: &str, dir: &Path) -> Result<(models::ModelFile, models::GgmlHeader), Failure> {
    let manifest = Manifest::shipped().map_err(Failure::model)?;
    let found = models::locate(wanted, &manifest, &[dir.to_path_buf()]).map_err(Failure::model)?;
    let header = models::check_ggml(&found.path).map_err(Failure::model)?;
    Ok((found, header))
}

fn language(args: &AuditArgs, config: &Config) -> Result<LanguageChoice, Failure> {
    let spoken = match (&args.language, &config.language) {
        (Some(spoken), _) => *spoken,
        (None, Some(text)) => text
            .parse()
            .map_err(|error: String| Failure::usage(anyhow!("failed to read language in --config: {error}")))?,
        (None, None) => Spoken::Auto,
    };
    Ok(match spoken {
        Spoken::Auto => LanguageChoice::Auto,
        Spoken::Is(language) => LanguageChoice::Is(language),
    })
}

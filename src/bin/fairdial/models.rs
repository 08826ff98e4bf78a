//! `fairdial models`: the only verb that downloads.

use std::io::IsTerminal;
use std::time::Duration;

use anyhow::anyhow;
use fairdial::models::{self, FetchOptions, Manifest, State};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::args::{FetchArgs, ModelsArgs, ModelsVerb};
use crate::exit::{Exit, Failure};
use crate::place;
use crate::show::{line, note};

pub fn run(args: &ModelsArgs) -> Result<Exit, Failure> {
    let dir = place::models_dir(args.models_dir.as_ref());
    let manifest = Manifest::shipped().map_err(Failure::model)?;
    match &args.verb {
        ModelsVerb::List => {
            line(&format!("{:<26} {:>9}  {:<13} {:<8} state", "name", "size", "languages", "role"));
            line(&format!(
                "{:<26} {:>9}  {:<13} {:<8} built in: for a first look",
                models::demo::NAME,
                size(models::demo::BYTES.len() as u64),
                "zh, en",
                "speech"
            ));
            for (entry, state, _) in models::list(&manifest, &dir) {
                let state = match state {
                    State::Present => "here".into(),
                    State::Absent => "-".into(),
                    State::Partial { bytes } => format!("{} fetched so far", size(bytes)),
                    State::Corrupt => "wrong size: fetch it again".into(),
                };
                let (languages, role) = (entry.languages.as_str(), entry.role.as_str());
                line(&format!("{:<26} {:>9}  {languages:<13} {role:<8} {state}", entry.name, size(entry.bytes)));
            }
            note(&format!("folder: {}", dir.display()));
            Ok(Exit::Done)
        }
        ModelsVerb::Fetch(fetch) => fetch_all(fetch, &manifest, dir),
        ModelsVerb::Verify { names } => {
            let here = models::list(&manifest, &dir).into_iter().filter(|(_, state, _)| *state != State::Absent);
            let names: Vec<String> =
                if names.is_empty() { here.map(|(entry, _, _)| entry.name.clone()).collect() } else { names.clone() };
            let mut exit = Exit::Done;
            for name in &names {
                let entry = manifest.get(name).map_err(Failure::model)?;
                match models::verify(entry, &dir) {
                    Ok(()) => line(&format!("{name}: right")),
                    Err(error) => {
                        crate::show::error(&format!("failed to {error}"));
                        exit = Exit::Model;
                    }
                }
            }
            if names.is_empty() {
                line(&format!("no models in {}", dir.display()));
            }
            Ok(exit)
        }
    }
}

fn fetch_all(args: &FetchArgs, manifest: &Manifest, dir: std::path::PathBuf) -> Result<Exit, Failure> {
    let options = FetchOptions {
        dir,
        mirror: args.mirror.clone(),
        proxy: args.proxy.clone(),
        offline: args.offline,
        timeout: Duration::from_secs(60),
    };
    for name in &args.names {
        if name == models::demo::NAME {
            return Err(Failure::usage(anyhow!("failed to fetch 'demo': it is built in, nothing to fetch")));
        }
        let entry = manifest.get(name).map_err(Failure::model)?;
        let bar = ProgressBar::new(entry.bytes);
        if !std::io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        if let Ok(style) = ProgressStyle::with_template("{prefix} {bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}")
        {
            bar.set_style(style);
        }
        bar.set_prefix(name.clone());
        let fetched = models::fetch(entry, &options, &mut |done, total| {
            bar.set_length(total);
            bar.set_position(done);
        });
        bar.finish_and_clear();
        let fetched = fetched.map_err(Failure::model)?;
        let how = if fetched.downloaded > 0 { "fetched and checked" } else { "already here and right" };
        line(&format!("{name}: {how}: {}", fetched.path.display()));
    }
    Ok(Exit::Done)
}

fn size(bytes: u64) -> String {
    let mb = bytes as f64 / 1e6;
    if mb < 1000.0 { format!("{mb:.0} MB") } else { format!("{:.2} GB", mb / 1000.0) }
}

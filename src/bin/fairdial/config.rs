//! The configuration file: options of `audit` that a site sets once. What is typed wins over it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use fairdial::call::Jurisdiction;
use serde::Deserialize;

use crate::exit::Failure;

/// The keys: the long names of the options.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    pub model: Option<String>,
    pub models_dir: Option<PathBuf>,
    #[serde(default)]
    pub lexicons: Vec<PathBuf>,
    pub language: Option<String>,
    pub jurisdiction: Option<Jurisdiction>,
    pub collector_channel: Option<u16>,
    pub jobs: Option<u16>,
    #[serde(default)]
    pub map: BTreeMap<String, String>,
}

/// Reads the file; none given is an empty one.
pub fn read(path: Option<&Path>) -> Result<Config, Failure> {
    let Some(path) = path else { return Ok(Config::default()) };
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("failed to read {}", path.display()))
        .map_err(Failure::usage)?;
    let config: Config =
        toml::from_str(&text).with_context(|| format!("failed to read {}", path.display())).map_err(Failure::usage)?;
    if config.collector_channel.is_some_and(|channel| channel > 1) || config.jobs == Some(0) {
        let message = "collector-channel is 0 or 1, jobs is 1 or more";
        return Err(Failure::usage(anyhow::anyhow!("failed to read {}: {message}", path.display())));
    }
    Ok(config)
}

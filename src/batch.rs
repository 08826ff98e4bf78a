//! A batch: every input through the corridor, and the account of it.
//!
//! Comes in: a listing and what auditors need. Goes out: [`Run`], stored as `run.json`. Only this file counts.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::audit::{AuditSettings, Audited, Auditor, RecognizerMaker, TOOL, model_ref};
use crate::intake::Listing;
use crate::policy::Policy;
use crate::record::{CallRecord, OutcomeKind, Reason, Stage};
use crate::store::{Account, NotAudited, Run, StageTimes, Store, StoreError};
use crate::transcribe::Engine;
use crate::work::{Job, LocalList, Worker, run};

/// What a batch needs.
pub struct Batch<'a> {
    /// The lexicons.
    pub policy: &'a Policy,
    /// The output folder.
    pub store: &'a Store,
    /// What holds for all calls.
    pub settings: &'a AuditSettings,
    /// What will listen.
    pub engine: &'a Engine,
    /// Makes recognisers.
    pub maker: &'a RecognizerMaker<'a>,
    /// Workers.
    pub jobs: usize,
    /// RFC 3339, UTC; the library reads no clock of its own.
    pub now: &'a (dyn Fn() -> String + Sync),
}

struct Hand<'a>(Auditor<'a>);

impl Worker for Hand<'_> {
    type Done = Audited;

    fn work(&mut self, job: &Job) -> Audited {
        match job {
            Job::Audit(input) => self.0.audit(input),
            Job::Refused { call, code, message } => self.0.refuse((**call).clone(), code, message),
        }
    }

    fn broken(&mut self, job: &Job) -> Audited {
        let message = "fairdial failed inside: please report this with the file's format, never its content";
        self.0.refuse(job.call().clone(), "internal", message)
    }
}

impl Batch<'_> {
    /// Audits everything listed, telling `seen` of each call as it is done.
    ///
    /// # Errors
    /// When the account can't be written; the records are.
    pub fn run(&self, listing: &Listing, seen: &mut (dyn FnMut(&Audited) + Send)) -> Result<Run, StoreError> {
        let begun = Instant::now();
        let started_at = (self.now)();
        let mut tally = Tally::default();
        let make = || Hand(Auditor::new(self.policy, self.store, self.settings, self.engine, self.maker));
        run(&mut LocalList::of(listing), self.jobs, &make, &mut |audited| {
            tally.count(&audited);
            seen(&audited);
        });
        let mut account = tally.account;
        account.found = listing.found;
        account.skipped = listing.skipped.len();
        tally.not_audited.sort_by(|a, b| a.source.cmp(&b.source));
        let skipped = listing.skipped.iter().map(|skipped| NotAudited {
            source: skipped.source.clone(),
            call: None,
            reason: Reason { stage: Stage::Intake, code: skipped.because.into(), message: skipped.message.clone() },
        });
        let run = Run {
            schema: crate::store::RUN_SCHEMA.into(),
            tool: TOOL.into(),
            started_at,
            finished_at: (self.now)(),
            account,
            verdicts: tally.verdicts,
            findings: tally.findings,
            transcribed: tally.transcribed,
            audio_ms: tally.audio_ms,
            not_audited: tally.not_audited,
            skipped: skipped.collect(),
            tables: listing.tables.iter().map(|path| path.display().to_string()).collect(),
            unmatched_rows: listing
                .unmatched_rows
                .iter()
                .map(|row| format!("{}:{}: {}", row.table.display(), row.row, row.key))
                .collect(),
            unmatched_files: listing.unmatched_files.clone(),
            warnings: listing.warnings.clone(),
            lexicons: self.policy.packs().iter().flat_map(crate::policy::Pack::references).collect(),
            model: tally.heard.then(|| model_ref(self.engine)),
            stages: tally.times,
            wall_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            jobs: self.jobs,
        };
        self.store.write_run(&run)?;
        Ok(run)
    }
}

#[derive(Default)]
struct Tally {
    account: Account,
    verdicts: BTreeMap<String, usize>,
    findings: BTreeMap<String, usize>,
    transcribed: usize,
    audio_ms: u64,
    heard: bool,
    not_audited: Vec<NotAudited>,
    times: StageTimes,
}

impl Tally {
    fn count(&mut self, audited: &Audited) {
        let CallRecord { call, outcome, reason, verdict, findings, audio, provenance, .. } = &audited.record;
        self.times.add(audited.times);
        self.transcribed += usize::from(audited.transcribed);
        self.heard |= provenance.model.is_some();
        self.audio_ms += audio.as_ref().map_or(0, |audio| audio.duration_ms.0);
        match (outcome, reason) {
            (OutcomeKind::NotAudited, Some(reason)) => {
                self.account.not_audited += 1;
                self.not_audited.push(NotAudited {
                    source: call.source.clone(),
                    call: Some(call.id.to_string()),
                    reason: reason.clone(),
                });
            }
            _ => self.account.audited += 1,
        }
        if let Some(verdict) = verdict {
            *self.verdicts.entry(verdict.as_str().into()).or_default() += 1;
        }
        for finding in findings {
            *self.findings.entry(finding.category.as_str().into()).or_default() += 1;
        }
    }
}

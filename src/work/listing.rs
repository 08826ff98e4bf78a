//! A list of calls on this machine.
//!
//! Comes in: what intake listed. Goes out: jobs, largest first. Only this file decides their order.

use std::collections::VecDeque;

use super::JobSource;
use crate::call::Call;
use crate::intake::{Input, Listing};

/// One thing to do.
pub enum Job {
    /// A call to audit.
    Audit(Box<Input>),
    /// A call that was refused before it was opened and still gets its record.
    Refused {
        /// The call.
        call: Box<Call>,
        /// Kebab-case.
        code: String,
        /// For people.
        message: String,
    },
}

impl Job {
    /// The call it is about.
    pub fn call(&self) -> &Call {
        match self {
            Job::Audit(input) => &input.call,
            Job::Refused { call, .. } => call,
        }
    }
}

/// Jobs of this machine.
pub struct LocalList {
    jobs: VecDeque<Job>,
}

impl LocalList {
    /// Jobs in the given order.
    pub fn new(jobs: Vec<Job>) -> LocalList {
        LocalList { jobs: jobs.into() }
    }

    /// The jobs of a listing. The largest files come first, so that no core ends the night alone with the longest call.
    pub fn of(listing: &Listing) -> LocalList {
        let mut inputs: Vec<(u64, &Input)> = listing
            .inputs
            .iter()
            .map(|input| (std::fs::metadata(&input.path).map_or(0, |file| file.len()), input))
            .collect();
        inputs.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.call.id.cmp(&b.1.call.id)));
        let refused = listing.refused.iter().map(|refused| Job::Refused {
            call: Box::new(refused.call.clone()),
            code: refused.code.to_string(),
            message: refused.message.clone(),
        });
        let audits = inputs.into_iter().map(|(_, input)| Job::Audit(Box::new(input.clone())));
        LocalList { jobs: refused.chain(audits).collect() }
    }
}

impl JobSource for LocalList {
    fn next(&mut self) -> Option<Job> {
        self.jobs.pop_front()
    }
}

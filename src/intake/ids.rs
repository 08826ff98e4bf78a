//! Which call keeps an id that two could have.
//!
//! Comes in: the calls with the ids they ask for, in order of path. Goes out: each call with an id no other has, and
//! whether it is its own. Only this file knows what makes two ids the same: file systems that don't tell capitals apart.

use std::collections::{HashMap, HashSet};

use crate::call::{Call, CallId};
use crate::hash::sha256_hex;

use super::show::shown;
use super::{Candidate, IdRule};

/// A call after its id is settled.
#[derive(Debug, PartialEq)]
pub(super) enum Named {
    /// It has the id it asked for.
    Own(Call),
    /// Another call has it; this one's record goes under a name made for it.
    Doubled {
        /// The call under the name made for it.
        call: Call,
        /// For people: which two files, and what to do.
        message: String,
    },
}

impl Candidate {
    /// The id of a call that no table names: from its document, else from its path.
    pub(super) fn own_id(&self, rule: IdRule) -> CallId {
        match (&self.document_id, rule) {
            (Some(id), _) => CallId::from_text(id),
            (None, IdRule::Stem) => CallId::from_text(&self.stem),
            (None, IdRule::Path) => CallId::from_text(&super::show::source_of(&self.reached.below)),
        }
    }
}

/// Settles the ids. The first to ask keeps an id; nobody decides which of two recordings of one name is the right one.
pub(super) fn settle(calls: Vec<Call>, candidates: &[Candidate]) -> Vec<Named> {
    let mut first: HashMap<String, usize> = HashMap::with_capacity(calls.len());
    for (at, call) in calls.iter().enumerate() {
        first.entry(same(&call.id)).or_insert(at);
    }
    let mut taken: HashSet<String> = first.keys().cloned().collect();
    let sources: Vec<&str> = candidates.iter().map(|candidate| candidate.source.as_str()).collect();
    let mut settled = Vec::with_capacity(calls.len());
    for ((at, mut call), candidate) in calls.into_iter().enumerate().zip(candidates) {
        let keeper = first.get(&same(&call.id)).copied().unwrap_or(at);
        if keeper == at {
            settled.push(Named::Own(call));
            continue;
        }
        let message = format!(
            "'{}' and '{}' would both be call '{}': give each its own call_id in a calls.csv with the columns file,call_id",
            shown(sources.get(keeper).copied().unwrap_or_default()),
            shown(&call.source),
            shown(call.id.as_str())
        );
        // The bytes of the path: two names that are not UTF-8 may be shown alike.
        let mut seed = candidate.reached.path.as_os_str().as_encoded_bytes().to_vec();
        loop {
            let id = CallId::from_text(&format!("{}-dup-{}", call.id, &sha256_hex(&seed)[..8]));
            if taken.insert(same(&id)) {
                call.id = id;
                break;
            }
            seed.push(0);
        }
        settled.push(Named::Doubled { call, message });
    }
    settled
}

fn same(id: &CallId) -> String {
    id.as_str().to_lowercase()
}

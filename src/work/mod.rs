//! Work: which call next, and on which worker.
//!
//! Comes in: a source of jobs and a way to audit one. Goes out: every job settled once. Only this file knows threads; a
//! worker that panics settles its job as our own failure and goes on.

mod listing;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

pub use listing::{Job, LocalList};

/// Where jobs come from: a list on this machine; a queue, later.
pub trait JobSource: Send {
    /// The next job; `None` when there is none left.
    fn next(&mut self) -> Option<Job>;
}

/// What a worker does with a job.
pub trait Worker {
    /// What comes of a job.
    type Done: Send;

    /// Does it.
    fn work(&mut self, job: &Job) -> Self::Done;

    /// What to say of a job during which `work` panicked; a fresh worker takes the next one.
    fn broken(&mut self, job: &Job) -> Self::Done;
}

/// Runs all jobs of a source on `workers` threads and hands each result to `done`, one at a time, as it comes.
pub fn run<W: Worker>(
    source: &mut dyn JobSource,
    workers: usize,
    make: &(dyn Fn() -> W + Sync),
    done: &mut (dyn FnMut(W::Done) + Send),
) {
    let source = Mutex::new(source);
    let done = Mutex::new(done);
    std::thread::scope(|scope| {
        for _ in 0..workers.max(1) {
            scope.spawn(|| {
                let mut worker = make();
                loop {
                    let job = source.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next();
                    let Some(job) = job else { break };
                    let result = catch_unwind(AssertUnwindSafe(|| worker.work(&job))).unwrap_or_else(|_| {
                        worker = make();
                        worker.broken(&job)
                    });
                    (done.lock().unwrap_or_else(std::sync::PoisonError::into_inner))(result);
                }
            });
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{Call, CallId};

    struct Fragile;

    impl Worker for Fragile {
        type Done = String;
        fn work(&mut self, job: &Job) -> String {
            assert!(job.call().id.as_str() != "b", "this one breaks");
            job.call().id.to_string()
        }
        fn broken(&mut self, job: &Job) -> String {
            format!("{} broke", job.call().id)
        }
    }

    #[test]
    fn a_panic_is_one_broken_job_and_the_others_go_on() {
        let job = |id: &str| Job::Refused {
            call: Box::new(Call::new(CallId::from_text(id), id)),
            code: "x".into(),
            message: "x".into(),
        };
        let mut list = LocalList::new(vec![job("a"), job("b"), job("c")]);
        let mut done = Vec::new();
        run(&mut list, 2, &|| Fragile, &mut |result| done.push(result));
        done.sort();
        assert_eq!(done, ["a", "b broke", "c"]);
    }
}

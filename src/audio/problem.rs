//! What is wrong with a recording that could be decoded all the same.
//!
//! In: findings of the readers and of the level meter. Out: [`AudioProblem`], which travels into
//! the audit record. Only this file knows the codes and the wording.

use serde::{Deserialize, Serialize};

/// One thing a reviewer should know about the sound before trusting findings drawn from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioProblem {
    /// Stable kebab-case name: `truncated`, `damaged`, `gap`, `header-unfinished`,
    /// `invalid-samples`, `clipping`, `silent-channel` or `too-quiet`.
    pub code: String,
    /// One sentence for a person, lower-case, no full stop.
    pub message: String,
    /// Where it starts, in milliseconds from the start of the recording; `None` = all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_ms: Option<u64>,
}

impl AudioProblem {
    fn new(code: &str, message: String, at_ms: Option<u64>) -> Self {
        Self { code: code.to_string(), message, at_ms }
    }

    /// The header promises more sound than the file holds; the sound ends at `at_ms`.
    pub(crate) fn truncated(at_ms: u64, promised_ms: Option<u64>) -> Self {
        let message = match promised_ms {
            Some(promised) => {
                format!("the file ends at {} s although its header promises {} s", seconds(at_ms), seconds(promised))
            }
            None => format!("the file breaks off at {} s", seconds(at_ms)),
        };
        Self::new("truncated", message, Some(at_ms))
    }

    /// `count` packets could not be decoded, the first at `at_ms`; they were replaced by silence.
    pub(crate) fn damaged(at_ms: u64, count: u64, why: &str) -> Self {
        let message = match count {
            0 | 1 => format!("damaged data at {} s: {why}", seconds(at_ms)),
            _ => format!("damaged data in {count} places, the first at {} s: {why}", seconds(at_ms)),
        };
        Self::new("damaged", message, Some(at_ms))
    }

    /// Everything could be decoded, but not to what was recorded.
    pub(crate) fn checksum() -> Self {
        let message = "the checksum of the samples does not match, some of them are damaged";
        Self::new("damaged", message.to_string(), None)
    }

    /// The container's clock jumps; `total_ms` of silence was put in to keep times right.
    pub(crate) fn gap(at_ms: u64, total_ms: u64) -> Self {
        let message = format!(
            "{total_ms} ms of the recording are missing from {} s on and were filled with silence",
            seconds(at_ms)
        );
        Self::new("gap", message, Some(at_ms))
    }

    /// The recorder never wrote the length into the header.
    pub(crate) fn header_unfinished() -> Self {
        Self::new(
            "header-unfinished",
            "the header was never completed, everything up to the end of the file was read".to_string(),
            None,
        )
    }

    /// `count` samples were NaN or infinite and were read as silence.
    pub(crate) fn invalid_samples(count: u64, at_ms: u64) -> Self {
        let message = format!("{count} samples are not numbers and were read as silence");
        Self::new("invalid-samples", message, Some(at_ms))
    }

    /// `percent` of the samples in loud passages of `channel` (from 0) are at full scale.
    pub(crate) fn clipping(channel: usize, percent: f64) -> Self {
        let message = format!("channel {channel} is clipped: {percent:.1} % of its speech is at full scale");
        Self::new("clipping", message, None)
    }

    /// Nothing but silence or line noise below -60 dBFS on `channel` (from 0).
    pub(crate) fn silent_channel(channel: usize) -> Self {
        Self::new("silent-channel", format!("channel {channel} is silent"), None)
    }

    /// The loud passages of `channel` (from 0) reach only `dbfs`.
    pub(crate) fn too_quiet(channel: usize, dbfs: f64) -> Self {
        let message = format!("channel {channel} is very quiet: speech at {dbfs:.0} dBFS");
        Self::new("too-quiet", message, None)
    }
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_carry_places() {
        let problem = AudioProblem::truncated(61_005, Some(120_000));
        assert_eq!(problem.code, "truncated");
        assert_eq!(problem.at_ms, Some(61_005));
        assert!(problem.message.contains("61.005 s"), "{}", problem.message);
        assert!(AudioProblem::damaged(5, 3, "x").message.contains("3 places"));
    }
}

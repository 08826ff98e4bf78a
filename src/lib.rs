//! fairdial audits recorded debt-collection calls on the user's own machine.
//!
//! A call's journey, one room after the other, each knowing only the rooms before it:
//!
//! 1. [`intake`]: paths and metadata tables become a [`intake::Listing`] of calls; nothing is lost on the way.
//! 2. [`audio`]: a recording becomes tracks of samples and spans of speech.
//! 3. [`transcribe`]: sound becomes words, behind [`transcribe::Recognizer`].
//! 4. [`normalise`]: the words become views that lexicons are held against, with the way back to the exact quote.
//! 5. [`policy`]: lexicons, compiled once, judge a transcript.
//! 6. [`record`] and [`store`]: the judgement becomes one JSON document per call, whole or not at all.
//!
//! [`audit`] is the corridor: one call through all rooms, and the only file that knows their order. [`work`] hands calls
//! to workers, [`batch`] keeps the account, [`eval`] measures lexicons on labelled calls. [`models`] stands apart: the only room that downloads.
//!
//! The shortest way to a judgement needs no sound:
//!
//! ```
//! use fairdial::call::{Call, CallId, Language};
//! use fairdial::policy::{Policy, Roles};
//! use fairdial::transcript::Transcript;
//!
//! let transcript = Transcript::from_json(br#"{"schema": "fairdial.transcript/1", "segments": [
//!     {"speaker": "collector", "start_ms": 0, "end_ms": 1500, "text": "You are a worthless deadbeat."},
//!     {"speaker": "debtor", "start_ms": 1600, "end_ms": 2500, "text": "Who is this?"}]}"#)?;
//! let policy = Policy::shipped()?;
//! let call = Call::new(CallId::from_text("example"), "example.json");
//! let judged = policy.judge(&transcript, &call, &Roles::of_labels(&transcript), Language::English)?;
//! assert_eq!(judged.findings[0].category.as_str(), "insult");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod call;
pub mod hash;
pub mod transcript;

pub mod intake;

pub mod audio;

pub mod transcribe;

pub mod normalise;

pub mod policy;

pub mod record;
pub mod store;

pub mod audit;

pub mod batch;
pub mod work;

pub mod eval;

pub mod models;

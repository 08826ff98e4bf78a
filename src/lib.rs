//! fairdial audits recorded debt-collection calls.
pub mod call;
pub mod hash;
pub mod normalise;
pub mod record;
pub mod transcript;

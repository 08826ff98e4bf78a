//! fairdial audits recorded debt-collection calls.
pub mod call;
pub mod hash;
pub mod normalise;
pub mod policy;
pub mod record;
pub mod transcript;

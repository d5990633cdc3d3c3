//! The promises, and the monitors that watch them.
//!
//! A monitor reads records and nothing else. A violation carries the few records that prove it.
//!
//! All promises are per key, as most checkers have them: Terry's session guarantees are about the
//! whole database. "Equals or supersedes" is [`Version::covers`](crate::ids::Version::covers): the order
//! of the log, of last-write-wins stamps, of revisions, or of version vectors; never which write was
//! later in real time. Where a read returns siblings, one of them must equal or supersede.

use serde::{Deserialize, Serialize};

use crate::trace::{Record, Seq};

mod arrivals;
mod bounded_staleness;
mod causal;
mod cause;
mod consistent_prefix;
mod convergence;
mod evidence;
pub mod linearizable;
mod monotonic_reads;
mod monotonic_writes;
mod no_acked_write_lost;
mod no_silent_overwrite;
mod one_leader_at_a_time;
mod past;
mod read_your_writes;
mod sessions;
pub(crate) mod shown;
mod watch;
mod words;
mod writes_follow_reads;

#[cfg(test)]
mod brute_force;
#[cfg(test)]
mod brute_force_disks;
#[cfg(test)]
mod defects;
#[cfg(test)]
mod real_runs;
#[cfg(test)]
mod soundness;
#[cfg(test)]
mod testing;

pub use evidence::{Case, Index};
pub use linearizable::{Judgement, linearizable};
pub(crate) use watch::together;
pub use watch::{DETAILS_MAX, Heard, Watch};

/// A promise of replication.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Promise {
    /// A session sees its own acknowledged writes.
    ReadYourWrites,
    /// A session never sees a key go back.
    MonotonicReads,
    /// No replica holds a session's later write without its earlier one.
    MonotonicWrites,
    /// No replica holds a write without what its session had read before it.
    WritesFollowReads,
    /// One view never shows a write without one that happened before it.
    ConsistentPrefix,
    /// Who saw a write never reads a state without one that happened before it.
    Causal,
    /// Each key behaves as if there were one copy of it.
    Linearizable,
    /// No answer is staler than its read path's budget allows.
    BoundedStaleness,
    /// What was told "done" stays.
    NoAckedWriteLost,
    /// Of two writes that did not know of each other, none is dropped without a word.
    NoSilentOverwrite,
    /// Nobody says "done" as leader after a leader of a higher epoch has.
    OneLeaderAtATime,
    /// Left in peace, all copies come to hold the same.
    Convergence,
}

impl Promise {
    /// All of them, in the order of the screen.
    pub const ALL: [Promise; 12] = [
        Promise::ReadYourWrites,
        Promise::MonotonicReads,
        Promise::MonotonicWrites,
        Promise::WritesFollowReads,
        Promise::ConsistentPrefix,
        Promise::Causal,
        Promise::Linearizable,
        Promise::BoundedStaleness,
        Promise::NoAckedWriteLost,
        Promise::NoSilentOverwrite,
        Promise::OneLeaderAtATime,
        Promise::Convergence,
    ];

    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Promise::ReadYourWrites => "read_your_writes",
            Promise::MonotonicReads => "monotonic_reads",
            Promise::MonotonicWrites => "monotonic_writes",
            Promise::WritesFollowReads => "writes_follow_reads",
            Promise::ConsistentPrefix => "consistent_prefix",
            Promise::Causal => "causal",
            Promise::Linearizable => "linearizable",
            Promise::BoundedStaleness => "bounded_staleness",
            Promise::NoAckedWriteLost => "no_acked_write_lost",
            Promise::NoSilentOverwrite => "no_silent_overwrite",
            Promise::OneLeaderAtATime => "one_leader_at_a_time",
            Promise::Convergence => "convergence",
        }
    }

    /// Its name on the screen.
    pub fn title(self) -> &'static str {
        match self {
            Promise::ReadYourWrites => "Read your writes",
            Promise::MonotonicReads => "Monotonic reads",
            Promise::MonotonicWrites => "Monotonic writes",
            Promise::WritesFollowReads => "Writes follow reads",
            Promise::ConsistentPrefix => "Consistent prefix",
            Promise::Causal => "Causal consistency",
            Promise::Linearizable => "Linearizable",
            Promise::BoundedStaleness => "Bounded staleness",
            Promise::NoAckedWriteLost => "No acknowledged write lost",
            Promise::NoSilentOverwrite => "No silent overwrite",
            Promise::OneLeaderAtATime => "One leader at a time",
            Promise::Convergence => "Convergence",
        }
    }

    /// The promise of this name.
    pub fn named(name: &str) -> Option<Promise> {
        Promise::ALL
            .into_iter()
            .find(|promise| promise.name() == name)
    }
}

/// How a promise stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nothing has tested it.
    Unknown,
    /// Tested, and kept so far.
    Kept,
    /// Kept so far; one more crash could break it.
    AtRisk,
    /// Broken.
    Broken,
}

/// How a promise stands at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How it stands.
    pub state: State,
    /// How often it was tested.
    pub checked: u32,
    /// How often it was broken.
    pub violations: u32,
}

/// A promise broken once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub promise: Promise,
    /// The record from which on it exists.
    pub at: Seq,
    /// The few records that prove it, and its cause, in order; `at` is among them.
    pub evidence: Vec<Seq>,
    /// A few words: who was harmed, and how.
    pub title: String,
    /// One or two plain sentences, written from the evidence.
    pub sentence: String,
}

/// Watches one promise.
///
/// Finding a violation and explaining it are two things. Finding looks at every record, and at nothing
/// but the records: the evidence of a violation, fed to a new monitor, gives the same violation again.
/// Explaining looks back into the trace for the cause, and is done only for what was found.
pub trait Monitor {
    /// What is enough to explain a violation.
    type Finding;

    /// The records that are this monitor's business: it is shown no others.
    const HEARS: Heard;

    /// Looks at what happened next, and adds to `found` what it breaks. That is one record or, where they
    /// tell of one thing together, a few: the siblings that a read returned of a key; or a disk that is
    /// replaced, and what it holds then.
    fn observe(&mut self, what: &[Record], found: &mut Vec<Self::Finding>);

    /// The moment is over: what happens next happens later. For what can be told only once all is known that
    /// happens at one moment.
    fn settle(&mut self, _found: &mut Vec<Self::Finding>) {}

    /// How often the promise was tested so far; what happens at once tests it once at the most.
    fn checked(&self) -> u32;

    /// Whether one more crash could break it.
    fn at_risk(&self) -> bool {
        false
    }

    /// Explains what was found, at the record that made it so.
    fn explain(&self, finding: &Self::Finding, case: &Case<'_>) -> Violation;
}

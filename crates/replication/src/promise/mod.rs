//! The promises, and the monitors that watch them.
//!
//! A monitor reads records and nothing else. A violation carries the few records that prove it.
//!
//! All promises are per key, as most checkers have them: Terry's session guarantees are about the
//! whole database. "Equals or supersedes" is the order of [`Version`](crate::ids::Version): that of
//! the log, or of last-write-wins stamps; never which write was later in real time.

use serde::Serialize;

use crate::trace::{Record, Seq};

mod cause;
mod consistent_prefix;
mod evidence;
mod monotonic_reads;
mod no_acked_write_lost;
mod one_leader_at_a_time;
mod read_your_writes;
mod sessions;
mod watch;
mod words;

#[cfg(test)]
mod brute_force;
#[cfg(test)]
mod real_runs;
#[cfg(test)]
mod testing;

pub use evidence::{Case, Index};
pub use watch::{DETAILS_MAX, Watch};

/// A promise of replication.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Promise {
    /// A session sees its own acknowledged writes.
    ReadYourWrites,
    /// A session never sees a key go back.
    MonotonicReads,
    /// One view never shows a write without one that happened before it.
    ConsistentPrefix,
    /// What was told "done" stays.
    NoAckedWriteLost,
    /// Nobody says "done" as leader after a leader of a higher epoch has.
    OneLeaderAtATime,
}

impl Promise {
    /// All that are watched, in the order of the screen.
    pub const ALL: [Promise; 5] = [
        Promise::ReadYourWrites,
        Promise::MonotonicReads,
        Promise::ConsistentPrefix,
        Promise::NoAckedWriteLost,
        Promise::OneLeaderAtATime,
    ];

    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Promise::ReadYourWrites => "read_your_writes",
            Promise::MonotonicReads => "monotonic_reads",
            Promise::ConsistentPrefix => "consistent_prefix",
            Promise::NoAckedWriteLost => "no_acked_write_lost",
            Promise::OneLeaderAtATime => "one_leader_at_a_time",
        }
    }

    /// Its name on the screen.
    pub fn title(self) -> &'static str {
        match self {
            Promise::ReadYourWrites => "Read your writes",
            Promise::MonotonicReads => "Monotonic reads",
            Promise::ConsistentPrefix => "Consistent prefix",
            Promise::NoAckedWriteLost => "No acknowledged write lost",
            Promise::OneLeaderAtATime => "One leader at a time",
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
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

    /// Looks at one more record, and adds to `found` what it breaks.
    fn observe(&mut self, record: &Record, found: &mut Vec<Self::Finding>);

    /// How often the promise was tested so far; one record tests it once at the most.
    fn checked(&self) -> u32;

    /// Whether one more crash could break it.
    fn at_risk(&self) -> bool {
        false
    }

    /// Explains what was found, at the record that made it so.
    fn explain(&self, finding: &Self::Finding, case: &Case<'_>) -> Violation;
}

//! The promises, and the monitors that watch them.
//!
//! A monitor reads records and nothing else. A violation carries the few records that prove it.

use serde::Serialize;

use crate::scenario::Scenario;
use crate::trace::{Record, Seq};

mod watch;

pub use watch::Watch;

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
        Promise::ALL.into_iter().find(|promise| promise.name() == name)
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
/// `trace` is everything up to and with `record`. A monitor says how often it has tested its promise
/// and, for durability, whether it is at risk now; it reports a violation when the record makes one.
pub trait Monitor {
    /// Looks at one more record.
    fn observe(&mut self, record: &Record, trace: &[Record], scenario: &Scenario, report: &mut dyn FnMut(Violation));

    /// How often the promise was tested so far.
    fn checked(&self) -> u32;

    /// Whether one more crash could break it.
    fn at_risk(&self) -> bool {
        false
    }
}

//! How far behind a replica was at each moment.

use replication::trace::Seq;

/// How far behind it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Behind {
    /// By how many entries or versions.
    pub entries: u32,
    /// Since when the oldest of them has been there elsewhere; `None` where there is none.
    pub since_us: Option<u64>,
}

impl Behind {
    /// In time, at a moment: it grows while nothing comes.
    pub fn us_at(self, now_us: u64) -> u64 {
        self.since_us
            .map_or(0, |since_us| now_us.saturating_sub(since_us))
    }

    /// And by so much elsewhere.
    pub fn add(&mut self, other: Behind) {
        self.entries += other.entries;
        self.since_us = match (self.since_us, other.since_us) {
            (Some(mine), Some(theirs)) => Some(mine.min(theirs)),
            (mine, theirs) => mine.or(theirs),
        };
    }
}

/// From a record on, until the next of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step<T> {
    pub seq: Seq,
    pub at_us: u64,
    pub is: T,
}

/// What was so at each moment, in order.
#[derive(Clone, Debug)]
pub(super) struct Steps<T>(pub Vec<Step<T>>);

impl<T> Default for Steps<T> {
    fn default() -> Self {
        Steps(Vec::new())
    }
}

impl<T: Copy + PartialEq> Steps<T> {
    /// From this record on it is so.
    pub fn push(&mut self, seq: Seq, at_us: u64, is: T) {
        if self.0.last().is_some_and(|last| last.is == is) {
            return;
        }
        self.0.push(Step { seq, at_us, is });
    }

    /// What was so after so many records had happened.
    pub fn at(&self, happened: usize) -> Option<T> {
        let before = self.before(happened);
        before.last().map(|step| step.is)
    }

    /// Those up to then.
    pub fn before(&self, happened: usize) -> &[Step<T>] {
        let count = self.0.partition_point(|step| step.seq.index() < happened);
        &self.0[..count]
    }
}

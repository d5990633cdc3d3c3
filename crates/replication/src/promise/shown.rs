//! What a read returned of one key: a value, nothing, or siblings.

use crate::ids::{Held, Vector, Version};
use crate::trace::{Kind, Record, Seq};

/// The [`Kind::Saw`] records of one read and one key, which stand after one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    first: Seq,
    /// From here on the client has all of it.
    pub last: Seq,
}

impl Shown {
    /// What these records show, of which there is one at least.
    pub fn of(saws: &[Record]) -> Self {
        Shown {
            first: saws[0].seq,
            last: saws[saws.len() - 1].seq,
        }
    }

    /// Whether it is one value, or nothing.
    pub fn is_one(self) -> bool {
        self.first == self.last
    }

    /// Its records.
    pub fn seqs(self) -> impl Iterator<Item = Seq> {
        (self.first.0..=self.last.0).map(Seq)
    }
}

/// The values that these records show.
pub(super) fn held(saws: &[Record]) -> impl Iterator<Item = Held> {
    saws.iter().filter_map(held_in)
}

/// The value that a record shows.
pub(super) fn held_in(record: &Record) -> Option<Held> {
    match record.kind {
        Kind::Saw { held, .. } => Some(held),
        _ => None,
    }
}

/// Whether one of the values that these records show equals or supersedes a version.
pub(crate) fn covers(saws: &[Record], version: Version) -> bool {
    held(saws).any(|held| held.version.is_some_and(|shown| shown.covers(&version)))
}

/// The version of a write that is shown by some version, where it may be known already. What is merged
/// with it is no part of its own: that alone may stand beside it.
pub(super) fn of_write(shown: Version, known: Option<Version>) -> Version {
    match shown {
        Version::Dotted { dot, seen } if seen.covers(dot) => {
            let seen = Vector::default();
            known.unwrap_or(Version::Dotted { dot, seen })
        }
        _ => shown,
    }
}

/// Whether whoever sees the one misses nothing that the other showed. A merged value shows all that
/// was merged, and not its last write alone.
pub(super) fn includes(one: &Version, other: &Version) -> bool {
    match (one, other) {
        (Version::Dotted { seen: mine, .. }, Version::Dotted { dot, seen: theirs })
            if theirs.covers(*dot) =>
        {
            one == other || mine.covers_all(theirs)
        }
        _ => one.covers(other),
    }
}

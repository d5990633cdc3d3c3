//! What survives a crash: every update, in the order in which it came, and what they make of each key.
//!
//! Nothing is ever trimmed: a leader that has lost its disk gets everything back, its own updates too.

use std::sync::Arc;

use crate::engine::chance::Topic;
use crate::engine::time::LocalTime;
use crate::ids::{NodeId, OpId};
use crate::protocol::Disk;
use crate::protocol::multi_leader::state::{KeyState, Taken};
use crate::protocol::multi_leader::wire::{Batch, Counts, Stream, Update};
use crate::scenario::{Conflicts, Structure};
use crate::trace::Kind;

/// A replica's disk. A running replica has the same in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Store {
    pub(super) conflicts: Conflicts,
    /// Its newest life.
    pub(super) life: i64,
    /// What it has, in the order in which it came: so also what was seen, before what was made of it.
    pub(super) log: Vec<Arc<Update>>,
    /// The same, by stream.
    pub(super) counts: Counts,
    /// The same, by key.
    pub(super) keys: Vec<KeyState>,
}

/// A change to a disk.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A new life begins.
    Life(i64),
    /// Updates.
    Updates {
        /// The next ones of their streams.
        updates: Batch,
        /// What is to be said once they are there.
        then: Then,
    },
}

/// What is to be said once updates are on disk.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Then {
    /// "Done", to a client.
    Acknowledge(OpId),
    /// "I have these", to who sent them.
    Answer {
        /// Whom.
        to: NodeId,
        /// Of what was sent.
        topic: Topic,
        /// Its question.
        question: Option<i64>,
    },
}

impl Store {
    /// Takes the next update of a stream.
    pub(super) fn take(&mut self, update: &Arc<Update>) -> Taken {
        self.counts.raise(update.stream, update.number);
        self.log.push(Arc::clone(update));
        self.keys[usize::from(update.key.0)].take(update, self.conflicts)
    }

    /// What a read would show of each key, siblings after one another.
    #[cfg(test)]
    pub(super) fn shown(&self) -> Vec<Vec<crate::ids::Held>> {
        self.keys.iter().map(|key| key.held().to_vec()).collect()
    }
}

impl Disk for Store {
    type Change = Change;

    fn empty(structure: &Structure) -> Self {
        Store {
            conflicts: structure.conflicts,
            life: Stream::FIRST,
            log: Vec::new(),
            counts: Counts::default(),
            keys: vec![KeyState::default(); usize::from(structure.keys)],
        }
    }

    fn apply(&mut self, change: &Change) {
        match change {
            Change::Life(life) => self.life = *life,
            Change::Updates { updates, .. } => updates.iter().for_each(|update| {
                self.take(update);
            }),
        }
    }

    fn restored(&self, _: Option<LocalTime>) -> Self {
        self.clone()
    }

    fn contents(&self, node: NodeId) -> Vec<Kind> {
        let holds = |update: &&Arc<Update>| {
            let made_of = self.keys[usize::from(update.key.0)].made_of();
            made_of.is_none_or(|some| some.iter().any(|one| Arc::ptr_eq(one, update)))
        };
        let stored = |update: &Arc<Update>| Kind::Stored {
            node,
            key: update.key,
            version: update.version,
            write: update.write,
            newest: true,
        };
        self.log.iter().filter(holds).map(stored).collect()
    }

    fn bytes(&self) -> usize {
        let keys: usize = self.keys.iter().map(KeyState::bytes).sum();
        // An update is shared by all who have it.
        self.log.len() * (size_of::<Arc<Update>>() + size_of::<Update>() / 4)
            + self.counts.bytes()
            + keys
    }
}

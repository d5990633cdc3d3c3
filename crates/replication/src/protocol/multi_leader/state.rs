//! What a key holds, and what becomes of writes in conflict.
//!
//! A key's state depends on the set of updates that it has taken, never on their order: that alone
//! makes replicas converge, whatever the topology, the delays and the crashes.
//!
//! - Last write wins, highest version wins: the highest version of all. Under skewed clocks that may
//!   be one that the lower one's writer had seen: then there is no conflict, and yet the later write is
//!   dropped. (To let it win for having seen the other would make the result depend on the order as
//!   soon as there is a third.)
//! - Merge: a counter is a sum. A set is an observed-remove set (Shapiro et al., "A comprehensive study
//!   of convergent and commutative replicated data types", 2011): a removal takes out the insertions
//!   that it was made in sight of, so that of an insertion and a removal that knew nothing of one
//!   another, the insertion wins. Any other key is a register, and its last write wins.
//! - Siblings: every write that no other one was made in sight of.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::ids::{Held, ItemId, ItemSet, Value, Vector, Version, WriteId};
use crate::protocol::multi_leader::wire::{Payload, Update};
use crate::scenario::Conflicts;
use crate::trace::Kept;

/// What a key holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeyState {
    /// The writes that were taken.
    pub taken: Vector,
    /// What they were made in sight of.
    pub seen: Vector,
    /// The winner; or the writes that none was made in sight of, in order.
    heads: SmallVec<[Arc<Update>; 1]>,
    merged: Merged,
}

/// What is made of many writes.
#[derive(Clone, Debug, Default, PartialEq)]
enum Merged {
    /// Nothing: a write is a value.
    #[default]
    Register,
    /// A sum; wide, so that the order never matters.
    Counter(i128),
    /// A set.
    Set(Vec<Item>),
}

/// An item that is or was in a set.
#[derive(Clone, Debug, PartialEq)]
struct Item {
    id: ItemId,
    /// The last insertion by each leader.
    inserted: Vector,
    /// The insertions that removals took out.
    removed: Vector,
}

/// What an update did to a key.
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    /// Whether it is part of what the key now holds.
    pub newest: bool,
    /// The writes in conflict with it, and what becomes of the two.
    pub conflicts: SmallVec<[(WriteId, Kept); 2]>,
}

impl KeyState {
    /// Takes an update: each once.
    pub fn take(&mut self, update: &Arc<Update>, conflicts: Conflicts) -> Taken {
        self.taken.cover(update.dot);
        self.seen.join(&update.seen);
        let merges = match (conflicts, update.payload) {
            (Conflicts::LastWriteWins | Conflicts::HighestVersion, _) => {
                return self.contend(update);
            }
            (Conflicts::Merge, Payload::Put(_)) => return self.contend(update),
            (Conflicts::Merge, _) => true,
            (Conflicts::Siblings, _) => false,
        };
        if merges {
            self.merge(update);
        }
        let stands = self.stand(update, if merges { Kept::Merged } else { Kept::Both });
        Taken {
            newest: stands.newest || merges,
            ..stands
        }
    }

    /// One wins.
    fn contend(&mut self, update: &Arc<Update>) -> Taken {
        let mut taken = Taken {
            newest: true,
            conflicts: SmallVec::new(),
        };
        if let Some(there) = self.heads.first() {
            taken.newest = rank(update) > rank(there);
            if !update.seen.covers(there.dot) && !there.seen.covers(update.dot) {
                let kept = if taken.newest {
                    Kept::Came
                } else {
                    Kept::There
                };
                taken.conflicts.push((there.write, kept));
            }
        }
        if taken.newest {
            self.heads.clear();
            self.heads.push(Arc::clone(update));
        }
        taken
    }

    /// Those stand side by side that none was made in sight of.
    fn stand(&mut self, update: &Arc<Update>, kept: Kept) -> Taken {
        self.heads.retain(|head| !update.seen.covers(head.dot));
        let mut taken = Taken {
            newest: !self.seen.covers(update.dot),
            conflicts: SmallVec::new(),
        };
        if taken.newest {
            taken
                .conflicts
                .extend(self.heads.iter().map(|head| (head.write, kept)));
            let place = self
                .heads
                .partition_point(|head| order(head) < order(update));
            self.heads.insert(place, Arc::clone(update));
        }
        taken
    }

    fn merge(&mut self, update: &Update) {
        match update.payload {
            Payload::Put(_) => {}
            Payload::Add(by) => match &mut self.merged {
                Merged::Counter(sum) => *sum += i128::from(by),
                other => *other = Merged::Counter(i128::from(by)),
            },
            Payload::Insert(id) => self.item(id).inserted.cover(update.dot),
            Payload::Remove(id) => self.item(id).removed.join(&update.seen),
        }
    }

    fn item(&mut self, id: ItemId) -> &mut Item {
        if !matches!(self.merged, Merged::Set(_)) {
            self.merged = Merged::Set(Vec::new());
        }
        let Merged::Set(items) = &mut self.merged else {
            unreachable!("made a set above")
        };
        let place = items.partition_point(|item| item.id < id);
        if items.get(place).is_none_or(|item| item.id != id) {
            let (inserted, removed) = Default::default();
            items.insert(
                place,
                Item {
                    id,
                    inserted,
                    removed,
                },
            );
        }
        &mut items[place]
    }

    /// What a read shows: siblings in order; at least one.
    pub fn held(&self) -> SmallVec<[Held; 1]> {
        let value = match &self.merged {
            Merged::Register => {
                let mut held: SmallVec<_> = self.heads.iter().map(|head| as_held(head)).collect();
                if held.is_empty() {
                    held.push(Held::default());
                }
                return held;
            }
            Merged::Counter(sum) => {
                let bounded = (*sum).clamp(i64::MIN.into(), i64::MAX.into());
                Value::Number(bounded as i64)
            }
            Merged::Set(items) => {
                let inside = items
                    .iter()
                    .filter(|item| !item.removed.covers_all(&item.inserted));
                let set = inside.fold(ItemSet::default(), |set, item| set.with(item.id));
                Value::Set(set)
            }
        };
        // Named after the last of what was merged, in an order in which what has seen another is later.
        let last = self.heads.iter().max_by_key(|head| rank(head));
        let version = last.map(|last| Version::Dotted {
            dot: last.dot,
            seen: self.taken,
        });
        let write = last.map(|last| last.write);
        SmallVec::from_iter([Held {
            version,
            value,
            write,
        }])
    }

    /// The first of what a read shows.
    pub fn first(&self) -> Held {
        self.held()[0]
    }

    /// The writes that it is made of where a disk is told of: the winner, or the siblings. `None` where
    /// all of them are.
    pub fn made_of(&self) -> Option<&[Arc<Update>]> {
        matches!(self.merged, Merged::Register).then_some(&self.heads)
    }

    /// Bytes, by estimate.
    pub fn bytes(&self) -> usize {
        let items = match &self.merged {
            Merged::Set(items) => items.len(),
            _ => 0,
        };
        size_of::<Self>() + items * size_of::<Item>()
    }
}

/// A write by itself, as a read shows it.
fn as_held(update: &Update) -> Held {
    Held {
        version: Some(update.version),
        value: match update.payload {
            Payload::Put(value) => value,
            _ => Value::Absent,
        },
        write: Some(update.write),
    }
}

/// Of two, the higher wins. No two have the same: a leader that lost its disk may give a version twice.
fn rank(update: &Update) -> (i64, u8, u32, u32) {
    let WriteId(write) = update.write;
    match update.version {
        Version::Stamp {
            at_us,
            coordinator,
            counter,
        } => (at_us, coordinator.0, counter, write),
        Version::Revision { count, node } => (count.into(), node.0, 0, write),
        // What has seen another has seen more than that.
        Version::Dotted { dot, seen } => {
            let sum = seen.0.iter().map(|count| i64::from(*count)).sum();
            (sum, dot.node.0, dot.counter.into(), write)
        }
        Version::Log(position) => (position.index.into(), 0, 0, write),
    }
}

/// In which order siblings are shown.
fn order(update: &Update) -> (u8, u16, u32) {
    (update.dot.node.0, update.dot.counter, update.write.0)
}

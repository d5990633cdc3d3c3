//! What is on a leaderless replica's disk: versions, side by side where neither covers the other; hints;
//! and what a coordinator must not forget of the versions that it has made.

use smallvec::SmallVec;

use crate::engine::time::LocalTime;
use crate::ids::{Held, KeyId, NodeId, OpId, Version, WriteId};
use crate::ordered::Ordered;
use crate::protocol::Disk;
use crate::scenario::Structure;
use crate::trace::Kind;

/// The versions of one key of which none covers another. With timestamps there is at most one.
pub(super) type Siblings = SmallVec<[Held; 1]>;

/// A replica's disk.
#[derive(Clone, Debug, PartialEq)]
pub struct Store {
    /// By key.
    pub(super) held: Vec<Siblings>,
    /// What it keeps for others, by whose it is and the operation that made it.
    pub(super) hints: Ordered<(NodeId, OpId), Hint>,
    /// Dotted versions: what it has made as a coordinator, by key.
    pub(super) made: Vec<Made>,
    /// Dotted versions: whether somebody has started on this disk. What has not is new, lost or restored.
    pub(super) started: bool,
}

/// What a coordinator has made of one key.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Made {
    /// The counter of its last dot.
    pub counter: u16,
    /// Those versions that nothing is known to cover.
    ///
    /// They go with every later one, so that who has a dot has every earlier one of that coordinator
    /// too, or what covers it. Without that a vector, which speaks of all dots up to a counter, would
    /// cover a sibling that its writer never saw.
    pub versions: Siblings,
}

impl Made {
    /// Forgets those that these cover.
    pub(super) fn settle(&mut self, by: &[Held]) {
        let supersedes = |by: &Held, one: &Held| by.version != one.version && has(&[*by], one);
        self.versions
            .retain(|one| !by.iter().any(|by| supersedes(by, one)));
    }
}

/// What is kept for one who is away.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Hint {
    pub home: NodeId,
    pub op: OpId,
    pub key: KeyId,
    pub write: WriteId,
    pub versions: Siblings,
    /// By the keeper's own clock.
    pub since: LocalTime,
}

/// A change to a disk.
#[derive(Clone, Debug, PartialEq)]
pub enum StoreChange {
    /// Versions are taken in.
    #[doc(hidden)]
    Take(Taken),
    /// A dot is taken, before anything with it leaves.
    #[doc(hidden)]
    Make(MadeOne),
    /// A hint is kept.
    #[doc(hidden)]
    Keep(KeptOne),
    /// A hint is dropped.
    #[doc(hidden)]
    Drop(DroppedOne),
    /// Somebody starts on this disk. Its counters skip so many dots, which somebody may have used.
    #[doc(hidden)]
    Start {
        /// How many.
        skip: u16,
    },
}

/// Versions that are taken in, and who waits for that.
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    pub(super) key: KeyId,
    pub(super) came: Siblings,
    pub(super) whose: Waiter,
}

/// Who waits for versions to be on disk.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Waiter {
    /// The coordinator of a write.
    Writer(NodeId, OpId, WriteId),
    /// The keeper of a hint.
    Keeper(NodeId, OpId, WriteId, u32),
    /// The coordinator of a read.
    Reader(NodeId, OpId),
    /// Nobody.
    Nobody,
}

impl Waiter {
    /// The write that is meant to be stored, where it is one.
    pub(super) fn write(self) -> Option<WriteId> {
        match self {
            Waiter::Writer(_, _, write) | Waiter::Keeper(_, _, write, _) => Some(write),
            Waiter::Reader(..) | Waiter::Nobody => None,
        }
    }
}

/// A dot that is taken.
#[derive(Clone, Debug, PartialEq)]
pub struct MadeOne {
    pub(super) op: OpId,
    pub(super) key: KeyId,
    pub(super) made: Made,
}

/// A hint that is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptOne {
    pub(super) hint: Hint,
    /// The coordinator whose write it counts for; none where it does not count.
    pub(super) coordinator: Option<NodeId>,
}

/// A hint that is dropped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DroppedOne {
    pub(super) home: NodeId,
    pub(super) op: OpId,
    pub(super) expired: bool,
}

impl Disk for Store {
    type Change = StoreChange;

    fn empty(structure: &Structure) -> Self {
        let keys = usize::from(structure.keys);
        Store {
            held: vec![Siblings::new(); keys],
            hints: Ordered::default(),
            made: vec![Made::default(); keys],
            started: false,
        }
    }

    fn apply(&mut self, change: &StoreChange) {
        match change {
            StoreChange::Take(Taken { key, came, .. }) => {
                let held = &mut self.held[usize::from(key.0)];
                for one in came {
                    take_in(held, *one);
                }
            }
            StoreChange::Make(MadeOne { key, made, .. }) => {
                self.made[usize::from(key.0)] = made.clone();
            }
            StoreChange::Keep(KeptOne { hint, .. }) => {
                self.hints.insert((hint.home, hint.op), hint.clone());
            }
            StoreChange::Drop(DroppedOne { home, op, .. }) => {
                self.hints.remove((*home, *op));
            }
            StoreChange::Start { skip } => {
                self.started = true;
                for made in &mut self.made {
                    made.counter = made.counter.saturating_add(*skip);
                }
            }
        }
    }

    /// Dots that were made after the copy are forgotten with it, and who took one again would have its
    /// write dropped as seen. Real systems change the node's identity; here whoever starts on it skips.
    fn restored(&self, _: Option<LocalTime>) -> Self {
        Store {
            started: false,
            ..self.clone()
        }
    }

    fn contents(&self, node: NodeId) -> Vec<Kind> {
        let stored = |(key, held): (usize, &Held)| {
            Some(Kind::Stored {
                node,
                key: KeyId(key as u8),
                version: held.version?,
                write: held.write?,
                newest: true,
            })
        };
        let keys = self.held.iter().enumerate();
        let versions = keys.flat_map(|(key, held)| held.iter().map(move |one| (key, one)));
        let hints = self.hints.iter().map(|(_, hint)| Kind::HintKept {
            node,
            home: hint.home,
            key: hint.key,
            write: hint.write,
        });
        versions.filter_map(stored).chain(hints).collect()
    }

    fn bytes(&self) -> usize {
        let beside: usize = self
            .held
            .iter()
            .map(|held| held.len().saturating_sub(1))
            .sum();
        self.held.len() * size_of::<Siblings>()
            + self.made.len() * size_of::<Made>()
            + self.hints.len() * size_of::<Hint>()
            + beside * size_of::<Held>()
    }
}

/// Takes in a version, unless one that is held covers it; what it covers goes. Returns whether it did.
///
/// The order among siblings is that of their dots, so that who has the same ones shows the same.
pub(super) fn take_in(held: &mut Siblings, came: Held) -> bool {
    if has(held, &came) {
        return false;
    }
    held.retain(|other| !crate::ids::covers(came.version, other.version));
    let place = held
        .iter()
        .take_while(|other| rank(other) < rank(&came))
        .count();
    held.insert(place, came);
    true
}

/// Whether one of these equals or covers a version.
pub(super) fn has(held: &[Held], wanted: &Held) -> bool {
    held.iter()
        .any(|one| crate::ids::covers(one.version, wanted.version))
}

/// Whether each of those is equalled or covered by one of these.
pub(super) fn has_all(held: &[Held], wanted: &[Held]) -> bool {
    wanted.iter().all(|one| has(held, one))
}

/// Where a version stands among its siblings.
pub(super) fn rank(held: &Held) -> (u8, u16) {
    match held.version {
        Some(Version::Dotted { dot, .. }) => (dot.node.0, dot.counter),
        _ => (0, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Dot, Value, Vector};

    fn dotted(node: u8, counter: u16, seen: &[(u8, u16)]) -> Held {
        let mut vector = Vector::default();
        for (node, counter) in seen {
            vector.cover(Dot {
                node: NodeId(*node),
                counter: *counter,
            });
        }
        let dot = Dot {
            node: NodeId(node),
            counter,
        };
        Held {
            version: Some(Version::Dotted { dot, seen: vector }),
            value: Value::Number(i64::from(counter)),
            write: Some(WriteId(u32::from(node) * 100 + u32::from(counter))),
        }
    }

    fn taken(came: &[Held]) -> Siblings {
        let mut held = Siblings::new();
        for one in came {
            take_in(&mut held, *one);
        }
        held
    }

    #[test]
    fn two_that_have_not_seen_each_other_both_stay_and_one_that_saw_both_replaces_them() {
        let (one, other) = (dotted(0, 1, &[]), dotted(1, 1, &[]));
        assert_eq!(taken(&[other, one]).as_slice(), [one, other]);
        let both = dotted(0, 2, &[(0, 1), (1, 1)]);
        assert_eq!(taken(&[one, other, both]).as_slice(), [both]);
        assert_eq!(taken(&[both, one, other]).as_slice(), [both]);
    }

    #[test]
    fn one_coordinator_s_second_write_does_not_hide_its_first_from_who_never_saw_it() {
        // The dot keeps them apart: a plain version vector would have the second dominate.
        let (one, other) = (dotted(0, 1, &[]), dotted(0, 2, &[]));
        assert_eq!(taken(&[one, other]).as_slice(), [one, other]);
    }

    #[test]
    fn the_order_in_which_versions_come_does_not_matter() {
        let mut number = 1_u32;
        let mut next = |below: u32| {
            number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (number >> 16) % below
        };
        for _ in 0..500 {
            // A history: each write has seen some of those before it, and what those had seen.
            let mut history: Vec<Held> = Vec::new();
            let mut counters = [0_u16; 3];
            for _ in 0..6 {
                let mut seen = Vector::default();
                for one in &history {
                    let Some(Version::Dotted { dot, seen: its }) = one.version else {
                        continue;
                    };
                    let earlier = (1..=dot.counter).all(|counter| {
                        seen.covers(Dot { counter, ..dot }) || counter == dot.counter
                    });
                    if earlier && next(2) == 0 {
                        seen.join(&its);
                        seen.cover(dot);
                    }
                }
                let node = next(3) as u8;
                counters[usize::from(node)] += 1;
                let dot = Dot {
                    node: NodeId(node),
                    counter: counters[usize::from(node)],
                };
                history.push(Held {
                    version: Some(Version::Dotted { dot, seen }),
                    ..Held::default()
                });
            }
            let in_order = taken(&history);
            let mut shuffled = history.clone();
            for at in (1..shuffled.len()).rev() {
                shuffled.swap(at, next(at as u32 + 1) as usize);
            }
            assert_eq!(taken(&shuffled), in_order);
            // What is kept is just what no other write had seen.
            let survivors = history.iter().filter(|one| {
                !history
                    .iter()
                    .any(|other| other != *one && has(&[*other], one))
            });
            assert_eq!(in_order.len(), survivors.count());
        }
    }
}

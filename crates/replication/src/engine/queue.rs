//! What is still to happen, in order: by time, then by the order in which it was put in.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::engine::time::SimTime;

/// A priority queue over model time.
///
/// The heap sorts small keys; the events themselves stay where they are.
#[derive(Clone, Debug)]
pub struct Queue<E> {
    heap: BinaryHeap<Reverse<Key>>,
    events: Vec<Option<E>>,
    free: Vec<u32>,
    next: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    at: SimTime,
    order: u64,
    slot: u32,
}

impl<E> Queue<E> {
    /// Nothing.
    pub fn new() -> Self {
        Queue {
            heap: BinaryHeap::new(),
            events: Vec::new(),
            free: Vec::new(),
            next: 0,
        }
    }

    /// Puts an event in.
    pub fn push(&mut self, at: SimTime, event: E) {
        let slot = match self.free.pop() {
            Some(slot) => {
                self.events[slot as usize] = Some(event);
                slot
            }
            None => {
                self.events.push(Some(event));
                self.events.len() as u32 - 1
            }
        };
        self.heap.push(Reverse(Key {
            at,
            order: self.next,
            slot,
        }));
        self.next += 1;
    }

    /// When the next event comes.
    pub fn next_at(&self) -> Option<SimTime> {
        self.heap.peek().map(|Reverse(key)| key.at)
    }

    /// Takes the next event out.
    pub fn pop(&mut self) -> Option<(SimTime, E)> {
        let Reverse(key) = self.heap.pop()?;
        self.free.push(key.slot);
        let event = self.events[key.slot as usize].take();
        event.map(|event| (key.at, event))
    }

    /// Takes those events out that are meant, in the order in which they would come.
    pub fn extract(&mut self, mut is_meant: impl FnMut(&E) -> bool) -> Vec<(SimTime, E)> {
        let Queue {
            heap, events, free, ..
        } = self;
        let mut taken = Vec::new();
        heap.retain(|Reverse(key)| {
            let event = &mut events[key.slot as usize];
            let is_meant = event.as_ref().is_some_and(&mut is_meant);
            if is_meant {
                taken.push((*key, event.take()));
                free.push(key.slot);
            }
            !is_meant
        });
        taken.sort_unstable_by_key(|(key, _)| *key);
        let taken = taken.into_iter();
        taken
            .filter_map(|(key, event)| Some((key.at, event?)))
            .collect()
    }

    /// All events, in no particular order.
    pub fn events(&self) -> impl Iterator<Item = &E> {
        self.events.iter().flatten()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    /// All events in the order in which they will come.
    fn sorted(&self) -> Vec<(SimTime, u64, &E)> {
        let mut keys: Vec<Key> = self.heap.iter().map(|Reverse(key)| *key).collect();
        keys.sort_unstable();
        keys.iter()
            .filter_map(|key| {
                self.events[key.slot as usize]
                    .as_ref()
                    .map(|event| (key.at, key.order, event))
            })
            .collect()
    }
}

impl<E> Default for Queue<E> {
    fn default() -> Self {
        Queue::new()
    }
}

/// Equal where the same events would come in the same order, wherever they are kept.
impl<E: PartialEq> PartialEq for Queue<E> {
    fn eq(&self, other: &Self) -> bool {
        self.next == other.next && self.sorted() == other.sorted()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_by_time_then_in_the_order_put_in() {
        let mut queue = Queue::new();
        for (at, name) in [(5, "c"), (1, "a"), (5, "d"), (3, "b")] {
            queue.push(SimTime(at), name);
        }
        assert_eq!(queue.pop(), Some((SimTime(1), "a")));
        queue.push(SimTime(5), "e");
        let rest: String = std::iter::from_fn(|| queue.pop())
            .map(|(_, name)| name)
            .collect();
        assert_eq!(rest, "bcde");
    }

    #[test]
    fn what_is_taken_out_leaves_the_order_of_the_rest() {
        let mut queue = Queue::new();
        for (at, name) in [(5, "c"), (1, "a"), (5, "d"), (3, "b")] {
            queue.push(SimTime(at), name);
        }
        let taken = queue.extract(|name| ["d", "a"].contains(name));
        assert_eq!(taken, [(SimTime(1), "a"), (SimTime(5), "d")]);
        // Their room is used again.
        queue.push(SimTime(4), "e");
        queue.push(SimTime(5), "f");
        assert_eq!(queue.events().count(), queue.len());
        let rest: String = std::iter::from_fn(|| queue.pop())
            .map(|(_, name)| name)
            .collect();
        assert_eq!(rest, "becf");
    }
}

//! What is still to happen, in order: by time, then by the order in which it was put in.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::engine::time::SimTime;

/// A priority queue over model time.
#[derive(Clone, Debug)]
pub struct Queue<E> {
    heap: BinaryHeap<Reverse<Item<E>>>,
    next: u64,
}

#[derive(Clone, Debug)]
struct Item<E> {
    at: SimTime,
    order: u64,
    event: E,
}

impl<E> Queue<E> {
    /// Nothing.
    pub fn new() -> Self {
        Queue { heap: BinaryHeap::new(), next: 0 }
    }

    /// Puts an event in.
    pub fn push(&mut self, at: SimTime, event: E) {
        self.heap.push(Reverse(Item { at, order: self.next, event }));
        self.next += 1;
    }

    /// When the next event comes.
    pub fn next_at(&self) -> Option<SimTime> {
        self.heap.peek().map(|Reverse(item)| item.at)
    }

    /// Takes the next event out.
    pub fn pop(&mut self) -> Option<(SimTime, E)> {
        self.heap.pop().map(|Reverse(item)| (item.at, item.event))
    }

    /// All events, in no particular order.
    pub fn events(&self) -> impl Iterator<Item = &E> {
        self.heap.iter().map(|Reverse(item)| &item.event)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }
}

impl<E> Default for Queue<E> {
    fn default() -> Self {
        Queue::new()
    }
}

/// Equal where the same events would come in the same order, whatever shape the heap has.
impl<E: PartialEq> PartialEq for Queue<E> {
    fn eq(&self, other: &Self) -> bool {
        fn sorted<E>(queue: &Queue<E>) -> Vec<&Item<E>> {
            let mut items: Vec<_> = queue.heap.iter().map(|Reverse(item)| item).collect();
            items.sort_unstable();
            items
        }
        let (ours, theirs) = (sorted(self), sorted(other));
        ours.len() == theirs.len() && ours.iter().zip(&theirs).all(|(a, b)| a == b && a.event == b.event)
    }
}

impl<E> PartialEq for Item<E> {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.order) == (other.at, other.order)
    }
}

impl<E> Eq for Item<E> {}

impl<E> PartialOrd for Item<E> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Item<E> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

//! Linearizable: whether, for each key, some order of its operations that respects real time explains what
//! they were told.
//!
//! Keys are judged one by one: linearizability is local. Where all values written to a key differ, and
//! nothing is swapped, [`zones`] decide it in O(n log n); else [`frontier`] searches.

use crate::evidence::{self, Closure};
use crate::{Action, History, Operation, Steps, ValueId, Verdict};

mod frontier;
#[cfg(test)]
mod tests;
mod zones;

/// What becomes of the operations on a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judged {
    /// Some order explains them.
    Yes,
    /// None does, not even those that begin before this place of the timeline.
    No(u32),
    /// The budget was too small.
    Unknown,
}

/// Judges all keys. The first `no` gives the evidence.
pub(crate) fn judge(history: &History, steps: &mut Steps) -> Verdict {
    let mut verdict = Verdict::Yes;
    for (key, operations) in history.by_key().iter().enumerate() {
        let initial = history.initial[key];
        let timeline = Timeline::of(operations, Ties::Overlap);
        match judge_key(operations, &timeline, initial, steps) {
            Judged::Yes => {}
            Judged::No(place) => return Verdict::No(proof(operations, &timeline, initial, place)),
            Judged::Unknown => verdict = Verdict::Unknown,
        }
    }
    verdict
}

/// By key, whether some order is found that explains it and keeps to each session's own, where its operations
/// touch too.
pub(crate) fn explained(history: &History, steps: &mut Steps) -> Vec<bool> {
    let by_key = history.by_key();
    let keys = by_key.iter().zip(&history.initial);
    keys.map(|(operations, initial)| {
        let ties = match touch(operations) {
            true => Ties::Follow,
            false => Ties::Overlap,
        };
        let timeline = Timeline::of(operations, ties);
        judge_key(operations, &timeline, *initial, steps) == Judged::Yes
    })
    .collect()
}

/// Whether a session's operation returns no earlier than another of its own, that comes after it, is invoked.
fn touch(operations: &[Operation]) -> bool {
    let mut latest: Vec<Option<u32>> = Vec::new();
    operations.iter().any(|operation| {
        let session = operation.session.0 as usize;
        if latest.len() <= session {
            latest.resize(session + 1, None);
        }
        let touches = latest[session].is_some_and(|ends| ends >= operation.begins);
        latest[session] = latest[session].max(operation.ends);
        touches
    })
}

/// Judges the operations on each key alone, by this timeline's rule for operations that touch.
pub(crate) fn judge_key(
    operations: &[Operation],
    timeline: &Timeline,
    initial: ValueId,
    steps: &mut Steps,
) -> Judged {
    if let Some(place) = from_nowhere(operations, timeline, initial) {
        return Judged::No(place);
    }
    if is_simple(operations, initial) {
        return zones::judge(operations, timeline, initial);
    }
    frontier::judge(operations, timeline, initial, steps)
}

/// A few lines that alone show it.
fn proof(operations: &[Operation], timeline: &Timeline, initial: ValueId, place: u32) -> Vec<u32> {
    // What begins later has no part in it. What ended last is likeliest to have one.
    let mut order: Vec<usize> = (0..operations.len())
        .filter(|operation| timeline.spans[*operation].0 <= place)
        .collect();
    order.sort_unstable_by_key(|operation| {
        let (begins, ends) = timeline.spans[*operation];
        std::cmp::Reverse(if ends == OPEN { begins } else { ends })
    });
    let closure = Closure::of_register(operations);
    let mut steps = Steps::new(evidence::STEPS);
    let smallest = evidence::smallest(operations, &order, &closure, &mut |some| {
        // What takes long is left undecided: something else is likelier to be quick proof.
        let mut own = Steps::new(evidence::STEPS_EACH.min(steps.left()));
        let given = own.left();
        let timeline = Timeline::of(some, Ties::Overlap);
        let judged = judge_key(some, &timeline, initial, &mut own);
        let is_left = steps.take(given - own.left() + some.len() as u64);
        is_left.then_some(matches!(judged, Judged::No(_)))
    });
    evidence::lines(&smallest)
}

/// Whether zones can tell: a register, all of whose values differ.
fn is_simple(operations: &[Operation], initial: ValueId) -> bool {
    let mut written = vec![initial];
    for operation in operations {
        match operation.action {
            Action::Write(value) => written.push(value),
            Action::Read(_) => {}
            Action::Swap(..) | Action::NoSwap(_) => return false,
        }
    }
    written.sort_unstable();
    written.windows(2).all(|pair| pair[0] != pair[1])
}

/// Where somebody first saw a value that nobody could have written by then.
fn from_nowhere(operations: &[Operation], timeline: &Timeline, initial: ValueId) -> Option<u32> {
    let mut first: Vec<(ValueId, u32)> = vec![(initial, 0)];
    for (operation, span) in operations.iter().zip(&timeline.spans) {
        first.extend(operation.wrote().map(|value| (value, span.0)));
    }
    first.sort_unstable();
    let seen = operations.iter().zip(&timeline.spans);
    let unexplained = seen.filter_map(|(operation, span)| {
        let value = operation.saw()?;
        let place = first.partition_point(|(other, _)| *other < value);
        let is_explained = first
            .get(place)
            .is_some_and(|(other, begins)| *other == value && *begins < span.1);
        (!is_explained).then_some(span.1)
    });
    unexplained.min()
}

/// What has not ended ends here.
pub(crate) const OPEN: u32 = u32::MAX;

/// What touches: one operation returns at the very moment when another is invoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ties {
    /// Neither precedes the other.
    Overlap,
    /// The one that returns precedes the other; of two that take no time at all, the one that is first in
    /// the list. A stricter rule than that of a history, and so sound for a `yes`.
    Follow,
}

/// Invocations and returns in one order, without ties.
pub(crate) struct Timeline {
    /// By operation, the places of its invocation and its return; `OPEN` where it has none.
    pub(crate) spans: Vec<(u32, u32)>,
    /// By place, from 1, the operation and whether it returns.
    pub(crate) events: Vec<(usize, bool)>,
}

impl Timeline {
    pub(crate) fn of(operations: &[Operation], ties: Ties) -> Self {
        let mut order: Vec<(u32, u32, usize, bool)> = Vec::new();
        for (place, operation) in operations.iter().enumerate() {
            let is_instant = operation.ends == Some(operation.begins);
            let (invoke, returns) = match ties {
                Ties::Overlap => ((0, place), (1, place)),
                Ties::Follow if is_instant => ((1, place), (1, place)),
                Ties::Follow => ((2, place), (0, place)),
            };
            order.push((operation.begins, invoke.0, invoke.1, false));
            if let Some(ends) = operation.ends {
                order.push((ends, returns.0, returns.1, true));
            }
        }
        order.sort_unstable();
        let mut timeline = Timeline {
            spans: vec![(0, OPEN); operations.len()],
            events: Vec::new(),
        };
        for (place, (_, _, operation, is_return)) in (1..).zip(order) {
            let span = &mut timeline.spans[operation];
            *(if is_return { &mut span.1 } else { &mut span.0 }) = place;
            timeline.events.push((operation, is_return));
        }
        timeline
    }
}

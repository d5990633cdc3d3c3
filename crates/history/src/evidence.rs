//! The few operations that prove a violation.
//!
//! A part of a history proves something of the whole only where it is *closed*: with each operation that saw
//! a value come the writes that it may have seen. Then what explains the whole explains the part, so that
//! where nothing explains the part nothing explains the whole.

use crate::{Action, Operation, ValueId};

/// How many steps the search for evidence may take.
pub(crate) const STEPS: u64 = 30_000_000;
/// How many of them one attempt may take.
pub(crate) const STEPS_EACH: u64 = 2_000_000;

/// How many operations are tried out one by one in the end.
const TRIED_MAX: usize = 200;

/// Which writes an operation may have seen.
pub(crate) struct Closure {
    /// By key and value, the operations that may have written it.
    writers: Vec<(u32, ValueId, usize)>,
    /// Where real time counts, a write that was certainly overwritten before a read began isn't what it saw.
    real_time: bool,
}

impl Closure {
    /// Of the operations on one key, in real time.
    pub(crate) fn of_register(operations: &[Operation]) -> Self {
        Self::of(operations, true)
    }

    /// Of operations on all keys, without time.
    pub(crate) fn of_sessions(operations: &[Operation]) -> Self {
        Self::of(operations, false)
    }

    fn of(operations: &[Operation], real_time: bool) -> Self {
        let written = operations
            .iter()
            .enumerate()
            .filter_map(|(place, operation)| Some((operation.key.0, operation.wrote()?, place)));
        let mut writers: Vec<_> = written.collect();
        writers.sort_unstable();
        Self { writers, real_time }
    }

    /// The operations and what they may have seen, in order.
    fn close(&self, operations: &[Operation], some: &[usize]) -> Vec<usize> {
        let mut is_in = vec![false; operations.len()];
        let mut open: Vec<usize> = Vec::new();
        for place in some {
            if !std::mem::replace(&mut is_in[*place], true) {
                open.push(*place);
            }
        }
        let overwritings = self.overwritings(operations, &open);
        while let Some(place) = open.pop() {
            let reader = &operations[place];
            let mut add = |of: &[(u32, ValueId, usize)], but: Option<ValueId>| {
                for (_, value, writer) in of {
                    if Some(*value) != but
                        && !is_in[*writer]
                        && self.may_see(reader, &operations[*writer], &overwritings)
                    {
                        is_in[*writer] = true;
                        open.push(*writer);
                    }
                }
            };
            match reader.action {
                Action::Write(_) => {}
                Action::Read(value) | Action::Swap(value, _) => {
                    add(self.of_value(reader.key.0, value), None);
                }
                Action::NoSwap(value) => add(self.of_key(reader.key.0), Some(value)),
            }
        }
        (0..operations.len())
            .filter(|place| is_in[*place])
            .collect()
    }

    fn of_key(&self, key: u32) -> &[(u32, ValueId, usize)] {
        let from = self.writers.partition_point(|(other, ..)| *other < key);
        let to = self.writers.partition_point(|(other, ..)| *other <= key);
        &self.writers[from..to]
    }

    fn of_value(&self, key: u32, value: ValueId) -> &[(u32, ValueId, usize)] {
        let place = |writer: &(u32, ValueId, usize)| (writer.0, writer.1);
        let from = self.writers.partition_point(|w| place(w) < (key, value));
        let to = self.writers.partition_point(|w| place(w) <= (key, value));
        &self.writers[from..to]
    }

    /// When the overwriting operations among these ended, and the latest beginning up to there.
    fn overwritings(&self, operations: &[Operation], some: &[usize]) -> Vec<(u32, u32)> {
        let of_some = some.iter().map(|place| &operations[*place]);
        let ended = of_some.filter(|operation| operation.wrote().is_some());
        let mut ended: Vec<(u32, u32)> = ended
            .filter_map(|operation| Some((operation.ends?, operation.begins)))
            .collect();
        ended.sort_unstable();
        let mut latest = 0;
        for (_, begins) in &mut ended {
            latest = latest.max(*begins);
            *begins = latest;
        }
        ended
    }

    fn may_see(&self, reader: &Operation, writer: &Operation, overwritings: &[(u32, u32)]) -> bool {
        if !self.real_time {
            return true;
        }
        if reader.ends.is_some_and(|ends| ends < writer.begins) {
            return false;
        }
        let before = overwritings.partition_point(|(ends, _)| *ends < reader.begins);
        let latest = before.checked_sub(1).map(|place| overwritings[place].1);
        match (writer.ends, latest) {
            (Some(ends), Some(latest)) => ends >= latest,
            _ => true,
        }
    }
}

/// A small closed part of the operations that still proves it, given that all of them do.
///
/// The order names those that may have a part in it, likeliest first. `proves` says whether some operations
/// prove it, and `None` once its budget is spent: then it stays with what it has.
pub(crate) fn smallest(
    operations: &[Operation],
    order: &[usize],
    closure: &Closure,
    proves: &mut dyn FnMut(&[Operation]) -> Option<bool>,
) -> Vec<Operation> {
    let mut is_spent = false;
    let mut proves = |some: &[Operation]| {
        let proof = if is_spent { None } else { proves(some) };
        is_spent |= proof.is_none();
        proof == Some(true)
    };
    let mut closed_proves = |some: &[usize]| -> Option<Vec<usize>> {
        let closed = closure.close(operations, some);
        proves(&picked(operations, &closed)).then_some(closed)
    };
    // What is closed can only gain in proof: the last of the shortest beginning that proves it is needed.
    let mut needed: Vec<usize> = Vec::new();
    let mut upto = order.len();
    let mut best = None;
    loop {
        if let Some(closed) = closed_proves(&needed) {
            best = Some(closed);
            break;
        }
        let mut attempt = |length: usize| -> bool {
            let some = [&needed, &order[..length]].concat();
            let closed = closed_proves(&some);
            let is_proof = closed.is_some();
            best = closed.or(best.take());
            is_proof
        };
        let (mut too_few, mut enough) = (0, 1);
        while enough < upto && !attempt(enough) {
            (too_few, enough) = (enough, enough * 2);
        }
        enough = enough.min(upto);
        while enough - too_few > 1 {
            let middle = usize::midpoint(too_few, enough);
            match attempt(middle) {
                true => enough = middle,
                false => too_few = middle,
            }
        }
        if enough == 0 {
            break;
        }
        needed.push(order[enough - 1]);
        upto = enough - 1;
    }
    let Some(mut kept) = best else {
        // Not even all of them within the budget.
        return picked(operations, &closure.close(operations, order));
    };
    if kept.len() <= TRIED_MAX {
        for place in kept.clone() {
            let without: Vec<usize> = kept.iter().copied().filter(|k| *k != place).collect();
            let closed = closure.close(operations, &without);
            if closed.len() < kept.len() && proves(&picked(operations, &closed)) {
                kept = closed;
            }
        }
    }
    picked(operations, &kept)
}

fn picked(operations: &[Operation], places: &[usize]) -> Vec<Operation> {
    places.iter().map(|place| operations[*place]).collect()
}

/// Their lines, in order.
pub(crate) fn lines(operations: &[Operation]) -> Vec<u32> {
    let mut lines: Vec<u32> = operations.iter().map(|operation| operation.line).collect();
    lines.sort_unstable();
    lines
}

/// The lines of a small part of all operations that proves what needs no time. Some of them are known to be
/// enough, or nearly.
pub(crate) fn of_sessions(
    operations: &[Operation],
    some: &[Operation],
    proves: &mut dyn FnMut(&[Operation]) -> Option<bool>,
) -> Vec<u32> {
    let known = lines(some);
    let is_known = |place: &usize| known.binary_search(&operations[*place].line).is_ok();
    let (mut order, others): (Vec<usize>, Vec<usize>) =
        (0..operations.len()).partition(|place| is_known(place));
    order.extend(others);
    let closure = Closure::of_sessions(operations);
    lines(&smallest(operations, &order, &closure, proves))
}

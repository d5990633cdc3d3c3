//! The four session guarantees, for each key by the order of its versions.
//!
//! A version is what a write installed, or what was there before all. A guarantee asks of pairs of them that
//! the one comes no later than the other:
//!
//! - read your writes: the session's last write that it was told of, before what it then read;
//! - monotonic reads: what it read, before what it read later;
//! - monotonic writes: what it wrote and was told of, before what it wrote later;
//! - writes follow reads: what it had read, before what it wrote then.
//!
//! A swap is a read and then a write. A write whose outcome is unknown comes before nothing, and later than
//! others only where somebody saw it or `version_order` has it.
//!
//! Where `version_order` is given for the key, that is the order ([`given`]); what is not in it has no place.
//! Else the order is derived as far as it can be ([`derived`]): the initial value is first, and what a swap found
//! precedes what it wrote. Time tells nothing: a store whose clocks are skewed orders writes otherwise, and
//! breaks nothing by it. Then `no` means
//! that no order with all that does what is asked, though there are some, and `yes` that every one does. Where the operations on the
//! key are linearizable, the order of that explanation keeps all four, and the verdict is `yes`. What is left
//! is `unknown`.

use crate::{Action, History, Operation, Steps, ValueId, Verdict};

mod derived;
mod given;
#[cfg(test)]
mod tests;

/// How many operations are tried out one by one.
const TRIED_MAX: usize = 400;

/// One of the four.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guarantee {
    ReadYourWrites,
    MonotonicReads,
    MonotonicWrites,
    WritesFollowReads,
}

/// What becomes of the operations on one key.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Judged {
    Yes,
    /// These operations, by their places, show it; perhaps with more than are needed.
    No(Vec<usize>),
    Unknown,
}

/// A version that a session saw or wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mention {
    /// The operation, by its place.
    place: usize,
    value: ValueId,
    /// Whether it wrote the value; else it saw it.
    wrote: bool,
    begins: u32,
    /// From when on the session knows it; `None` where it was never told.
    ends: Option<u32>,
}

impl Mention {
    /// Whether the session knew it before another began.
    fn is_over(&self, other: &Mention) -> bool {
        self.place != other.place && self.ends.is_some_and(|ends| ends <= other.begins)
            || self.place == other.place && !self.wrote && other.wrote
    }
}

/// Judges one guarantee. `linearizable` says of which keys it is known that some order explains them.
pub(crate) fn judge(
    history: &History,
    guarantee: Guarantee,
    linearizable: &[bool],
    steps: &mut Steps,
) -> Verdict {
    let mut verdict = Verdict::Yes;
    for (key, operations) in history.by_key().iter().enumerate() {
        let initial = history.initial[key];
        let order = history.version_order[key].as_deref();
        match judge_key(operations, initial, order, guarantee, steps) {
            Judged::Yes => {}
            Judged::No(some) => {
                let few = fewest(operations, some, initial, order, guarantee, steps);
                return Verdict::No(crate::evidence::lines(&few));
            }
            Judged::Unknown if order.is_none() && linearizable[key] => {}
            Judged::Unknown => verdict = Verdict::Unknown,
        }
    }
    verdict
}

fn judge_key(
    operations: &[Operation],
    initial: ValueId,
    order: Option<&[ValueId]>,
    guarantee: Guarantee,
    steps: &mut Steps,
) -> Judged {
    match order {
        Some(order) => given::judge(operations, initial, order, guarantee),
        None => derived::judge(operations, initial, guarantee, steps),
    }
}

/// Leaves out what isn't needed, one operation after another.
fn fewest(
    operations: &[Operation],
    mut some: Vec<usize>,
    initial: ValueId,
    order: Option<&[ValueId]>,
    guarantee: Guarantee,
    steps: &mut Steps,
) -> Vec<Operation> {
    some.sort_unstable();
    some.dedup();
    let mut kept: Vec<Operation> = some.iter().map(|place| operations[*place]).collect();
    let proves = |kept: &[Operation], steps: &mut Steps| {
        matches!(
            judge_key(kept, initial, order, guarantee, steps),
            Judged::No(_)
        )
    };
    if !proves(&kept, steps) {
        kept = operations.to_vec();
    }
    if kept.len() > TRIED_MAX {
        return kept;
    }
    for place in (0..kept.len()).rev() {
        let mut without = kept.clone();
        without.remove(place);
        if proves(&without, steps) {
            kept = without;
        }
    }
    kept
}

impl Guarantee {
    /// Whether what is asked concerns an earlier version that the session wrote, or else saw.
    fn is_of_own(self) -> bool {
        matches!(self, Guarantee::ReadYourWrites | Guarantee::MonotonicWrites)
    }

    /// Whether it is asked of what the session then wrote, or else of what it then saw.
    fn asks_writes(self) -> bool {
        matches!(
            self,
            Guarantee::MonotonicWrites | Guarantee::WritesFollowReads
        )
    }
}

/// What each session saw and wrote, in its order; a swap sees and then writes. Of the writes without a known
/// outcome only those that took effect, as `installed` says.
fn sessions(operations: &[Operation], installed: impl Fn(usize) -> bool) -> Vec<Vec<Mention>> {
    let mut sessions: Vec<Vec<Mention>> = Vec::new();
    for (place, operation) in operations.iter().enumerate() {
        let session = operation.session.0 as usize;
        if sessions.len() <= session {
            sessions.resize(session + 1, Vec::new());
        }
        let mention = |value: ValueId, wrote: bool| Mention {
            place,
            value,
            wrote,
            begins: operation.begins,
            ends: operation.ends,
        };
        let saw = operation.saw();
        sessions[session].extend(saw.map(|value| mention(value, false)));
        let wrote = operation.wrote();
        let wrote = wrote.filter(|_| operation.ends.is_some() || installed(place));
        sessions[session].extend(wrote.map(|value| mention(value, true)));
    }
    sessions
}

/// What a session knew of before it did something.
#[derive(Default)]
struct Known {
    /// What it will have been told, though not yet.
    open: Vec<Mention>,
    /// What it has been told that nobody has asked for yet.
    new: Vec<Mention>,
}

impl Known {
    /// What the session came to know since the last time, before `next`.
    fn before(&mut self, next: &Mention) -> &[Mention] {
        self.new.clear();
        let (open, new) = (&mut self.open, &mut self.new);
        open.retain(|mention| {
            let is_over = mention.is_over(next);
            if is_over {
                new.push(*mention);
            }
            !is_over
        });
        &self.new
    }
}

/// What the operation found before it wrote, where it is known to have swapped.
fn swapped(operation: &Operation) -> Option<ValueId> {
    match operation.action {
        Action::Swap(from, _) if operation.ends.is_some() => Some(from),
        _ => None,
    }
}

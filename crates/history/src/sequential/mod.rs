//! Sequential consistency: whether one order of all operations, on all keys, that keeps each session's own
//! explains what they were told. It knows no real time.
//!
//! To decide it is NP-hard. So first what must come before what is followed as far as it leads ([`forced`]):
//! where it goes round in a circle there is no such order. Then the sessions are replayed side by side
//! ([`replay`]), within what is forced and within a budget.

use crate::evidence;
use crate::sequential::forced::Forced;
use crate::{History, Operation, Steps, ValueId, Verdict};

mod forced;
mod replay;
#[cfg(test)]
mod tests;

/// Whether it is known because each key is linearizable, in orders that keep the sessions' own.
pub(crate) fn is_explained(history: &History, explained: &[bool]) -> bool {
    explained.iter().all(|explained| *explained) && sessions_follow(history)
}

/// Judges all operations.
pub(crate) fn judge(history: &History, steps: &mut Steps) -> Verdict {
    let operations = &history.operations;
    let found = find(operations, &history.initial, steps);
    let some = match found {
        Found::Yes => return Verdict::Yes,
        Found::Unknown => return Verdict::Unknown,
        Found::No(some) => some,
    };
    let mut steps = Steps::new(evidence::STEPS);
    Verdict::No(evidence::of_sessions(
        operations,
        &some,
        &mut |some| match find(some, &history.initial, &mut steps) {
            Found::Unknown => None,
            found => Some(matches!(found, Found::No(_))),
        },
    ))
}

/// What becomes of some operations.
enum Found {
    /// Such an order exists.
    Yes,
    /// None does, and for that these are enough.
    No(Vec<Operation>),
    /// The budget is too small.
    Unknown,
}

fn find(operations: &[Operation], initial: &[ValueId], steps: &mut Steps) -> Found {
    let share = steps.left() / 4;
    let mut of_forced = Steps::new(share);
    let forced = forced::follow(operations, initial, &mut of_forced);
    steps.take(share - of_forced.left());
    let (graph, edges) = match forced {
        Forced::Circle(some) => return Found::No(some),
        Forced::Edges(graph, edges) => (graph, edges),
    };
    match replay::is_possible(&graph, &edges, initial, steps) {
        Some(true) => Found::Yes,
        Some(false) => Found::No(operations.to_vec()),
        None => Found::Unknown,
    }
}

/// Whether no session began an operation before the one before had returned.
fn sessions_follow(history: &History) -> bool {
    let mut latest = vec![0; history.sessions.len()];
    history.operations.iter().all(|operation| {
        let latest = &mut latest[operation.session.0 as usize];
        let follows = *latest <= operation.begins;
        *latest = (*latest).max(operation.ends.unwrap_or(0));
        follows
    })
}

//! Watching every promise at once, and remembering how each one stood at any moment.
//!
//! What is kept for each promise is a list of the records at which it was tested, was broken, or came
//! into danger or out of it; how it stood at a cursor is a count of those before it.
//! All violations are counted; the first [`DETAILS_MAX`] of each promise are explained and kept.

use crate::promise::bounded_staleness::BoundedStaleness;
use crate::promise::causal::Causal;
use crate::promise::consistent_prefix::ConsistentPrefix;
use crate::promise::convergence::Convergence;
use crate::promise::evidence::{Case, Index};
use crate::promise::linearizable::Linearizable;
use crate::promise::monotonic_reads::MonotonicReads;
use crate::promise::monotonic_writes::MonotonicWrites;
use crate::promise::no_acked_write_lost::NoAckedWriteLost;
use crate::promise::no_silent_overwrite::NoSilentOverwrite;
use crate::promise::one_leader_at_a_time::OneLeaderAtATime;
use crate::promise::read_your_writes::ReadYourWrites;
use crate::promise::writes_follow_reads::WritesFollowReads;
use crate::promise::{Monitor, Promise, State, Verdict, Violation};
use crate::scenario::Scenario;
use crate::trace::{Kind, Record, Seq};

/// How many violations of one promise are explained and kept. More are only counted.
pub const DETAILS_MAX: u32 = 1_000;

/// Kinds of records, by whose business they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard(u8);

impl Heard {
    /// Nobody's: most records are messages, and what reaches whom is told again by the records that it makes.
    pub const NOTHING: Heard = Heard(0);
    /// What clients do and see.
    pub const CLIENTS: Heard = Heard(1);
    /// What disks hold, and what becomes of them and of their replicas.
    pub const DISKS: Heard = Heard(2);
    /// Who says "done".
    pub const DONE: Heard = Heard(4);
    /// What replicas show to reads.
    pub const SERVED: Heard = Heard(8);
    /// Two writes that did not know of each other meet.
    pub const CONFLICTS: Heard = Heard(16);
    /// The cluster comes to rest; and what, while it lasts, keeps replicas from becoming equal.
    pub const REST: Heard = Heard(32);

    /// These and those.
    pub const fn and(self, other: Heard) -> Heard {
        Heard(self.0 | other.0)
    }

    /// Whether some are in both.
    const fn meets(self, other: Heard) -> bool {
        self.0 & other.0 != 0
    }

    /// Whose business a record is.
    fn of(kind: &Kind) -> Heard {
        match kind {
            Kind::Invoked { .. }
            | Kind::Saw { .. }
            | Kind::Ended { .. }
            | Kind::Recognised { .. } => Heard::CLIENTS,
            Kind::Appended { .. }
            | Kind::Persisted { .. }
            | Kind::Discarded { .. }
            | Kind::Stored { .. }
            | Kind::HintKept { .. }
            | Kind::HintGone { .. }
            | Kind::Promoted { .. }
            | Kind::Crashed { .. }
            | Kind::Restored { .. }
            | Kind::Restarted { .. } => Heard::DISKS,
            Kind::Acknowledged { .. } => Heard::DONE,
            Kind::Served { .. } => Heard::SERVED,
            Kind::Conflict { .. } => Heard::CONFLICTS,
            Kind::Rested { .. }
            | Kind::Cut { .. }
            | Kind::Healed { .. }
            | Kind::Paused { .. }
            | Kind::Resumed { .. }
            | Kind::Stopped { .. }
            | Kind::Evaluated { .. }
            | Kind::Changed { .. } => Heard::REST,
            _ => Heard::NOTHING,
        }
    }
}

/// One field for each monitor, under the name of its promise.
macro_rules! monitors {
    ($($name:ident: $Monitor:ident,)*) => {
        /// All monitors.
        #[derive(Clone, Debug)]
        struct Monitors {
            $($name: Watched<$Monitor>,)*
        }

        impl Monitors {
            fn new(scenario: &Scenario) -> Self {
                Monitors {
                    $($name: Watched::new($Monitor::new(scenario)),)*
                }
            }

            fn observe(&mut self, what: &[Record], case: &Case<'_>, kept: &mut Kept<'_>) {
                let heard = Heard::of(&what[0].kind);
                $(if $Monitor::HEARS.meets(heard) {
                    self.$name.observe(what, case, kept);
                })*
            }

            fn settle(&mut self, case: &Case<'_>, kept: &mut Kept<'_>) {
                $(self.$name.settle(case, kept);)*
            }

            fn history(&self, promise: Promise) -> &History {
                match promise {
                    $(Promise::$Monitor => &self.$name.history,)*
                }
            }
        }
    };
}

monitors! {
    read_your_writes: ReadYourWrites,
    monotonic_reads: MonotonicReads,
    monotonic_writes: MonotonicWrites,
    writes_follow_reads: WritesFollowReads,
    consistent_prefix: ConsistentPrefix,
    causal: Causal,
    linearizable: Linearizable,
    bounded_staleness: BoundedStaleness,
    no_acked_write_lost: NoAckedWriteLost,
    no_silent_overwrite: NoSilentOverwrite,
    one_leader_at_a_time: OneLeaderAtATime,
    convergence: Convergence,
}

/// All monitors, and what they have found so far.
///
/// It only goes forward: for another future, watch that from its start.
#[derive(Clone, Debug)]
pub struct Watch {
    observed: usize,
    index: Index,
    monitors: Monitors,
    violations: Vec<Violation>,
    details_max: u32,
}

impl Watch {
    /// Monitors that have seen nothing yet.
    pub fn new(scenario: &Scenario) -> Self {
        Watch {
            observed: 0,
            index: Index::new(scenario),
            monitors: Monitors::new(scenario),
            violations: Vec::new(),
            details_max: DETAILS_MAX,
        }
    }

    /// Monitors that only count: no violation is explained or kept. For many runs, of which only the
    /// verdicts matter.
    pub fn counting(scenario: &Scenario) -> Self {
        Watch {
            details_max: 0,
            ..Watch::new(scenario)
        }
    }

    /// Looks at the records of `trace` that it hasn't looked at yet. The trace is the same as before,
    /// or longer, and ends between two moments of its world: what happened at once stands there whole.
    pub fn observe(&mut self, trace: &[Record], scenario: &Scenario) {
        while let rest @ [_, ..] = &trace[self.observed.min(trace.len())..] {
            let what = &rest[..together(rest)];
            what.iter()
                .for_each(|record| self.index.observe(record, trace));
            self.observed += what.len();
            let case = Case {
                trace: &trace[..self.observed],
                index: &self.index,
                scenario,
            };
            let mut kept = Kept {
                violations: &mut self.violations,
                details_max: self.details_max,
            };
            self.monitors.observe(what, &case, &mut kept);
            let next = trace.get(self.observed);
            if next.is_none_or(|next| next.at != what[0].at) {
                self.monitors.settle(&case, &mut kept);
            }
        }
    }

    /// The violations, in the order of the records that made them.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// How a promise stood after the first `happened` records.
    pub fn verdict(&self, promise: Promise, happened: usize) -> Verdict {
        self.monitors.history(promise).verdict(happened)
    }
}

/// How many of the first records tell of one thing together: the siblings that a read returned of a key;
/// or a disk that is replaced, and what it holds then.
pub(crate) fn together(records: &[Record]) -> usize {
    let belongs = |first: &Record, other: &Record| match (first.kind, other.kind) {
        (
            Kind::Saw { op, key, .. },
            Kind::Saw {
                op: of, key: same, ..
            },
        ) => (op, key) == (of, same),
        (
            Kind::Restored { node, .. },
            Kind::Persisted { node: of, .. }
            | Kind::Stored { node: of, .. }
            | Kind::HintKept { node: of, .. },
        ) => node == of && first.at == other.at,
        _ => false,
    };
    match records {
        [] => 0,
        [first, rest @ ..] => {
            1 + rest
                .iter()
                .take_while(|other| belongs(first, other))
                .count()
        }
    }
}

/// The record from which on what happened has happened: an answer with the last of its siblings, the loss
/// of what was on a disk with its replacement.
fn moment(what: &[Record]) -> Seq {
    match what[0].kind {
        Kind::Restored { .. } => what[0].seq,
        _ => what[what.len() - 1].seq,
    }
}

/// Where violations are kept, as long as a promise has no more than so many.
struct Kept<'a> {
    violations: &'a mut Vec<Violation>,
    details_max: u32,
}

impl Kept<'_> {
    /// What a moment's end has shown may be of a record before others of that moment.
    fn keep(&mut self, violation: Violation) {
        let mut before = self.violations.iter();
        let place = before.rposition(|other| other.at <= violation.at);
        self.violations
            .insert(place.map_or(0, |place| place + 1), violation);
    }
}

/// A monitor, with the history of its verdict.
#[derive(Clone, Debug)]
struct Watched<M: Monitor> {
    monitor: M,
    /// What happens now and breaks it: empty between two moments.
    found: Vec<M::Finding>,
    history: History,
}

impl<M: Monitor> Watched<M> {
    fn new(monitor: M) -> Self {
        Watched {
            monitor,
            found: Vec::new(),
            history: History::default(),
        }
    }

    fn observe(&mut self, what: &[Record], case: &Case<'_>, kept: &mut Kept<'_>) {
        self.monitor.observe(what, &mut self.found);
        let seq = moment(what);
        self.history
            .keep(seq, self.monitor.checked(), self.monitor.at_risk());
        self.keep_found(seq, case, kept);
    }

    fn settle(&mut self, case: &Case<'_>, kept: &mut Kept<'_>) {
        self.monitor.settle(&mut self.found);
        if let Some(last) = case.trace.last()
            && !self.found.is_empty()
        {
            self.keep_found(last.seq, case, kept);
        }
    }

    /// What was found exists from a record on.
    fn keep_found(&mut self, seq: Seq, case: &Case<'_>, kept: &mut Kept<'_>) {
        for finding in self.found.drain(..) {
            if self.history.broken.len() < kept.details_max as usize {
                kept.keep(self.monitor.explain(&finding, case));
            }
            self.history.broken.push(seq);
        }
    }
}

/// The records at which something changed for a promise.
#[derive(Clone, Debug, Default)]
struct History {
    /// It was tested.
    tested: Vec<Seq>,
    /// It was broken; a record that broke it several times stands here as often.
    broken: Vec<Seq>,
    /// It came to be at risk, and no longer was, by turns.
    risk: Vec<Seq>,
}

impl History {
    fn keep(&mut self, seq: Seq, checked: u32, at_risk: bool) {
        if checked as usize > self.tested.len() {
            self.tested.push(seq);
        }
        if at_risk != is_odd(self.risk.len()) {
            self.risk.push(seq);
        }
    }

    fn verdict(&self, happened: usize) -> Verdict {
        let before = |seqs: &[Seq]| seqs.partition_point(|seq| seq.index() < happened);
        let (checked, violations) = (before(&self.tested), before(&self.broken));
        let state = match () {
            () if violations > 0 => State::Broken,
            () if is_odd(before(&self.risk)) => State::AtRisk,
            () if checked > 0 => State::Kept,
            () => State::Unknown,
        };
        Verdict {
            state,
            checked: checked as u32,
            violations: violations as u32,
        }
    }
}

fn is_odd(count: usize) -> bool {
    !count.is_multiple_of(2)
}

#[cfg(test)]
mod tests {
    use crate::ids::Held;
    use crate::promise::testing::*;
    use crate::promise::{Promise, State, Watch};

    /// Alice writes, and reads five times: the second and the fourth read miss her write.
    fn history() -> History {
        let mut history = History::of(one_leader(3));
        let write = history.at(10).wrote(ALICE, BALANCE);
        for number in 1..=5 {
            let held = if number % 2 == 0 {
                Held::default()
            } else {
                write.held()
            };
            history.at(100 * number).read(ALICE, BALANCE, F1, held);
        }
        history
    }

    #[test]
    fn the_verdict_is_that_of_the_moment() {
        let history = history();
        let watch = history.watched();
        let mut states: Vec<(State, u32, u32)> = Vec::new();
        for happened in 0..=history.trace.len() {
            let verdict = watch.verdict(Promise::ReadYourWrites, happened);
            states.push((verdict.state, verdict.checked, verdict.violations));
        }
        states.dedup();
        let expected = [
            (State::Unknown, 0, 0),
            (State::Kept, 1, 0),
            (State::Broken, 2, 1),
            (State::Broken, 3, 1),
            (State::Broken, 4, 2),
            (State::Broken, 5, 2),
        ];
        assert_eq!(states, expected);
        assert!(
            watch
                .violations()
                .is_sorted_by_key(|violation| violation.at)
        );
    }

    #[test]
    fn counting_gives_the_same_verdicts_and_explains_nothing() {
        let history = history();
        let explaining = history.watched();
        let mut counting = Watch::counting(&history.scenario);
        counting.observe(&history.trace, &history.scenario);
        assert!(!explaining.violations().is_empty());
        assert!(counting.violations().is_empty());
        for promise in Promise::ALL {
            for happened in 0..=history.trace.len() {
                assert_eq!(
                    counting.verdict(promise, happened),
                    explaining.verdict(promise, happened)
                );
            }
        }
    }
}

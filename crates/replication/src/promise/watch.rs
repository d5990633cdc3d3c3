//! Watching every promise at once, and remembering how each one stood at any moment.
//!
//! What is kept for each promise is a list of the records at which it was tested, was broken, or came
//! into danger or out of it; how it stood at a cursor is a count of those before it.
//! All violations are counted; the first [`DETAILS_MAX`] of each promise are explained and kept.

use crate::promise::consistent_prefix::ConsistentPrefix;
use crate::promise::evidence::{Case, Index};
use crate::promise::monotonic_reads::MonotonicReads;
use crate::promise::no_acked_write_lost::NoAckedWriteLost;
use crate::promise::one_leader_at_a_time::OneLeaderAtATime;
use crate::promise::read_your_writes::ReadYourWrites;
use crate::promise::{Monitor, Promise, State, Verdict, Violation};
use crate::scenario::Scenario;
use crate::trace::{Kind, Record, Seq};

/// How many violations of one promise are explained and kept. More are only counted.
pub const DETAILS_MAX: u32 = 10_000;

/// All monitors, and what they have found so far.
///
/// It only goes forward: for another future, watch that from its start.
#[derive(Clone, Debug)]
pub struct Watch {
    observed: usize,
    index: Index,
    read_your_writes: Watched<ReadYourWrites>,
    monotonic_reads: Watched<MonotonicReads>,
    consistent_prefix: Watched<ConsistentPrefix>,
    no_acked_write_lost: Watched<NoAckedWriteLost>,
    one_leader_at_a_time: Watched<OneLeaderAtATime>,
    violations: Vec<Violation>,
    details_max: u32,
}

impl Watch {
    /// Monitors that have seen nothing yet.
    pub fn new(scenario: &Scenario) -> Self {
        Watch {
            observed: 0,
            index: Index::new(scenario),
            read_your_writes: Watched::new(ReadYourWrites::new(scenario)),
            monotonic_reads: Watched::new(MonotonicReads::new(scenario)),
            consistent_prefix: Watched::new(ConsistentPrefix::new(scenario)),
            no_acked_write_lost: Watched::new(NoAckedWriteLost::new(scenario)),
            one_leader_at_a_time: Watched::new(OneLeaderAtATime::new(scenario)),
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
    /// or longer.
    pub fn observe(&mut self, trace: &[Record], scenario: &Scenario) {
        for (place, record) in trace.iter().enumerate().skip(self.observed) {
            self.index.observe(record, trace);
            let case = Case {
                trace: &trace[..=place],
                index: &self.index,
                scenario,
            };
            let mut kept = Kept {
                violations: &mut self.violations,
                details_max: self.details_max,
            };
            // Most records are messages, and no monitor's business: what reaches whom is told again by
            // the records that it makes.
            match record.kind {
                Kind::Invoked { .. } | Kind::Saw { .. } | Kind::Ended { .. } => {
                    self.read_your_writes.observe(record, &case, &mut kept);
                    self.monotonic_reads.observe(record, &case, &mut kept);
                    self.consistent_prefix.observe(record, &case, &mut kept);
                    self.no_acked_write_lost.observe(record, &case, &mut kept);
                }
                Kind::Appended { .. }
                | Kind::Persisted { .. }
                | Kind::Discarded { .. }
                | Kind::Stored { .. }
                | Kind::Promoted { .. }
                | Kind::Crashed { .. }
                | Kind::Restarted { .. } => {
                    self.no_acked_write_lost.observe(record, &case, &mut kept)
                }
                Kind::Acknowledged { .. } => {
                    self.one_leader_at_a_time.observe(record, &case, &mut kept)
                }
                _ => {}
            }
        }
        self.observed = self.observed.max(trace.len());
    }

    /// The violations, in the order of the records that made them.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// How a promise stood after the first `happened` records.
    pub fn verdict(&self, promise: Promise, happened: usize) -> Verdict {
        self.history(promise).verdict(happened)
    }

    fn history(&self, promise: Promise) -> &History {
        match promise {
            Promise::ReadYourWrites => &self.read_your_writes.history,
            Promise::MonotonicReads => &self.monotonic_reads.history,
            Promise::ConsistentPrefix => &self.consistent_prefix.history,
            Promise::NoAckedWriteLost => &self.no_acked_write_lost.history,
            Promise::OneLeaderAtATime => &self.one_leader_at_a_time.history,
        }
    }
}

/// Where violations are kept, as long as a promise has no more than so many.
struct Kept<'a> {
    violations: &'a mut Vec<Violation>,
    details_max: u32,
}

/// A monitor, with the history of its verdict.
#[derive(Clone, Debug)]
struct Watched<M: Monitor> {
    monitor: M,
    /// What the record at hand breaks: empty between records.
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

    fn observe(&mut self, record: &Record, case: &Case<'_>, kept: &mut Kept<'_>) {
        self.monitor.observe(record, &mut self.found);
        self.history
            .keep(record.seq, self.monitor.checked(), self.monitor.at_risk());
        for finding in self.found.drain(..) {
            if self.history.broken.len() < kept.details_max as usize {
                kept.violations.push(self.monitor.explain(&finding, case));
            }
            self.history.broken.push(record.seq);
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

//! One scenario under many seeds: how often each promise was kept.
//!
//! Seeds are shared out among threads as these come to them; what is added up doesn't depend on who
//! ran what.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use replication::measure::{Operations, measure};
use replication::promise::{Promise, State};
use replication::run::Run;
use replication::scenario::Scenario;
use serde::Serialize;

use crate::report::{ByPromise, state_name};
use crate::run_to_the_end;

/// How many threads run.
const THREADS: usize = 2;

/// What many seeds gave.
#[derive(Debug, PartialEq, Serialize)]
pub struct Survey {
    /// The scenario's title.
    pub scenario: String,
    /// Which seeds.
    pub seeds: Seeds,
    /// How each promise fared.
    pub promises: ByPromise<Tally>,
    /// What was measured, added up.
    pub metrics: Sums,
}

/// Which seeds: from one up to, not with, another.
#[derive(Debug, PartialEq, Serialize)]
pub struct Seeds {
    /// The first.
    pub from: u64,
    /// The one after the last.
    pub to: u64,
    /// How many.
    pub count: u64,
}

/// How a promise fared.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Tally {
    /// In how many seeds it was kept.
    pub kept: u64,
    /// In how many it was kept, and at risk at the end.
    pub at_risk: u64,
    /// In how many it was broken.
    pub broken: u64,
    /// In how many nothing tested it.
    pub unknown: u64,
    /// How often it was broken in all.
    pub violations: u64,
    /// How often it was tested in all.
    pub checked: u64,
    /// How often it was tested where it was tested least.
    pub checked_min: u32,
    /// The smallest seed that breaks it.
    pub first_broken_seed: Option<u64>,
}

/// What was measured, added up.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Sums {
    /// How operations ended.
    pub operations: OperationSums,
    /// Acknowledged writes that were lost.
    pub acked_writes_lost: u64,
    /// Values that reads returned.
    pub reads: u64,
    /// Of them, the stale ones.
    pub stale_reads: u64,
    /// In how many seeds there was a stale one.
    pub seeds_with_stale_reads: u64,
    /// How many reads began during a write where fewest did.
    pub reads_during_writes_min: u32,
}

/// How operations ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct OperationSums {
    /// Done, or answered.
    pub ok: u64,
    /// Provably not done.
    pub refused: u64,
    /// No answer in time.
    pub unknown: u64,
    /// Not over at the end.
    pub pending: u64,
}

impl Survey {
    /// Runs every seed to its end.
    pub fn of(scenario: &Arc<Scenario>, seeds: Range<u64>) -> Self {
        Self::on_threads(THREADS, scenario, seeds)
    }

    fn on_threads(threads: usize, scenario: &Arc<Scenario>, seeds: Range<u64>) -> Self {
        let next = AtomicU64::new(seeds.start);
        let work = || {
            let mut part = Part::default();
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= seeds.end {
                    return part;
                }
                part.add(run_to_the_end(scenario, seed).as_ref());
            }
        };
        let parts = thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            let joined = workers
                .into_iter()
                .map(|worker| worker.join().expect("a run never panics"));
            joined.reduce(Part::merge)
        });
        let Part { tallies, sums, .. } = parts.expect("there is at least one thread");
        Self {
            scenario: scenario.title.clone(),
            promises: ByPromise(Promise::ALL.into_iter().zip(tallies).collect()),
            metrics: sums,
            seeds: Seeds {
                from: seeds.start,
                to: seeds.end,
                count: seeds.end - seeds.start,
            },
        }
    }
}

/// What some of the seeds gave.
#[derive(Default)]
struct Part {
    runs: u64,
    tallies: [Tally; Promise::ALL.len()],
    sums: Sums,
}

impl Part {
    fn add(&mut self, run: &dyn Run) {
        let (_, end) = run.ended().expect("the run has been to its end");
        let metrics = measure(run.records(), run.violations(), end);
        let Operations {
            ok,
            refused,
            unknown,
            pending,
        } = metrics.operations;
        let mut one = Part {
            runs: 1,
            tallies: Default::default(),
            sums: Sums {
                operations: OperationSums {
                    ok: ok.into(),
                    refused: refused.into(),
                    unknown: unknown.into(),
                    pending: pending.into(),
                },
                acked_writes_lost: metrics.acked_writes_lost.into(),
                reads: metrics.reads.into(),
                stale_reads: metrics.stale_reads.into(),
                seeds_with_stale_reads: (metrics.stale_reads > 0).into(),
                reads_during_writes_min: metrics.reads_during_writes,
            },
        };
        for (promise, tally) in Promise::ALL.into_iter().zip(&mut one.tallies) {
            let verdict = run.verdict(promise);
            *match verdict.state {
                State::Kept => &mut tally.kept,
                State::AtRisk => &mut tally.at_risk,
                State::Broken => &mut tally.broken,
                State::Unknown => &mut tally.unknown,
            } += 1;
            tally.violations = verdict.violations.into();
            tally.checked = verdict.checked.into();
            tally.checked_min = verdict.checked;
            tally.first_broken_seed = (verdict.state == State::Broken).then(|| run.seed());
        }
        *self = std::mem::take(self).merge(one);
    }

    /// Both together, in either order.
    fn merge(mut self, other: Part) -> Part {
        if self.runs == 0 || other.runs == 0 {
            return if self.runs == 0 { other } else { self };
        }
        self.runs += other.runs;
        for (tally, other) in self.tallies.iter_mut().zip(other.tallies) {
            tally.kept += other.kept;
            tally.at_risk += other.at_risk;
            tally.broken += other.broken;
            tally.unknown += other.unknown;
            tally.violations += other.violations;
            tally.checked += other.checked;
            tally.checked_min = tally.checked_min.min(other.checked_min);
            let firsts = [tally.first_broken_seed, other.first_broken_seed];
            tally.first_broken_seed = firsts.into_iter().flatten().min();
        }
        let (sums, other) = (&mut self.sums, other.sums);
        sums.operations.ok += other.operations.ok;
        sums.operations.refused += other.operations.refused;
        sums.operations.unknown += other.operations.unknown;
        sums.operations.pending += other.operations.pending;
        sums.acked_writes_lost += other.acked_writes_lost;
        sums.reads += other.reads;
        sums.stale_reads += other.stale_reads;
        sums.seeds_with_stale_reads += other.seeds_with_stale_reads;
        sums.reads_during_writes_min = sums
            .reads_during_writes_min
            .min(other.reads_during_writes_min);
        self
    }
}

impl fmt::Display for Survey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Seeds { from, to, count } = self.seeds;
        writeln!(
            f,
            "{}\n{count} seeds, {from} to {}\n",
            self.scenario,
            to - 1
        )?;
        for (promise, tally) in &self.promises.0 {
            let states = [
                (tally.kept, State::Kept),
                (tally.at_risk, State::AtRisk),
                (tally.broken, State::Broken),
                (tally.unknown, State::Unknown),
            ];
            let states = states.into_iter().filter(|(seeds, _)| *seeds > 0);
            let states: Vec<String> = states
                .map(|(seeds, state)| format!("{} in {seeds}", state_name(state)))
                .collect();
            write!(f, "{:27} {}; ", promise.title(), states.join(", "))?;
            write!(
                f,
                "tested {} times, at least {} a seed",
                tally.checked, tally.checked_min
            )?;
            match tally.first_broken_seed {
                Some(seed) => writeln!(
                    f,
                    "; broken {} times, first in seed {seed}",
                    tally.violations
                )?,
                None => writeln!(f)?,
            }
        }
        let Sums { operations, .. } = &self.metrics;
        let OperationSums {
            ok,
            refused,
            unknown,
            pending,
        } = operations;
        writeln!(
            f,
            "\noperations           {ok} ok, {refused} refused, {unknown} unknown, {pending} pending"
        )?;
        writeln!(f, "acked writes lost    {}", self.metrics.acked_writes_lost)?;
        let Sums {
            reads,
            stale_reads,
            seeds_with_stale_reads,
            ..
        } = self.metrics;
        writeln!(
            f,
            "stale reads          {stale_reads} of {reads}, in {seeds_with_stale_reads} seeds"
        )?;
        writeln!(
            f,
            "reads during writes  at least {} a seed",
            self.metrics.reads_during_writes_min
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_threads_changes_nothing() {
        let bytes = include_bytes!("../../../scenarios/double-transfer.json");
        let scenario = Arc::new(Scenario::from_bytes(bytes).unwrap());
        let on = |threads| Survey::on_threads(threads, &scenario, 10..50);
        let alone = on(1);
        assert_eq!(alone.seeds.count, 40);
        assert!(alone.promises.0[0].1.broken > 0);
        assert_eq!(on(2), alone);
        assert_eq!(on(5), alone);
    }
}

//! What a run's configuration costs its writers: durable, fast, available. Each as it was measured.

use replication::ids::{KeyId, Version};
use replication::measure::latency;
use replication::promise::Promise;
use replication::run::Run;
use replication::trace::Outcome;

use super::is_answered;
use super::tally::Tally;
use crate::index::{Acked, SceneIndex};
use crate::moment::Moment;
use crate::quantity::{count, duration};
use crate::tone::Tone;

/// One of the three.
#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    /// What is measured.
    pub title: &'static str,
    /// How much it is: "–" where there is nothing yet to measure.
    pub value: String,
    /// The same as a share of the whole bar, 0 to 1; `None` where there is nothing yet to measure.
    pub share: Option<f64>,
    /// Its colour.
    pub tone: Tone,
    /// How it is measured, and of how many.
    pub how: String,
}

/// The three, at the cursor. The tally must have been updated.
pub fn trilemma(run: &dyn Run, index: &SceneIndex, tally: &Tally) -> [Measure; 3] {
    let now = Moment::of(run, index);
    let happened = now.happened.min(tally.known());
    [
        durable(&now, tally, happened),
        fast(run, tally, happened),
        available(tally, happened),
    ]
}

fn durable(now: &Moment<'_>, tally: &Tally, happened: usize) -> Measure {
    let lost = now.run.violations().iter();
    let lost = lost
        .filter(|violation| violation.promise == Promise::NoAckedWriteLost)
        .filter(|violation| violation.at.index() < happened)
        .count();
    let acked = tally.ended_before(happened).iter();
    let acked = acked
        .filter(|op| matches!(op.outcome, Outcome::Written { .. }))
        .count();
    let risky = at_risk(now, tally, happened);
    let how = format!(
        "Of {} that clients were told “done” for: {lost} lost, and {risky} on one disk alone now.",
        count(acked as u64, "write", "writes")
    );
    Measure {
        title: "Acknowledged writes lost or at risk",
        value: match (acked, lost, risky) {
            (0, ..) => "–".to_owned(),
            (_, 0, risky) => format!("{risky} at risk of {acked}"),
            (_, lost, 0) => format!("{lost} lost of {acked}"),
            (_, lost, risky) => format!("{lost} lost, {risky} at risk of {acked}"),
        },
        share: (acked > 0).then(|| ((lost + risky) as f64 / acked as f64).min(1.0)),
        tone: match (lost, risky) {
            _ if acked == 0 => Tone::Muted,
            (0, 0) => Tone::Ok,
            (0, _) => Tone::Warn,
            _ => Tone::Bad,
        },
        how,
    }
}

/// How many acknowledged writes one disk alone holds.
///
/// In one log an entry is on no more disks than those before it, so that one looks back from the newest
/// until one is safe. Elsewhere those count that no other acknowledged write has replaced.
pub(super) fn at_risk(now: &Moment<'_>, tally: &Tally, happened: usize) -> usize {
    if now.structure.nodes < 2 {
        return 0;
    }
    if !now.has_logs() {
        let fronts = (0..now.structure.keys).filter_map(|key| now.truths(KeyId(key)));
        let told = |acked: &&Acked| {
            let op = now.index.write(acked.write).map(|facts| facts.op);
            let ended = op.and_then(|op| now.index.op(op)?.ended);
            ended.is_some_and(|(seq, outcome)| {
                seq.index() < happened && matches!(outcome, Outcome::Written { .. })
            })
        };
        let one = |acked: &&Acked| now.holders(acked).len() == 1;
        return fronts
            .flat_map(|front| front.acked.iter().filter(told).filter(one))
            .count();
    }
    let mut safe: Vec<bool> = now.partitions().map(|_| false).collect();
    let mut counted: Vec<Version> = Vec::new();
    let mut risky = 0;
    for op in tally.ended_before(happened).iter().rev() {
        let (Outcome::Written { version }, Some(key)) = (op.outcome, op.key) else {
            continue;
        };
        let partition = usize::from(now.structure.partition_of(key).0);
        // Two requests with one idempotency key are one write.
        if safe[partition] || counted.contains(&version) {
            continue;
        }
        match now.on_disks(key, version) {
            // Lost, and counted as that.
            0 => {}
            1 if now.is_left_behind(key, version) => {}
            1 => {
                counted.push(version);
                risky += 1;
            }
            _ => safe[partition] = true,
        }
        if safe.iter().all(|safe| *safe) {
            break;
        }
    }
    risky
}

fn fast(run: &dyn Run, tally: &Tally, happened: usize) -> Measure {
    let ended = tally.ended_before(happened);
    let writes = || ended.iter().filter(|op| op.write);
    let took: Vec<u64> = writes()
        .filter(|op| is_answered(op))
        .map(|op| op.took_us)
        .collect();
    let (done, all) = (took.len(), writes().count());
    let wait_us = run.settings().client_timeout_us.max(1);
    let p99 = latency(took).map(|latency| latency.p99);
    Measure {
        title: "Write p99",
        value: p99.map_or("–".to_owned(), |us| format!("{} of {done}", duration(us))),
        share: p99.map(|us| (us as f64 / wait_us as f64).min(1.0)),
        tone: p99.map_or(Tone::Muted, |_| Tone::Client),
        how: format!(
            "99 in 100 of {} that were told “done” took no longer, by nearest rank; {} with another end are left out. The whole bar is how long a client waits: {}.",
            count(done as u64, "write", "writes"),
            all - done,
            duration(wait_us)
        ),
    }
}

fn available(tally: &Tally, happened: usize) -> Measure {
    let during = tally.ended_before(happened).iter();
    let during: Vec<_> = during.filter(|op| op.during_fault).collect();
    let answered = during.iter().filter(|op| is_answered(op)).count();
    let all = during.len();
    let share = (all > 0).then(|| answered as f64 / all as f64);
    Measure {
        title: "Answered during faults",
        value: match all {
            0 => "–".to_owned(),
            _ => format!("{answered} of {all}"),
        },
        share,
        tone: match share {
            None => Tone::Muted,
            Some(share) if share < 1.0 => Tone::Warn,
            Some(_) => Tone::Ok,
        },
        how: match all {
            0 => "No operation has ended yet that was under way while a node was down or paused, or a link cut or slow.".to_owned(),
            _ => format!(
                "Of {} under way while a node was down or paused, or a link cut or slow, {answered} got an answer. Refused and unknown ones count as none; those that still wait are left out.",
                count(all as u64, "operation", "operations")
            ),
        },
    }
}

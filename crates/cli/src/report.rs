//! What one run gave: the verdict on each promise, and what was measured.

use std::fmt;

use replication::measure::{Latency, Metrics, measure};
use replication::promise::{Promise, State};
use replication::run::{End, Run};
use replication::trace::fingerprint;
use serde::{Serialize, Serializer};

/// What one run gave.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The scenario's title.
    pub scenario: String,
    /// The seed.
    pub seed: u64,
    /// A hash over every field of every record.
    pub fingerprint: String,
    /// Why the run ended.
    pub ended: End,
    /// When, in simulated time.
    pub ended_at_us: u64,
    /// How each promise stands at the end.
    pub promises: ByPromise<Judged>,
    /// What was measured.
    pub metrics: Metrics,
}

/// How a promise stands.
#[derive(Debug, Serialize)]
pub struct Judged {
    /// How it stands.
    pub state: State,
    /// How often it was tested.
    pub checked: u32,
    /// How often it was broken.
    pub violations: u32,
    /// The first violation.
    pub first: Option<First>,
}

/// The first violation of a promise.
#[derive(Debug, Serialize)]
pub struct First {
    /// What happened.
    pub sentence: String,
    /// When, in simulated time.
    pub at_us: u64,
}

/// Something for each promise, in the order of the screen.
#[derive(Debug, PartialEq)]
pub struct ByPromise<T>(pub Vec<(Promise, T)>);

impl<T: Serialize> Serialize for ByPromise<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(
            self.0
                .iter()
                .map(|(promise, value)| (promise.name(), value)),
        )
    }
}

impl Report {
    /// Reports on a run that has been to its end.
    pub fn of(run: &dyn Run) -> Self {
        let (ended, at) = run.ended().expect("the run has been to its end");
        Self {
            scenario: run.scenario().title.clone(),
            seed: run.seed(),
            fingerprint: fingerprint(run.records()),
            ended,
            ended_at_us: at.0,
            promises: ByPromise(
                Promise::ALL
                    .map(|promise| (promise, judged(run, promise)))
                    .into(),
            ),
            metrics: measure(run.records(), run.violations(), at),
        }
    }
}

fn judged(run: &dyn Run, promise: Promise) -> Judged {
    let verdict = run.verdict(promise);
    let first = run
        .violations()
        .iter()
        .find(|violation| violation.promise == promise);
    Judged {
        state: verdict.state,
        checked: verdict.checked,
        violations: verdict.violations,
        first: first.map(|violation| First {
            sentence: violation.sentence.clone(),
            at_us: run.records()[violation.at.index()].at.0,
        }),
    }
}

/// What a scenario expects and its run, which has been to its end, did not give: a sentence each.
pub fn unmet(run: &dyn Run) -> Vec<String> {
    let expect = &run.scenario().expect;
    let broken = expect.broken.iter().map(|promise| (*promise, "broken"));
    let kept = expect.kept.iter().map(|promise| (*promise, "kept"));
    let unmet = |(promise, expected): (Promise, &str)| {
        let verdict = run.verdict(promise);
        let is = match verdict.state {
            State::Broken => "broken",
            _ if verdict.checked == 0 => "unknown",
            _ => "kept",
        };
        (is != expected)
            .then(|| format!("{} is {is}, and not {expected} as expected", promise.name()))
    };
    broken.chain(kept).filter_map(unmet).collect()
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.scenario)?;
        let ended = Ms(self.ended_at_us);
        let why = match self.ended {
            End::Time => "its time was up",
            End::Quiet => "nothing was left to happen",
            End::Records => "too many records",
            End::Operations => "too many operations",
            End::InFlight => "too many messages in flight",
        };
        writeln!(
            f,
            "seed {}, fingerprint {}, ended at {ended}: {why}\n",
            self.seed, self.fingerprint
        )?;
        for (promise, judged) in &self.promises.0 {
            let (state, title) = (state_name(judged.state), promise.title());
            let tested = format!(
                "tested {} times, broken {}",
                judged.checked, judged.violations
            );
            writeln!(f, "{state:8} {title:27} {tested}")?;
            if let Some(first) = &judged.first {
                writeln!(
                    f,
                    "         first at {}: {}",
                    Ms(first.at_us),
                    first.sentence
                )?;
            }
        }
        let metrics = &self.metrics;
        let operations = metrics.operations;
        writeln!(
            f,
            "\noperations           {} ok, {} refused, {} unknown, {} pending",
            operations.ok, operations.refused, operations.unknown, operations.pending
        )?;
        writeln!(
            f,
            "write latency        {}",
            in_words(metrics.write_latency_us)
        )?;
        writeln!(
            f,
            "read latency         {}",
            in_words(metrics.read_latency_us)
        )?;
        writeln!(f, "acked writes lost    {}", metrics.acked_writes_lost)?;
        writeln!(f, "recovery point       {} ms", metrics.rpo_ms)?;
        writeln!(f, "recovery time        {} ms", metrics.rto_ms)?;
        writeln!(
            f,
            "stale reads          {} of {}",
            metrics.stale_reads, metrics.reads
        )?;
        writeln!(f, "reads during writes  {}", metrics.reads_during_writes)
    }
}

/// How a promise stands, as it is written.
pub fn state_name(state: State) -> &'static str {
    match state {
        State::Unknown => "unknown",
        State::Kept => "kept",
        State::AtRisk => "at risk",
        State::Broken => "BROKEN",
    }
}

fn in_words(latency: Option<Latency>) -> String {
    match latency {
        Some(Latency { p50, p99 }) => format!(
            "{} in the middle, {} at the 99th percentile",
            Ms(p50),
            Ms(p99)
        ),
        None => "none".to_owned(),
    }
}

/// Microseconds, written in milliseconds.
struct Ms(u64);

impl fmt::Display for Ms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03} ms", self.0 / 1000, self.0 % 1000)
    }
}

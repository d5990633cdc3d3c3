//! Two runs side by side: where they part, in words, and what came of each.
//!
//! Only what is worth telling is compared: that a heartbeat was answered here and not there, or that a
//! record has another number, is no difference that anybody could see.

use replication::fixes::Trial;
use replication::measure::{Metrics, measure};
use replication::promise::{Promise, State};
use replication::run::Run;
use replication::trace::{Kind, Record, fingerprint};

use crate::events::{uncapitalised, words};
use crate::fixes::measured;
use crate::index::SceneIndex;
use crate::moment::Moment;
use crate::quantity::moment;

/// How two runs lie beside each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Course {
    /// Nothing that happens in them can be lined up: other replicas, clients or keys.
    Apart,
    /// They are the same, as far as both are known.
    Same {
        /// Whether both are known to their ends.
        to_the_end: bool,
    },
    /// They part.
    Parted {
        /// The first moment at which they differ, in microseconds.
        at_us: u64,
        /// What happens there: "There, in the first run, L says “done” for #2; in the second that comes at 0.432 s."
        words: String,
    },
}

impl Course {
    /// In a sentence or two.
    pub fn words(&self) -> String {
        match self {
            Course::Apart => {
                "They are set up differently from the start: nothing can be lined up moment for moment."
                    .to_owned()
            }
            Course::Same { to_the_end: true } => "The same from the start to the end.".to_owned(),
            Course::Same { to_the_end: false } => "The same, as far as both are known.".to_owned(),
            Course::Parted { at_us: 0, words } => format!("They part at once. {words}"),
            Course::Parted { at_us, words } => {
                format!("The same until {}. {words}", moment(*at_us))
            }
        }
    }
}

/// What came of a run: everything that is compared of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Promises, price and truth.
    pub trial: Trial,
    /// What was measured besides.
    pub metrics: Metrics,
    /// A hash over every field of every record: where it is the same, so is the run.
    pub fingerprint: String,
}

impl Outcome {
    /// What came of a run that has been to its end, and is there.
    pub fn of_run(run: &dyn Run) -> Self {
        let records = &run.records()[..run.happened()];
        Outcome {
            trial: Trial::of_run(run),
            metrics: measure(records, run.violations(), run.now()),
            fingerprint: fingerprint(records),
        }
    }
}

/// One thing that came of two runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutcomeRow {
    /// What.
    pub name: String,
    /// In the first one.
    pub left: String,
    /// In the second one.
    pub right: String,
    /// Whether it is something that went wrong, in the first and in the second.
    pub bad: (bool, bool),
}

impl OutcomeRow {
    /// Whether the two runs differ in it.
    pub fn differs(&self) -> bool {
        self.left != self.right
    }
}

/// A run, and those of its records that are worth telling.
struct Side<'a> {
    now: Moment<'a>,
    told: Vec<&'a Record>,
    known_us: u64,
}

impl<'a> Side<'a> {
    fn of(run: &'a dyn Run, index: &'a SceneIndex) -> Self {
        let records = run.records();
        let loud = index.loud().iter();
        let told = loud.filter_map(|seq| records.get(seq.index()));
        let known_us = match run.ended() {
            Some(_) => u64::MAX,
            None => records.last().map_or(0, |record| record.at.0),
        };
        Side {
            now: Moment::of(run, index),
            // That a run comes to rest is no thing that happens in it.
            told: told
                .filter(|record| !matches!(record.kind, Kind::Rested { .. }))
                .collect(),
            known_us,
        }
    }

    /// What happened, without the places in the trace.
    fn what(&self, record: &Record) -> (Kind, Option<Kind>) {
        let sent = record.cause.and_then(|seq| {
            let cause = self.now.run.records().get(seq.index())?;
            matches!(cause.kind, Kind::Sent { .. }).then_some(cause.kind)
        });
        match record.kind {
            Kind::Delivered
            | Kind::Lost { .. }
            | Kind::Undelivered
            | Kind::Dropped
            | Kind::Delayed { .. } => (record.kind, sent),
            Kind::Changed { .. } => (Kind::Changed { script: 0 }, None),
            kind => (kind, None),
        }
    }

    fn words(&self, record: &Record) -> Option<String> {
        words(&self.now, record.seq)
    }

    /// What is told of the moment that begins at `from`, and where the next one begins.
    fn moment(&self, from: usize, at_us: u64) -> &[&'a Record] {
        let rest = &self.told[from..];
        let length = rest
            .iter()
            .take_while(|record| record.at.0 == at_us)
            .count();
        &rest[..length]
    }
}

/// Where two runs part, as far as both are known.
pub fn course(
    (left, left_index): (&dyn Run, &SceneIndex),
    (right, right_index): (&dyn Run, &SceneIndex),
) -> Course {
    let (one, other) = (left.scenario(), right.scenario());
    let alike = one.names.nodes == other.names.nodes
        && one.names.clients == other.names.clients
        && one.names.keys == other.names.keys
        && one.structure.kind == other.structure.kind;
    if !alike {
        return Course::Apart;
    }
    let (left, right) = (Side::of(left, left_index), Side::of(right, right_index));
    let known_us = left.known_us.min(right.known_us);
    let (mut i, mut j) = (0, 0);
    loop {
        let next = [left.told.get(i), right.told.get(j)];
        let next = next.into_iter().flatten().map(|record| record.at.0).min();
        let Some(at_us) = next.filter(|at_us| *at_us <= known_us) else {
            let to_the_end = known_us == u64::MAX;
            return Course::Same { to_the_end };
        };
        let (mine, theirs) = (left.moment(i, at_us), right.moment(j, at_us));
        let only = (
            only_in((&left, mine), (&right, theirs)),
            only_in((&right, theirs), (&left, mine)),
        );
        if let Some(words) = parting((&left, only.0), (&right, only.1)) {
            return Course::Parted { at_us, words };
        }
        i += mine.len();
        j += theirs.len();
    }
}

/// The first record of a moment that the other side does not have there, whatever the order.
fn only_in<'a>(
    (here, mine): (&Side<'a>, &[&'a Record]),
    (there, theirs): (&Side<'a>, &[&'a Record]),
) -> Option<&'a Record> {
    let mut left: Vec<&Record> = theirs.to_vec();
    mine.iter().copied().find(|record| {
        let same = left
            .iter()
            .position(|other| are_same((here, record), (there, other)));
        match same {
            Some(place) => {
                left.swap_remove(place);
                false
            }
            None => here.words(record).is_some(),
        }
    })
}

/// Whether two records tell the same, whatever else is in them.
fn are_same((here, one): (&Side<'_>, &Record), (there, other): (&Side<'_>, &Record)) -> bool {
    here.what(one) == there.what(other)
        || here
            .words(one)
            .is_some_and(|words| there.words(other) == Some(words))
}

/// What happens where two runs part; `None` where they don't.
fn parting(
    left: (&Side<'_>, Option<&Record>),
    right: (&Side<'_>, Option<&Record>),
) -> Option<String> {
    match (left.1, right.1) {
        (None, None) => None,
        (Some(mine), Some(theirs)) => Some(format!(
            "There, in the first run: {} In the second: {}",
            left.0.words(mine)?,
            right.0.words(theirs)?
        )),
        (Some(mine), None) => one_sided((left.0, "first"), mine, (right.0, "second")),
        (None, Some(theirs)) => one_sided((right.0, "second"), theirs, (left.0, "first")),
    }
}

/// A sentence within another one: names keep their capitals.
fn clause(sentence: &str) -> String {
    let sentence = sentence.trim_end_matches('.');
    match sentence.split_once(' ') {
        Some(("The" | "A" | "All" | "Nobody", _)) => uncapitalised(sentence),
        _ => sentence.to_owned(),
    }
}

fn one_sided(
    (here, this): (&Side<'_>, &str),
    record: &Record,
    (there, that): (&Side<'_>, &str),
) -> Option<String> {
    let words = clause(&here.words(record)?);
    let after = there.told.partition_point(|other| other.at <= record.at);
    let later = &there.told[after..];
    let same = later
        .iter()
        .find(|other| are_same((here, record), (there, other)));
    let close = || later.iter().find(|other| is_about_the_same(record, other));
    let other = match same {
        Some(same) => format!("in the {that} that comes at {}", moment(same.at.0)),
        None => match close().and_then(|close| Some((close.at.0, there.words(close)?))) {
            Some((at_us, words)) => {
                format!("in the {that}, at {}, {}", moment(at_us), clause(&words))
            }
            None if there.known_us == u64::MAX => format!("in the {that} that does not happen"),
            None => format!("in the {that} it does not, as far as that is known"),
        },
    };
    Some(format!("There, in the {this} run, {words}; {other}."))
}

/// Whether two records tell of one thing, perhaps with another result.
fn is_about_the_same(one: &Record, other: &Record) -> bool {
    match (one.kind, other.kind) {
        (Kind::Acknowledged { op, .. }, Kind::Acknowledged { op: same, .. })
        | (Kind::Ended { op, .. }, Kind::Ended { op: same, .. }) => op == same,
        (
            Kind::Saw { op, key, .. },
            Kind::Saw {
                op: same, key: its, ..
            },
        ) => (op, key) == (same, its),
        _ => false,
    }
}

/// What came of two runs: first the promises, then what was measured, then what is true at the end.
pub fn outcome_rows(left: &Outcome, right: &Outcome) -> Vec<OutcomeRow> {
    let mut rows = Vec::new();
    for promise in Promise::ALL {
        let (one, other) = (left.trial.of(promise), right.trial.of(promise));
        let broken = (one.state == State::Broken, other.state == State::Broken);
        if broken.0 || broken.1 || one.state != other.state {
            rows.push(OutcomeRow {
                name: promise.title().to_owned(),
                left: standing(one),
                right: standing(other),
                bad: broken,
            });
        }
    }
    let mut number = |name: &str, count: fn(&Outcome) -> String, bad: fn(&Outcome) -> bool| {
        rows.push(OutcomeRow {
            name: name.to_owned(),
            left: count(left),
            right: count(right),
            bad: (bad(left), bad(right)),
        });
    };
    number(
        "acknowledged writes lost",
        |of| of.metrics.acked_writes_lost.to_string(),
        |of| of.metrics.acked_writes_lost > 0,
    );
    number(
        "stale reads",
        |of| format!("{} of {}", of.metrics.stale_reads, of.metrics.reads),
        |of| of.metrics.stale_reads > 0,
    );
    number(
        "answered",
        |of| of.metrics.operations.ok.to_string(),
        |_| false,
    );
    let pairs = measured(&left.trial.price, &right.trial.price);
    rows.extend(pairs.into_iter().map(|pair| OutcomeRow {
        name: pair.name.to_owned(),
        left: pair.now,
        right: pair.then,
        bad: (false, false),
    }));
    let truths = left.trial.truth.iter().zip(&right.trial.truth);
    rows.extend(truths.map(|(one, other)| OutcomeRow {
        name: format!("{} in the end", one.key),
        left: one.values.join(" | "),
        right: other.values.join(" | "),
        bad: (false, false),
    }));
    rows
}

fn standing(standing: &replication::fixes::Standing) -> String {
    let (checked, violations) = (standing.checked, standing.violations);
    match standing.state {
        State::Unknown => "– not tested".to_owned(),
        State::Kept => format!("✓ kept, {checked} checked"),
        State::AtRisk => "! kept, and at risk".to_owned(),
        State::Broken if violations <= checked => format!("✗ broken, {violations} of {checked}"),
        State::Broken => format!("✗ broken, {violations} times"),
    }
}

#[cfg(test)]
mod tests;

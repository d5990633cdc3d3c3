//! What belongs to what is pointed at: what led to it and what came of it, or what proves it.

use replication::ids::Place;
use replication::run::Run;
use replication::trace::{Kind, Record, Seq};

use super::{Axis, Diagram, What};
use crate::geometry::Point;
use crate::index::SceneIndex;
use crate::moment::Moment;

/// What is lit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Light {
    /// Records, in order.
    pub seqs: Vec<Seq>,
    /// The records that prove a violation, where they happened, in order: to be joined by a line.
    pub evidence: Vec<Point>,
}

impl Light {
    /// Whether a record is lit.
    pub fn is_on(&self, seq: Seq) -> bool {
        self.seqs.binary_search(&seq).is_ok()
    }
}

/// How far back causes are followed, in records.
const CAUSES_MAX: usize = 64;
/// In how many records consequences are looked for.
const CONSEQUENCES_MAX: usize = 4_000;

/// What belongs to something in a diagram of `axis`.
pub fn light(
    run: &dyn Run,
    index: &SceneIndex,
    diagram: &Diagram,
    axis: &Axis,
    about: What,
) -> Light {
    let now = Moment::of(run, index);
    match about {
        What::Message(seq) | What::Event(seq) => Light {
            seqs: chain(&now, seq, axis.window().to_us),
            evidence: Vec::new(),
        },
        What::Violation(number) => proof(&now, diagram, axis, number),
    }
}

/// What led to a record, up to where its client began, and what came of it, up to where a client begins anew.
fn chain(now: &Moment<'_>, seq: Seq, until_us: u64) -> Vec<Seq> {
    let records = now.run.records();
    let mut chain = vec![seq];
    let mut cause = records.get(seq.index()).and_then(|record| record.cause);
    while let Some(record) = cause.and_then(|seq| now.record(seq))
        && chain.len() < CAUSES_MAX
    {
        chain.push(record.seq);
        cause = record
            .cause
            .filter(|_| !matches!(record.kind, Kind::Invoked { .. }));
    }
    chain.reverse();
    // A cause has a lower number than what it causes: one pass finds all that came of it.
    let begin = chain.len() - 1;
    let later = records.iter().skip(seq.index() + 1);
    for record in later.take(CONSEQUENCES_MAX) {
        if record.at.0 > until_us {
            break;
        }
        let follows = record
            .cause
            .is_some_and(|cause| chain[begin..].binary_search(&cause).is_ok());
        if follows && !matches!(record.kind, Kind::Invoked { .. }) {
            chain.push(record.seq);
        }
    }
    chain
}

/// The records that prove a violation, with the sendings of what arrived.
fn proof(now: &Moment<'_>, diagram: &Diagram, axis: &Axis, number: usize) -> Light {
    let Some(violation) = now.run.violations().get(number) else {
        return Light::default();
    };
    let records = violation.evidence.iter().filter_map(|seq| now.record(*seq));
    let mut light = Light::default();
    let plot = diagram.plot;
    for record in records {
        light.seqs.push(record.seq);
        if matches!(
            record.kind,
            Kind::Delivered
                | Kind::Lost { .. }
                | Kind::Undelivered
                | Kind::Dropped
                | Kind::Delayed { .. }
        ) {
            light.seqs.extend(record.cause);
        }
        let lane = place(now, record)
            .and_then(|place| diagram.lanes.iter().find(|lane| lane.place == place));
        let x = plot.x + axis.share(record.at.0) * plot.w;
        if let Some(lane) = lane
            && (plot.x..=plot.right()).contains(&x)
        {
            light.evidence.push(Point::new(x, lane.y));
        }
    }
    // The messages of what was asked for, of the read that was wrong, or of the write that was promised.
    let ops = violation
        .evidence
        .iter()
        .filter_map(|seq| match now.record(*seq)?.kind {
            Kind::Invoked { op, .. } | Kind::Saw { op, .. } | Kind::Served { op, .. } => Some(op),
            _ => None,
        });
    let ops: Vec<_> = ops.collect();
    let messages = diagram.lines.iter().filter(|line| {
        let carried = now
            .message(line.seq)
            .and_then(|(_, message)| message.carries.op);
        carried.is_some_and(|op| ops.contains(&op))
    });
    light.seqs.extend(messages.map(|line| line.seq));
    light.seqs.sort_unstable();
    light.seqs.dedup();
    light
}

/// Where a record happened.
fn place(now: &Moment<'_>, record: &Record) -> Option<Place> {
    match record.kind {
        Kind::Sent { from, .. } => Some(from),
        Kind::Delivered | Kind::Undelivered => Some(now.message(record.cause?)?.1.to),
        Kind::Lost { .. } | Kind::Dropped | Kind::Delayed { .. } => {
            Some(now.message(record.cause?)?.1.from)
        }
        Kind::Appended { node, .. }
        | Kind::Persisted { node, .. }
        | Kind::Applied { node, .. }
        | Kind::Committed { node, .. }
        | Kind::Discarded { node, .. }
        | Kind::Stored { node, .. }
        | Kind::Served { node, .. }
        | Kind::Acknowledged { node, .. }
        | Kind::FellBack { node, .. }
        | Kind::Promoted { node, .. }
        | Kind::SteppedDown { node, .. }
        | Kind::Serving { node, .. }
        | Kind::LeaseLost { node, .. }
        | Kind::Installed { node, .. }
        | Kind::Stopped { node, .. }
        | Kind::Evaluated { node, .. }
        | Kind::HintGone { node, .. }
        | Kind::Conflict { node, .. }
        | Kind::Crashed { node, .. }
        | Kind::Paused { node }
        | Kind::Skewed { node, .. }
        | Kind::Restored { node, .. }
        | Kind::Restarted { node } => Some(Place::Node(node)),
        ref other => other.client().map(Place::Client),
    }
}

//! The scrubber's markers, and stepping from event to event.

use std::mem::discriminant;

use replication::engine::time::SimTime;
use replication::ordered::sort_by_key;
use replication::promise::Promise;
use replication::run::Run;
use replication::trace::{Kept, Kind, MessageKind, Outcome, Record, Seq};

use crate::events::words;
use crate::flights::is_chatter;
use crate::index::SceneIndex;
use crate::moment::{Moment, message};
use crate::quantity::moment;
use crate::tone::Tone;

/// A marker on the scrubber.
#[derive(Clone, Debug, PartialEq)]
pub struct Marker {
    /// The record: its key.
    pub seq: Seq,
    /// When.
    pub at_us: u64,
    /// What.
    pub kind: MarkerKind,
    /// Its colour.
    pub tone: Tone,
    /// In words: its title.
    pub words: String,
}

/// What a marker marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkerKind {
    /// A broken promise.
    Violation(Promise),
    /// A replica stopped.
    Crash,
    /// A replica started again.
    Restart,
    /// A new leader.
    Promotion,
    /// A setting was changed.
    Change,
    /// A replica was paused, its clock was set, links were slowed, or a message was dropped or held up.
    Fault,
    /// That is over.
    Mended,
    /// Links were cut.
    Cut,
    /// Links work again.
    Healed,
    /// A lease is over.
    LeaseLost,
    /// A follower stopped, since it can't apply what it was sent.
    Stopped,
    /// Two writes met, neither of whose writers had seen the other.
    Conflict,
    /// A substitute keeps something for one who is away, or has handed it over.
    Hint,
    /// A client no longer reads from a replica that lags.
    Eviction,
    /// A snapshot was installed.
    Snapshot,
    /// A backup was made, or should have been.
    Backup,
    /// A disk was replaced by a backup.
    Restore,
    /// A session was told that what it had seen is lost.
    PositionLost,
}

/// Where the run ends at the latest, or where it is known to have ended, in microseconds.
pub fn length_us(run: &dyn Run) -> u64 {
    run.ended()
        .map_or(run.scenario().limits.time.0, |(_, at)| at.0)
}

/// The scrubber's markers, in order of time, up to what is known: the same wherever the cursor is.
pub fn markers(run: &dyn Run, index: &SceneIndex) -> Vec<Marker> {
    let records = run.records();
    let at_us = |seq: Seq| records.get(seq.index()).map(|record| record.at.0);
    let broken = run
        .violations()
        .iter()
        .enumerate()
        .filter_map(|(i, violation)| {
            let kind = MarkerKind::Violation(violation.promise);
            Some(Found {
                at_us: at_us(violation.at)?,
                seq: violation.at,
                kind,
                tone: Tone::Bad,
                violation: Some(i),
                more: 0,
            })
        });
    let turned = index.turns().iter().filter_map(|seq| {
        let record = records.get(seq.index())?;
        let (kind, tone) = turn(&record.kind)?;
        Some(Found {
            at_us: record.at.0,
            seq: *seq,
            kind,
            tone,
            violation: None,
            more: 0,
        })
    });
    let mut found: Vec<Found> = broken.chain(turned).collect();
    sort_by_key(&mut found, |found| (found.at_us, found.seq.0.into()));
    // Thinned out before anything is put into words: there may be thousands.
    let found = thinned_out(found, length_us(run) / MARKERS_SIDE_BY_SIDE);
    let now = Moment::of(run, index);
    let marker = |found: Found| {
        let violation = found.violation.and_then(|i| run.violations().get(i));
        let words = match violation {
            Some(violation) => violation.title.clone(),
            None => words(&now, found.seq).unwrap_or_default(),
        };
        let more = match found.more {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        Marker {
            seq: found.seq,
            at_us: found.at_us,
            kind: found.kind,
            tone: found.tone,
            words: format!("{}: {words}{more}", moment(found.at_us)),
        }
    };
    found.into_iter().map(marker).collect()
}

/// What is to be marked.
struct Found {
    at_us: u64,
    seq: Seq,
    kind: MarkerKind,
    tone: Tone,
    /// Which violation it is, by number.
    violation: Option<usize>,
    /// How many that stand where it stands are not marked.
    more: usize,
}

/// Whether stepping passes over a record: heartbeats, sendings, and what is told by what it causes.
///
/// `trace` is the whole known trace that the record is of.
pub fn is_quiet(record: &Record, trace: &[Record]) -> bool {
    let cause = || record.cause.and_then(|seq| trace.get(seq.index()));
    let cause_is_beat = || {
        cause()
            .and_then(message)
            .is_some_and(|sent| is_chatter(sent.kind, sent.carries.op.is_none()))
    };
    match record.kind {
        // A sending is told by its arrival; an entry in memory by its being persisted; a read by what it saw.
        Kind::Sent { .. } | Kind::Appended { .. } => true,
        Kind::Ended { outcome, .. } => outcome == Outcome::Answered,
        Kind::Delivered => {
            let counts = cause()
                .and_then(message)
                .is_some_and(|sent| match sent.kind {
                    MessageKind::Ack => sent.carries.upto.is_some_and(|upto| upto.index > 0),
                    MessageKind::Stored
                    | MessageKind::Vote
                    | MessageKind::Hinted
                    | MessageKind::Inspected
                    | MessageKind::TooStale => true,
                    _ => false,
                });
            let next = trace.get(record.seq.index() + 1);
            let told = next.is_some_and(|next| next.cause == Some(record.seq));
            !counts || told
        }
        Kind::Lost { .. } | Kind::Undelivered => cause_is_beat(),
        // What waits in a stream for one that is held up is held up at once.
        Kind::Delayed { .. } => {
            let before = record.seq.0.checked_sub(1);
            let before = before.and_then(|before| trace.get(before as usize));
            before.is_some_and(|before| {
                before.at == record.at && matches!(before.kind, Kind::Delayed { .. })
            })
        }
        // The first leader was there from the start.
        Kind::Promoted { epoch, .. } => epoch <= 1,
        _ => false,
    }
}

/// How many things have been done to replicas, links and settings up to the cursor, by anyone.
pub fn turns_so_far(run: &dyn Run, index: &SceneIndex) -> usize {
    let happened = run.happened();
    index.turns().partition_point(|seq| seq.index() < happened)
}

/// The next moment after `at` at which something happens that is not quiet, among the known records.
pub fn next_event(run: &dyn Run, index: &SceneIndex, at: SimTime) -> Option<SimTime> {
    let records = run.records();
    let time = |seq: &Seq| records.get(seq.index()).map(|record| record.at);
    let loud = index.loud();
    let next = loud.partition_point(|seq| time(seq).is_some_and(|time| time <= at));
    time(loud.get(next)?)
}

/// The last such moment before `at`.
pub fn previous_event(run: &dyn Run, index: &SceneIndex, at: SimTime) -> Option<SimTime> {
    let records = run.records();
    let time = |seq: &Seq| records.get(seq.index()).map(|record| record.at);
    let loud = index.loud();
    let next = loud.partition_point(|seq| time(seq).is_some_and(|time| time < at));
    time(loud.get(next.checked_sub(1)?)?)
}

/// How many markers of one kind a scrubber shows at the most.
const MARKERS_SIDE_BY_SIDE: u64 = 200;

/// What a record is on the scrubber, if it is there at all.
fn turn(kind: &Kind) -> Option<(MarkerKind, Tone)> {
    let (kind, tone) = match kind {
        Kind::Crashed { .. } => (MarkerKind::Crash, Tone::Muted),
        Kind::Restarted { .. } => (MarkerKind::Restart, Tone::Ok),
        Kind::Promoted { epoch, .. } if *epoch > 1 => (MarkerKind::Promotion, Tone::Leader),
        Kind::Changed { .. } => (MarkerKind::Change, Tone::Client),
        Kind::Skewed { by_us: 0, .. } | Kind::Slowed { by_us: 0, .. } | Kind::Resumed { .. } => {
            (MarkerKind::Mended, Tone::Ok)
        }
        Kind::Paused { .. }
        | Kind::Skewed { .. }
        | Kind::Slowed { .. }
        | Kind::Dropped
        | Kind::Delayed { .. } => (MarkerKind::Fault, Tone::Warn),
        Kind::Cut { .. } => (MarkerKind::Cut, Tone::Bad),
        Kind::Healed { .. } => (MarkerKind::Healed, Tone::Ok),
        Kind::LeaseLost { .. } => (MarkerKind::LeaseLost, Tone::Warn),
        Kind::Stopped { .. } => (MarkerKind::Stopped, Tone::Bad),
        Kind::Conflict { kept, .. } => match kept {
            Kept::There | Kept::Came => (MarkerKind::Conflict, Tone::Bad),
            Kept::Both | Kept::Merged => (MarkerKind::Conflict, Tone::Warn),
        },
        Kind::HintKept { .. } => (MarkerKind::Hint, Tone::Warn),
        Kind::HintGone { expired, .. } => (
            MarkerKind::Hint,
            if *expired { Tone::Bad } else { Tone::Ok },
        ),
        Kind::Evicted { .. } => (MarkerKind::Eviction, Tone::Warn),
        Kind::LetBack { .. } => (MarkerKind::Eviction, Tone::Ok),
        Kind::Installed { .. } => (MarkerKind::Snapshot, Tone::Follower),
        Kind::BackedUp { worked, .. } => (
            MarkerKind::Backup,
            if *worked { Tone::Muted } else { Tone::Bad },
        ),
        Kind::Restored { .. } => (MarkerKind::Restore, Tone::Client),
        Kind::NothingToRestore { .. } => (MarkerKind::Restore, Tone::Bad),
        Kind::Ended {
            outcome: Outcome::PositionLost,
            ..
        } => (MarkerKind::PositionLost, Tone::Bad),
        _ => return None,
    };
    Some((kind, tone))
}

/// Without those, of all in order, that would stand on one of the same kind: that one counts them. Broken promises look
/// the same, whichever they are.
fn thinned_out(all: Vec<Found>, apart_us: u64) -> Vec<Found> {
    let mut left: Vec<Found> = Vec::new();
    for found in all {
        let alike = |other: &&mut Found| discriminant(&other.kind) == discriminant(&found.kind);
        match left.iter_mut().rev().find(alike) {
            Some(last) if found.at_us < last.at_us + apart_us => last.more += 1,
            _ => left.push(found),
        }
    }
    left
}

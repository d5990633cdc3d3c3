//! Messages as slanted lines, and what happened at a place as dots.

use replication::ids::Place;
use replication::trace::{Kept, Kind, MessageKind, Outcome, Seq};

use super::axis::EARLIER_MAX;
use super::plan::Plan;
use super::{Dot, Slant, Window};
use crate::flights::write_carried;
use crate::geometry::Point;
use crate::moment::{Focus, Moment};
use crate::stage::Face;
use crate::text;
use crate::tone::{Hue, Tone};
use crate::trip::{End, Trip};

/// The most messages that one diagram shows: those nearest to the cursor.
pub const LINES_MAX: usize = 400;

/// The most events that one diagram looks at for its dots: those nearest to the cursor.
const LOUD_MAX: usize = 1200;

/// Where a lost message ends, of the way between two lanes.
const LOST_AT: f64 = 0.42;

/// The font size of a write's number.
pub const NUMBER_SIZE: f64 = 10.0;

/// How far a ring around evidence reaches, with what keeps free of it.
const RING: f64 = 8.0;

/// How far apart two numbers stand on a lane at the least.
const NUMBERS_APART: f64 = 24.0;

pub(super) fn lines(now: &Moment<'_>, plan: &Plan<'_>, focus: &Focus) -> Vec<Slant> {
    let records = now.run.records();
    let time = |seq: &Seq| records.get(seq.index()).map_or(0, |record| record.at.0);
    let sent = now.index.sent();
    let window = plan.axis.window();
    let begin = sent.partition_point(|seq| time(seq) < window.from_us);
    let end = sent.partition_point(|seq| time(seq) <= window.to_us);
    let cursor = sent.partition_point(|seq| time(seq) <= now.run.now().0);
    // What left before the window may arrive within it.
    let (begin, end) = around(cursor, begin.saturating_sub(EARLIER_MAX), end, LINES_MAX);
    let slant = |seq: &Seq| {
        let (record, message) = now.message(*seq)?;
        let trip = Trip::of(now, record, &message);
        let during = Window::new(record.at.0, trip.ends_us);
        if during.to_us < window.from_us {
            return None;
        }
        let from = plan.point(record.at.0, message.from)?;
        let to = plan.point(during.to_us, message.to)?;
        // A lost one ends half-way, and is drawn to a little less: there may be a lane, which it never came to.
        let part = match trip.end {
            End::Arrives => 1.0,
            End::Lost => LOST_AT,
            End::Dropped => trip.share(f64::INFINITY),
        };
        let to = Point::new(to.x, from.y + part * (to.y - from.y));
        let lost = trip.is_cut_short() && to.x <= plan.plot.right();
        let (from, to) = plan.clipped(from, to);
        let write = write_carried(now, &message);
        let is_first = message.kind == MessageKind::Write && window.holds(record.at.0);
        Some(Slant {
            seq: *seq,
            during,
            from,
            to,
            write,
            hue: write.map(Hue::of),
            label: write.filter(|_| is_first).map(|write| {
                let number = now.number(write);
                let away = if to.y > from.y { -3.5 } else { 11.5 };
                // It ends before the line begins and the ring that may be around that, but not in the lanes' names.
                let first = plan.plot.x + text::width(&number, Face::Value, NUMBER_SIZE);
                let at = Point::new((from.x - RING).max(first), from.y + away);
                (at, number)
            }),
            tone: match message.kind {
                MessageKind::Read | MessageKind::Fetch => Tone::Client,
                MessageKind::VoteRequest
                | MessageKind::Vote
                | MessageKind::Appoint
                | MessageKind::Inspect
                | MessageKind::Inspected => Tone::Leader,
                MessageKind::TooStale | MessageKind::PositionLost | MessageKind::Refused => {
                    Tone::Warn
                }
                _ => Tone::Muted,
            },
            reply: matches!(
                message.kind,
                MessageKind::Ack
                    | MessageKind::Stored
                    | MessageKind::Fetched
                    | MessageKind::Answer
                    | MessageKind::Done
                    | MessageKind::Told
                    | MessageKind::NotLeader
                    | MessageKind::TooStale
                    | MessageKind::PositionLost
                    | MessageKind::Refused
                    | MessageKind::Inspected
                    | MessageKind::Hinted
                    | MessageKind::HandedOff
                    | MessageKind::Repaired
                    | MessageKind::Replicated
            ),
            lost,
            // What had not arrived yet is not to blame: it keeps its colour.
            bad: focus.has(*seq, message.carries)
                && !matches!(
                    message.kind,
                    MessageKind::Append | MessageKind::Store | MessageKind::Replicate
                ),
        })
    };
    let mut lines: Vec<Slant> = sent[begin..end].iter().filter_map(slant).collect();
    thin_out(&mut lines);
    lines
}

/// Leaves out numbers that would stand on others.
fn thin_out(lines: &mut [Slant]) {
    let mut shown: Vec<Point> = Vec::new();
    for line in lines {
        let Some((at, _)) = line.label else { continue };
        let free = |other: &Point| other.y != at.y || (at.x - other.x).abs() >= NUMBERS_APART;
        if shown.iter().rev().take(24).all(free) {
            shown.push(at);
        } else {
            line.label = None;
        }
    }
}

/// At most `max` of `begin..end`, around the cursor: more of what happened than of what comes.
pub(super) fn around(cursor: usize, begin: usize, end: usize, max: usize) -> (usize, usize) {
    let last = (cursor + max / 4).clamp(begin.min(end), end);
    let first = last.saturating_sub(max).max(begin.min(end));
    (first, end.min(first + max))
}

pub(super) fn dots(now: &Moment<'_>, plan: &Plan<'_>, focus: &Focus) -> Vec<Dot> {
    let records = now.run.records();
    let time = |seq: &Seq| records.get(seq.index()).map_or(0, |record| record.at.0);
    let loud = now.index.loud();
    let window = plan.axis.window();
    let begin = loud.partition_point(|seq| time(seq) < window.from_us);
    let end = loud.partition_point(|seq| time(seq) <= window.to_us);
    let dot = |seq: &Seq| {
        let record = now.record(*seq)?;
        let bad = focus.evidence.contains(seq);
        let (place, tone, radius) = match record.kind {
            Kind::Ended { op, outcome } => {
                let tone = match outcome {
                    Outcome::Written { .. } => Tone::Ok,
                    _ => Tone::Warn,
                };
                (Place::Client(op.client), tone, 4.5)
            }
            Kind::Saw { op, .. } => (Place::Client(op.client), Tone::Follower, 3.5),
            Kind::Acknowledged { node, .. } => (Place::Node(node), Tone::Ok, 3.5),
            Kind::Promoted { node, .. } => (Place::Node(node), Tone::Leader, 5.0),
            Kind::Served { node, .. } if bad => (Place::Node(node), Tone::Bad, 4.5),
            Kind::Discarded { node, .. } => (Place::Node(node), Tone::Bad, 3.5),
            Kind::Conflict { node, kept, .. } => {
                let tone = match kept {
                    Kept::There | Kept::Came => Tone::Bad,
                    Kept::Both | Kept::Merged => Tone::Warn,
                };
                (Place::Node(node), tone, 4.5)
            }
            Kind::HintKept { node, .. } => (Place::Node(node), Tone::Warn, 4.0),
            Kind::HintGone { node, .. } => (Place::Node(node), Tone::Ok, 4.0),
            Kind::LeaseLost { node, .. } | Kind::Stopped { node, .. } => {
                (Place::Node(node), Tone::Warn, 4.5)
            }
            Kind::Installed { node, .. } => (Place::Node(node), Tone::Follower, 4.5),
            Kind::Restored { node, .. } => (Place::Node(node), Tone::Client, 5.0),
            Kind::Evicted { client, .. } => (Place::Client(client), Tone::Warn, 3.5),
            Kind::LetBack { client, .. } => (Place::Client(client), Tone::Ok, 3.5),
            _ => return None,
        };
        Some(Dot {
            seq: *seq,
            at_us: record.at.0,
            at: plan.point(record.at.0, place)?,
            tone: if bad && tone != Tone::Ok {
                Tone::Bad
            } else {
                tone
            },
            radius: if bad { radius + 1.0 } else { radius },
        })
    };
    let cursor = loud.partition_point(|seq| time(seq) <= now.run.now().0);
    let (begin, end) = around(cursor, begin, end, LOUD_MAX);
    loud[begin..end].iter().filter_map(dot).collect()
}

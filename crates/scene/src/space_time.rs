//! The space-time diagram: a lane for each place, time to the right, messages slanted between lanes.

use replication::ids::{NodeId, Place, WriteId};
use replication::promise::{Promise, Violation};
use replication::run::Run;
use replication::trace::{Kind, MessageKind, Outcome, Seq};

use crate::events::words;
use crate::flights::write_carried;
use crate::geometry::{Point, Rect};
use crate::index::SceneIndex;
use crate::moment::{Focus, Moment};
use crate::quantity::duration;
use crate::stage::Face;
use crate::text;
use crate::tone::{Hue, Tone};

/// The most messages that one diagram shows: those nearest to the cursor.
pub const LINES_MAX: usize = 400;

/// A space-time diagram.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diagram {
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
    /// Where time begins and ends, to the right of the names.
    pub plot: Rect,
    /// A lane for each client, then for each replica.
    pub lanes: Vec<Lane>,
    /// Times along the bottom: where, and "1.5 s".
    pub ticks: Vec<(f64, String)>,
    /// Messages.
    pub lines: Vec<Slant>,
    /// What happened at a place.
    pub dots: Vec<Dot>,
    /// While a replica was down: a band over its lane.
    pub crashes: Vec<Rect>,
    /// Broken promises.
    pub brackets: Vec<Bracket>,
    /// Where the cursor is; outside the plot where the window does not hold it.
    pub cursor_x: f64,
}

/// A place's lane.
#[derive(Clone, Debug, PartialEq)]
pub struct Lane {
    /// Whose.
    pub place: Place,
    /// Its name.
    pub name: String,
    /// Where.
    pub y: f64,
}

/// A message, as a slanted line.
#[derive(Clone, Debug, PartialEq)]
pub struct Slant {
    /// The record of its sending: its key.
    pub seq: Seq,
    /// Where and when it left.
    pub from: Point,
    /// Where and when it arrived or was lost.
    pub to: Point,
    /// The write that it carries.
    pub write: Option<WriteId>,
    /// That write's colour.
    pub hue: Option<Hue>,
    /// Its colour where it carries no write.
    pub tone: Tone,
    /// A reply: drawn thinner.
    pub reply: bool,
    /// Lost: ends with a cross.
    pub lost: bool,
    /// Part of the violation in focus.
    pub bad: bool,
}

/// Something that happened at a place.
#[derive(Clone, Debug, PartialEq)]
pub struct Dot {
    /// The record: its key.
    pub seq: Seq,
    /// Where.
    pub at: Point,
    /// What.
    pub tone: Tone,
    /// Its radius.
    pub radius: f64,
    /// In words.
    pub words: String,
}

/// A broken promise, over the lanes.
#[derive(Clone, Debug, PartialEq)]
pub struct Bracket {
    /// The record from which on it exists: its key.
    pub seq: Seq,
    /// Which.
    pub promise: Promise,
    /// Where its evidence begins.
    pub from_x: f64,
    /// Where it is complete.
    pub to_x: f64,
    /// Its row, from 0 at the top: those that overlap stand in different rows.
    pub row: u8,
    /// Where its label begins.
    pub label_x: f64,
    /// Its label.
    pub text: String,
}

/// The diagram of the moments from `from_us` to `to_us`, of everything known: what lies after the
/// cursor, too, where it has been seen already.
pub fn space_time(
    run: &dyn Run,
    index: &SceneIndex,
    width: f64,
    height: f64,
    from_us: u64,
    to_us: u64,
    focus: Option<&Violation>,
) -> Diagram {
    let now = Moment::of(run, index);
    let focus = Focus::on(run, focus);
    let to_us = to_us.max(from_us + 1);
    let plan = Plan::of(&now, width, height, from_us, to_us);
    let lines = lines(&now, &plan, &focus);
    Diagram {
        width,
        height,
        plot: plan.plot,
        lanes: plan.lanes.clone(),
        ticks: plan.ticks(),
        lines,
        dots: dots(&now, &plan, &focus),
        crashes: crashes(&now, &plan),
        brackets: brackets(run, &plan),
        cursor_x: plan.x(run.now().0),
    }
}

/// How many messages left between two moments, as far as is known: a busy stretch wants a narrower window.
pub fn messages_between(run: &dyn Run, index: &SceneIndex, from_us: u64, to_us: u64) -> usize {
    let records = run.records();
    let before = |us: u64| {
        let time = |seq: &Seq| records.get(seq.index()).map_or(0, |record| record.at.0);
        index.sent().partition_point(|seq| time(seq) < us)
    };
    before(to_us).saturating_sub(before(from_us))
}

/// The most events that one diagram looks at for its dots: those nearest to the cursor.
const LOUD_MAX: usize = 1200;

/// The most rows of brackets; what does not fit is left to the scrubber.
const BRACKET_ROWS: usize = 2;

/// How far back before the window a message may have left, in messages.
const EARLIER_MAX: usize = 200;

/// Where lanes and moments are.
struct Plan {
    plot: Rect,
    lanes: Vec<Lane>,
    /// Rows of brackets.
    rows: usize,
    from_us: u64,
    to_us: u64,
}

impl Plan {
    fn of(now: &Moment<'_>, width: f64, height: f64, from_us: u64, to_us: u64) -> Plan {
        let clients = now.clients.iter().map(|client| Place::Client(client.id));
        let nodes = now.nodes.iter().map(|node| Place::Node(node.id));
        // The proxy between those whom it stands between.
        let (proxies, replicas): (Vec<Place>, Vec<Place>) =
            nodes.partition(|place| matches!((place, now.structure.proxy()), (Place::Node(node), Some(proxy)) if *node == proxy));
        let places: Vec<Place> = clients.chain(proxies).chain(replicas).collect();
        let names: Vec<&str> = places.iter().map(|place| now.place(*place)).collect();

        let widest = names
            .iter()
            .map(|name| text::width(name, Face::Plain, NAME_SIZE));
        let names_w = widest.fold(0.0, f64::max).min(0.22 * width) + 22.0;
        // Brackets above, ticks below.
        let rows = if height >= 200.0 { BRACKET_ROWS } else { 1 };
        let above = (14.0 + 16.0 * rows as f64).min(0.25 * height);
        let below = 20.0_f64.min(0.12 * height);
        let plot = Rect {
            x: names_w,
            y: above,
            w: (width - names_w - 8.0).max(1.0),
            h: (height - above - below).max(1.0),
        };
        let step = plot.h / places.len().max(1) as f64;
        let lanes = places
            .iter()
            .zip(&names)
            .enumerate()
            .map(|(i, (place, name))| Lane {
                place: *place,
                name: text::fit(name, Face::Plain, NAME_SIZE, names_w - 18.0),
                y: plot.y + (i as f64 + 0.5) * step,
            });
        Plan {
            plot,
            lanes: lanes.collect(),
            rows,
            from_us,
            to_us,
        }
    }

    fn x(&self, us: u64) -> f64 {
        let part = (us as f64 - self.from_us as f64) / (self.to_us - self.from_us) as f64;
        self.plot.x + part * self.plot.w
    }

    fn y(&self, place: Place) -> Option<f64> {
        let lane = self.lanes.iter().find(|lane| lane.place == place);
        lane.map(|lane| lane.y)
    }

    fn point(&self, us: u64, place: Place) -> Option<Point> {
        self.y(place).map(|y| Point::new(self.x(us), y))
    }

    /// The part of a line within the window.
    fn clipped(&self, from: Point, to: Point) -> (Point, Point) {
        let width = (to.x - from.x).max(1e-9);
        let part = |x: f64| ((x - from.x) / width).clamp(0.0, 1.0);
        let (first, last) = (part(self.plot.x), part(self.plot.right()));
        (between(from, to, first), between(from, to, last))
    }

    fn holds(&self, us: u64) -> bool {
        (self.from_us..=self.to_us).contains(&us)
    }

    /// Round times, about a hundred pixels apart.
    fn ticks(&self) -> Vec<(f64, String)> {
        let wanted = (self.to_us - self.from_us) as f64 * 100.0 / self.plot.w;
        let step = (0..12)
            .flat_map(|power| [1, 2, 5].map(|first| first * 10_u64.pow(power)))
            .find(|step| *step as f64 >= wanted)
            .unwrap_or(u64::MAX);
        let words = |us: u64| match step {
            1_000_000.. => format!("{} s", us / 1_000_000),
            100_000.. => format!("{}.{} s", us / 1_000_000, us / 100_000 % 10),
            _ => duration(us),
        };
        let first = self.from_us.div_ceil(step);
        let last = self.to_us / step;
        let end = self.plot.right() - 14.0;
        (first..=last)
            .map(|i| (self.x(i * step), words(i * step)))
            .take_while(|(x, _)| *x <= end)
            .collect()
    }
}

fn between(a: Point, b: Point, t: f64) -> Point {
    Point::new(a.x + (b.x - a.x) * t, a.y + (b.y - a.y) * t)
}

/// The names' font size.
pub const NAME_SIZE: f64 = 12.0;

fn lines(now: &Moment<'_>, plan: &Plan, focus: &Focus) -> Vec<Slant> {
    let records = now.run.records();
    let time = |seq: &Seq| records.get(seq.index()).map_or(0, |record| record.at.0);
    let sent = now.index.sent();
    let begin = sent.partition_point(|seq| time(seq) < plan.from_us);
    let end = sent.partition_point(|seq| time(seq) <= plan.to_us);
    let cursor = sent.partition_point(|seq| time(seq) <= now.run.now().0);
    // What left before the window may arrive within it.
    let (begin, end) = around(cursor, begin.saturating_sub(EARLIER_MAX), end, LINES_MAX);
    let slant = |seq: &Seq| {
        let (record, message) = now.message(*seq)?;
        let whole = if message.lost {
            message.flight_us / 2
        } else {
            message.flight_us
        };
        let until = record.at.0 + whole;
        if until < plan.from_us {
            return None;
        }
        let (from, to) = (
            plan.point(record.at.0, message.from)?,
            plan.point(record.at.0 + message.flight_us, message.to)?,
        );
        // A lost one ends half-way.
        let to = if message.lost {
            between(from, to, 0.5)
        } else {
            to
        };
        let lost = message.lost && to.x <= plan.plot.right();
        let (from, to) = plan.clipped(from, to);
        let write = write_carried(now, &message);
        Some(Slant {
            seq: *seq,
            from,
            to,
            write,
            hue: write.map(Hue::of),
            tone: match message.kind {
                MessageKind::Read | MessageKind::Fetch => Tone::Client,
                MessageKind::VoteRequest | MessageKind::Vote | MessageKind::Appoint => Tone::Leader,
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
            ),
            lost,
            // What had not arrived yet is not to blame: it keeps its colour.
            bad: focus.has(*seq, message.carries)
                && !matches!(message.kind, MessageKind::Append | MessageKind::Store),
        })
    };
    sent[begin..end].iter().filter_map(slant).collect()
}

/// At most `max` of `begin..end`, around the cursor: more of what happened than of what comes.
fn around(cursor: usize, begin: usize, end: usize, max: usize) -> (usize, usize) {
    let last = (cursor + max / 4).clamp(begin.min(end), end);
    let first = last.saturating_sub(max).max(begin.min(end));
    (first, end.min(first + max))
}

fn dots(now: &Moment<'_>, plan: &Plan, focus: &Focus) -> Vec<Dot> {
    let records = now.run.records();
    let time = |seq: &Seq| records.get(seq.index()).map_or(0, |record| record.at.0);
    let loud = now.index.loud();
    let begin = loud.partition_point(|seq| time(seq) < plan.from_us);
    let end = loud.partition_point(|seq| time(seq) <= plan.to_us);
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
            _ => return None,
        };
        Some(Dot {
            seq: *seq,
            at: plan.point(record.at.0, place)?,
            tone: if bad && tone != Tone::Ok {
                Tone::Bad
            } else {
                tone
            },
            radius: if bad { radius + 1.0 } else { radius },
            words: words(now, *seq).unwrap_or_default(),
        })
    };
    let cursor = loud.partition_point(|seq| time(seq) <= now.run.now().0);
    let (begin, end) = around(cursor, begin, end, LOUD_MAX);
    loud[begin..end].iter().filter_map(dot).collect()
}

/// While replicas were down, as far as is known.
fn crashes(now: &Moment<'_>, plan: &Plan) -> Vec<Rect> {
    let known_us = now
        .run
        .records()
        .last()
        .map_or(0, |record| record.at.0)
        .max(now.now_us);
    let step = plan.plot.h / plan.lanes.len().max(1) as f64;
    let mut down: Vec<(NodeId, u64)> = Vec::new();
    let mut bands = Vec::new();
    let mut band = |node: NodeId, from: u64, to: u64| {
        let (from, to) = (from.max(plan.from_us), to.min(plan.to_us));
        if let Some(y) = plan.y(Place::Node(node))
            && from < to
        {
            bands.push(Rect {
                x: plan.x(from),
                y: y - 0.3 * step,
                w: plan.x(to) - plan.x(from),
                h: 0.6 * step,
            });
        }
    };
    for seq in now.index.turns() {
        let Some(record) = now.record(*seq) else {
            continue;
        };
        match record.kind {
            Kind::Crashed { node } => down.push((node, record.at.0)),
            Kind::Restarted { node } => {
                if let Some(i) = down.iter().position(|(other, _)| *other == node) {
                    let (_, since) = down.swap_remove(i);
                    band(node, since, record.at.0);
                }
            }
            _ => {}
        }
    }
    for (node, since) in down {
        band(node, since, known_us);
    }
    bands
}

/// The violations that came to be within the window, each over its evidence.
fn brackets(run: &dyn Run, plan: &Plan) -> Vec<Bracket> {
    let records = run.records();
    let time = |seq: Seq| records.get(seq.index()).map(|record| record.at.0);
    let mut row_ends = vec![f64::MIN; plan.rows];
    let mut brackets = Vec::new();
    let violations = run.violations();
    let begin = violations
        .partition_point(|violation| time(violation.at).is_some_and(|at| at < plan.from_us));
    for violation in &violations[begin..] {
        let Some(at) = time(violation.at) else {
            continue;
        };
        if !plan.holds(at) {
            break;
        }
        let first = violation.evidence.iter().filter_map(|seq| time(*seq)).min();
        let from_x = plan.x(first.unwrap_or(at).max(plan.from_us));
        let to_x = plan.x(at);
        // The label stands over the bracket's end, and to its left where there is no room on the right.
        let text = format!("{} ✗", violation.promise.title());
        let label_w = text::width(&text, Face::Title, 10.5) + 16.0;
        let label_x = to_x.min(plan.plot.right() - label_w).max(plan.plot.x);
        let label_x = label_x.min(from_x.max(plan.plot.x));
        let end = (label_x + label_w).max(to_x) + 6.0;
        let Some(row) = row_ends.iter().position(|end| *end <= label_x.min(from_x)) else {
            continue;
        };
        row_ends[row] = end;
        brackets.push(Bracket {
            seq: violation.at,
            promise: violation.promise,
            from_x,
            to_x,
            row: row as u8,
            label_x,
            text,
        });
    }
    brackets
}

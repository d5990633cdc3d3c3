//! What is on the wire: chips that move, and crosses where something was lost.
//!
//! A flight is worked out once from its record; where it is at a moment is one short formula, so that
//! it can be drawn sixty times a second without asking the run anything.

use replication::engine::time::SimTime;
use replication::ids::{Held, Place, WriteId};
use replication::ordered::{Ordered, sort_by_key};
use replication::promise::Violation;
use replication::run::Run;
use replication::trace::{Kind, MessageKind, Record, Seq};

use crate::geometry::{Curve, Point, Rect};
use crate::glyphs;
use crate::index::SceneIndex;
use crate::layout::Layout;
use crate::metrics::Metrics;
use crate::moment::{Focus, Message, Moment};
use crate::routes::Lane;
use crate::stage::{Detail, Face, Stage};
use crate::text::{fit_any, width};
use crate::tone::{Hue, Tone};
use crate::trip::{End, Trip};

/// A message on its way.
#[derive(Clone, Debug, PartialEq)]
pub struct Flight {
    /// The record of its sending: its key, the same in every frame.
    pub seq: Seq,
    /// From.
    pub from: Place,
    /// To.
    pub to: Place,
    /// Its way, in its direction of travel; a lost one goes half of it.
    pub curve: Curve,
    /// When it is where on its way.
    pub trip: Trip,
    /// How it is drawn.
    pub shape: ChipShape,
    /// The write that it carries, acknowledges or returns.
    pub write: Option<WriteId>,
    /// That write's colour.
    pub hue: Option<Hue>,
    /// The colour of its outline where the write's colour does not say it.
    pub tone: Tone,
    /// How many more entries it carries than the one whose number it shows: drawn as a stack.
    pub more: u16,
    /// What is written on it: "7", "100 · #5". Empty for marks without text.
    pub text: String,
    /// That text's font size in pixels.
    pub text_size: f64,
    /// Half its width.
    pub half_width: f64,
    /// Half its height.
    pub half_height: f64,
    /// Whether it is part of the violation in focus.
    pub bad: bool,
    /// What a screen reader says: "Write 7, from Leader to F2".
    pub aria: String,
}

/// How a message is drawn. The class is [`ChipShape::class`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChipShape {
    /// A client's write: a filled square with a bold outline.
    Request,
    /// A write on its way to a copy: a filled square.
    Replicate,
    /// A new leader's first entry, which changes nothing, on its way to a copy: a small bar.
    NoOp,
    /// "I have it": a circle with a check mark, outlined in the write's colour.
    AckCheck,
    /// "Done": a circle with a check mark, in the colour of good.
    Done,
    /// Please read: a filled circle with a question mark.
    ReadRequest,
    /// What a read returns: a hollow pill with the value.
    Answer,
    /// I am alive: a small dot.
    Heartbeat,
    /// May I lead: a hollow ballot box.
    VoteRequest,
    /// You may: a ballot box with a check mark.
    Vote,
    /// Lead: a ballot box with a crown.
    Appoint,
    /// Who leads: a small hollow circle with a question mark.
    Ask,
    /// Not me, or that one: a small hollow pill.
    Told,
    /// No, and why: a hollow pill with a word.
    Refusal,
    /// Kept for one who is away: a filled diamond.
    Hint,
    /// What was kept, on its way home: a filled diamond with an outline.
    Handoff,
    /// What a copy lacks: a filled circle with a plus.
    Repair,
    /// Have you got all of this: a small hollow circle with an equals sign.
    Compare,
    /// All of it at once: a filled square on two more.
    Snapshot,
    /// How far are you: a leader's hollow circle with a question mark.
    Inspect,
    /// This far: a leader's hollow circle with a check mark.
    Inspected,
    /// I have heard you: a small hollow dot.
    Pulse,
}

/// A piece of a chip, around its own origin.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// An upright rectangle with round corners of this radius.
    Rect(&'static str, Rect, f64),
    /// A circle of this radius.
    Circle(&'static str, f64),
    /// The `d` of a path.
    Path(&'static str, String),
    /// Text in the middle, of this font size.
    Text(Face, String, f64),
}

impl ChipShape {
    /// Its class in style sheets.
    pub fn class(self) -> &'static str {
        match self {
            ChipShape::Request => "k-request",
            ChipShape::Replicate => "k-replicate",
            ChipShape::NoOp => "k-noop",
            ChipShape::AckCheck => "k-ack",
            ChipShape::Done => "k-done",
            ChipShape::ReadRequest => "k-read",
            ChipShape::Answer => "k-answer",
            ChipShape::Heartbeat => "k-heartbeat",
            ChipShape::VoteRequest => "k-vote-request",
            ChipShape::Vote => "k-vote",
            ChipShape::Appoint => "k-appoint",
            ChipShape::Ask => "k-ask",
            ChipShape::Told => "k-told",
            ChipShape::Refusal => "k-refusal",
            ChipShape::Hint => "k-hint",
            ChipShape::Handoff => "k-handoff",
            ChipShape::Repair => "k-repair",
            ChipShape::Compare => "k-compare",
            ChipShape::Snapshot => "k-snapshot",
            ChipShape::Inspect => "k-inspect",
            ChipShape::Inspected => "k-inspected",
            ChipShape::Pulse => "k-pulse",
        }
    }
}

impl Flight {
    /// Whether another one looks the same, wherever it is.
    pub fn looks_like(&self, other: &Flight) -> bool {
        (self.shape, self.tone, self.hue, self.bad)
            == (other.shape, other.tone, other.hue, other.bad)
            && (self.more > 0) == (other.more > 0)
            && (self.half_width, self.half_height) == (other.half_width, other.half_height)
            && (&self.text, self.text_size) == (&other.text, other.text_size)
    }

    /// What it is drawn as, from the bottom up, where `r` is the stage's
    /// [`chip_radius`](Stage::chip_radius). The classes are `body`, `glyph` and the like.
    pub fn parts(&self, r: f64) -> Vec<Part> {
        let (w, h) = (self.half_width, self.half_height);
        let middle = Point::default();
        let body = Rect::around(middle, 2.0 * w, 2.0 * h);
        let mut parts = Vec::new();
        let behind = |by: f64| {
            let at = middle.moved(by * r, -by * r);
            Part::Rect("body more", Rect::around(at, 2.0 * w, 2.0 * h), 0.45 * r)
        };
        match self.shape {
            ChipShape::Request | ChipShape::Replicate => {
                parts.extend((self.more > 0).then(|| behind(0.24)));
                parts.push(Part::Rect("body", body, 0.45 * r));
            }
            ChipShape::Snapshot => {
                parts.extend([behind(0.44), behind(0.22)]);
                parts.push(Part::Rect("body", body, 0.25 * r));
            }
            ChipShape::Answer | ChipShape::Refusal | ChipShape::NoOp => {
                parts.push(Part::Rect("body", body, h));
            }
            ChipShape::Told => {
                let low = Rect::around(middle, 2.0 * w, 1.24 * h);
                parts.push(Part::Rect("body", low, 0.62 * h));
            }
            ChipShape::VoteRequest | ChipShape::Vote | ChipShape::Appoint => {
                parts.push(Part::Rect("body", body, 0.22 * r));
            }
            ChipShape::Hint | ChipShape::Handoff => {
                parts.push(Part::Path("body", glyphs::diamond(body)));
            }
            _ => parts.push(Part::Circle("body", w)),
        }
        let sign = |text: &str, size: f64| Part::Text(Face::Inverse, text.to_owned(), size);
        match self.shape {
            ChipShape::AckCheck | ChipShape::Done | ChipShape::Vote | ChipShape::Inspected => {
                parts.push(Part::Path("glyph", glyphs::check(middle, w)));
            }
            ChipShape::Appoint => {
                let crown = glyphs::crown(Rect::around(middle, 1.15 * r, 0.75 * r));
                parts.push(Part::Path("glyph filled", crown));
            }
            ChipShape::Repair => parts.push(Part::Path("glyph", glyphs::plus(middle, 0.5 * w))),
            ChipShape::ReadRequest
            | ChipShape::Ask
            | ChipShape::VoteRequest
            | ChipShape::Inspect => parts.push(sign("?", 1.3 * h)),
            ChipShape::Compare => parts.push(sign("=", 1.3 * h)),
            _ => {}
        }
        if !self.text.is_empty() {
            let face = match self.shape {
                ChipShape::Answer | ChipShape::Refusal => Face::Value,
                _ => Face::Inverse,
            };
            parts.push(Part::Text(face, self.text.clone(), self.text_size));
        }
        parts
    }
}

/// Whether a message is one of those that go back and forth all the time: a small dot, and no line in a
/// diagram. `asks` says whether clients ask for lags all the time.
pub(crate) fn is_chatter(kind: MessageKind, asks: bool) -> bool {
    match kind {
        MessageKind::Heartbeat | MessageKind::Alive | MessageKind::Ping | MessageKind::Pong => true,
        MessageKind::Ask | MessageKind::Told => asks,
        _ => false,
    }
}

/// A cross where a message was lost, for a short while of model time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mark {
    /// The record of the loss: its key.
    pub seq: Seq,
    /// Where.
    pub at: Point,
    /// Since when, in microseconds of true time.
    pub since_us: u64,
    /// Until when it is shown.
    pub until_us: u64,
    /// The lost write's colour.
    pub hue: Option<Hue>,
    /// Whether the link is cut: the cross stands where the cut is.
    pub cut: bool,
}

/// How long a cross stays, in microseconds of model time.
pub const MARK_US: u64 = 150_000;

/// The most messages that are shown at once: without heartbeats then, and the newest.
pub const FLIGHTS_MAX: usize = 400;

/// What is on the wire at the run's cursor, oldest first, with what belongs to the violation in focus
/// last: on top.
///
/// `stage` gives the places; it may be some frames old, since places do not move.
pub fn flights(
    run: &dyn Run,
    index: &SceneIndex,
    stage: &Stage,
    focus: Option<&Violation>,
) -> Vec<Flight> {
    let moment = Moment::of(run, index);
    let mut shown: Vec<Seq> = moment.in_flight().to_vec();
    if shown.len() > FLIGHTS_MAX {
        let asks = moment.asks_for_lag();
        let is_beat = |seq: &Seq| {
            let message = moment.message(*seq);
            message.is_none_or(|(_, message)| is_chatter(message.kind, asks))
        };
        shown.retain(|seq| !is_beat(seq));
        shown.drain(..shown.len().saturating_sub(FLIGHTS_MAX));
    }
    flights_among(&moment, &shown, stage, focus)
}

/// Those of some messages alone: a message keeps its way, so that between two moments only what was sent since
/// has to be worked out.
///
/// `seqs` are the records of their sendings; what has arrived by now is among them all the same.
pub fn flights_of(
    run: &dyn Run,
    index: &SceneIndex,
    seqs: &[Seq],
    stage: &Stage,
    focus: Option<&Violation>,
) -> Vec<Flight> {
    flights_among(&Moment::of(run, index), seqs, stage, focus)
}

/// What will happen on the wire.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Soon {
    /// What will be sent, in order.
    pub sent: Vec<Seq>,
    /// What will be received, or lost, and when, in microseconds of true time.
    pub over: Vec<(Seq, u64)>,
}

/// What happens on the wire after the run's cursor and no later than `until`, as far as that is known.
pub fn soon(run: &dyn Run, index: &SceneIndex, until: SimTime) -> Soon {
    let moment = Moment::of(run, index);
    let ahead = &run.records()[moment.happened..index.known()];
    let mut soon = Soon::default();
    for record in ahead.iter().take_while(|record| record.at <= until) {
        match (record.kind, record.cause) {
            (Kind::Sent { .. }, _) if soon.sent.len() < FLIGHTS_MAX => soon.sent.push(record.seq),
            (
                Kind::Delivered | Kind::Lost { .. } | Kind::Undelivered | Kind::Dropped,
                Some(sent),
            ) => soon.over.push((sent, record.at.0)),
            _ => {}
        }
    }
    soon
}

fn flights_among(
    moment: &Moment<'_>,
    seqs: &[Seq],
    stage: &Stage,
    focus: Option<&Violation>,
) -> Vec<Flight> {
    let index = moment.index;
    let focus = Focus::on(moment.run, focus);
    let asks = moment.asks_for_lag();
    let mut ways = Ordered::default();
    let shown = seqs.iter().filter_map(|seq| moment.message(*seq));
    let mut flights: Vec<Flight> = shown
        .filter_map(|(record, message)| {
            let seq = record.seq;
            let beat = is_chatter(message.kind, asks);
            let key = (message.from, message.to, index.lane(seq), beat);
            if !ways.contains(key) {
                let lane = if beat { Lane::Beat } else { Lane::Chip(key.2) };
                ways.insert(key, stage.layout.way(key.0, key.1, lane));
            }
            let curve = *ways.get(key)?;
            Some(flight(
                moment,
                &stage.layout,
                &focus,
                record,
                message,
                curve?,
            ))
        })
        .collect();
    sort_by_key(&mut flights, |flight| {
        (flight.bad.into(), flight.seq.0.into())
    });
    flights
}

/// Where a message is at a moment, in microseconds of true time.
///
/// Before it left it stands at its beginning, after it ended at its end.
pub fn position(flight: &Flight, t_us: f64) -> Point {
    flight.curve.at(flight.trip.share(t_us))
}

/// The crosses of what was lost within the last [`MARK_US`].
pub fn marks(run: &dyn Run, index: &SceneIndex, stage: &Stage) -> Vec<Mark> {
    let moment = Moment::of(run, index);
    let losses = index.losses();
    let before = losses.partition_point(|seq| seq.index() < moment.happened);
    let fresh = losses[..before].iter().rev().map_while(|seq| {
        let record = moment.record(*seq)?;
        (moment.now_us < record.at.0 + MARK_US).then_some(record)
    });
    let mark = |record: &Record| {
        let (sent, message) = moment.message(record.cause?)?;
        if is_chatter(message.kind, moment.asks_for_lag()) {
            return None;
        }
        let (share, cut) = match record.kind {
            Kind::Lost { cut } => (0.5, cut),
            Kind::Dropped => (
                Trip::of(&moment, sent, &message).share(f64::INFINITY),
                false,
            ),
            _ => (1.0, false),
        };
        let lane = index.lane(sent.seq);
        let way = stage
            .layout
            .way(message.from, message.to, Lane::Chip(lane))?;
        let (_, _, half) = chip(&moment, &stage.layout.metrics, sent, &message);
        let ends = (message.from, message.to);
        let is_lost = matches!(record.kind, Kind::Lost { .. });
        let way = stage.layout.clear_way(way, ends, half, is_lost);
        Some(Mark {
            seq: record.seq,
            at: way.at(share),
            since_us: record.at.0,
            until_us: record.at.0 + MARK_US,
            hue: write_carried(&moment, &message).map(Hue::of),
            cut,
        })
    };
    fresh.filter_map(mark).collect()
}

fn flight(
    moment: &Moment<'_>,
    layout: &Layout,
    focus: &Focus,
    record: &Record,
    message: Message,
    curve: Curve,
) -> Flight {
    let m = &layout.metrics;
    let write = write_carried(moment, &message);
    let bad = focus.has(record.seq, message.carries);
    let (shape, text, half) = chip(moment, m, record, &message);
    let (half_width, half_height) = half;
    let trip = Trip::of(moment, record, &message);
    let ends = (message.from, message.to);
    let curve = layout.clear_way(curve, ends, half, trip.end == End::Lost);
    Flight {
        seq: record.seq,
        from: message.from,
        to: message.to,
        curve,
        trip,
        shape,
        write,
        hue: write.map(Hue::of),
        tone: tone(shape, bad),
        more: message.carries.entries.saturating_sub(1),
        aria: aria(moment, shape, write, &text, &message),
        text,
        text_size: m.chip_text(),
        half_width,
        half_height,
        bad,
    }
}

/// What a message looks like, what is written on it, and half its width and half its height.
fn chip(
    moment: &Moment<'_>,
    m: &Metrics,
    record: &Record,
    message: &Message,
) -> (ChipShape, String, (f64, f64)) {
    let shape = shape(message, moment.asks_for_lag());
    let text = match shape {
        ChipShape::Answer => answer_text(moment, m, record, message),
        ChipShape::Request | ChipShape::Replicate | ChipShape::Hint | ChipShape::Handoff => {
            write_carried(moment, message).map_or(String::new(), |write| write.0.to_string())
        }
        ChipShape::Snapshot => "all".to_owned(),
        ChipShape::Refusal => refusal(message.kind).to_owned(),
        _ => String::new(),
    };
    let half = half_size(shape, &text, m.chip_r, m.chip_text());
    (shape, text, half)
}

/// Half the width and half the height of a chip with this text, in this font size, where `r` is the stage's
/// [`chip_radius`](Stage::chip_radius).
pub(crate) fn half_size(shape: ChipShape, text: &str, r: f64, text_size: f64) -> (f64, f64) {
    let pill = width(text, Face::Value, text_size) / 2.0 + 0.75 * r;
    match shape {
        ChipShape::Answer | ChipShape::Refusal => (pill.max(1.2 * r), 1.05 * r),
        ChipShape::Request | ChipShape::Replicate | ChipShape::Snapshot => {
            (r.max(pill - 0.3 * r), r)
        }
        // A diamond has less room for a number than a square.
        ChipShape::Hint | ChipShape::Handoff => (1.25 * r.max(pill - 0.3 * r), 1.25 * r),
        ChipShape::NoOp => (0.92 * r, 0.24 * r),
        ChipShape::Heartbeat | ChipShape::Pulse => (0.24 * r, 0.24 * r),
        ChipShape::Ask | ChipShape::Told | ChipShape::Compare => (0.7 * r, 0.7 * r),
        _ => (0.92 * r, 0.92 * r),
    }
}

fn shape(message: &Message, asks: bool) -> ChipShape {
    match message.kind {
        MessageKind::Write => ChipShape::Request,
        MessageKind::Read | MessageKind::Fetch => ChipShape::ReadRequest,
        MessageKind::Done => ChipShape::Done,
        MessageKind::Answer | MessageKind::Fetched => ChipShape::Answer,
        MessageKind::Ask if asks => ChipShape::Heartbeat,
        MessageKind::Told if asks => ChipShape::Pulse,
        MessageKind::NotLeader | MessageKind::Told => ChipShape::Told,
        MessageKind::TooStale | MessageKind::PositionLost | MessageKind::Refused => {
            ChipShape::Refusal
        }
        MessageKind::Ask => ChipShape::Ask,
        // Without entries it only asks where the logs part.
        MessageKind::Append if message.carries.entries == 0 => ChipShape::Ask,
        MessageKind::Append if carries_no_op(message) => ChipShape::NoOp,
        MessageKind::Append | MessageKind::Store | MessageKind::Replicate => ChipShape::Replicate,
        MessageKind::Snapshot => ChipShape::Snapshot,
        // Without a position it asks for entries, or refuses an old leader.
        MessageKind::Ack if message.carries.upto.is_none() => ChipShape::Told,
        MessageKind::Ack
        | MessageKind::Stored
        | MessageKind::Hinted
        | MessageKind::HandedOff
        | MessageKind::Repaired
        | MessageKind::Replicated => ChipShape::AckCheck,
        MessageKind::Heartbeat | MessageKind::Ping => ChipShape::Heartbeat,
        MessageKind::Alive | MessageKind::Pong => ChipShape::Pulse,
        MessageKind::VoteRequest => ChipShape::VoteRequest,
        MessageKind::Vote => ChipShape::Vote,
        MessageKind::Appoint => ChipShape::Appoint,
        MessageKind::Inspect => ChipShape::Inspect,
        MessageKind::Inspected => ChipShape::Inspected,
        MessageKind::Hint => ChipShape::Hint,
        MessageKind::Handoff => ChipShape::Handoff,
        MessageKind::Repair | MessageKind::Differ => ChipShape::Repair,
        MessageKind::Compare => ChipShape::Compare,
    }
}

/// Whether a message carries nothing but the first entry of a new leader, which is no write.
pub(crate) fn carries_no_op(message: &Message) -> bool {
    let carries = &message.carries;
    message.kind == MessageKind::Append && carries.entries == 1 && carries.write.is_none()
}

/// Why a client gets no answer, in a word or two.
fn refusal(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::TooStale => "lacks it",
        MessageKind::PositionLost => "lost",
        _ => "too few",
    }
}

pub(crate) fn tone(shape: ChipShape, bad: bool) -> Tone {
    match shape {
        _ if bad => Tone::Bad,
        ChipShape::Done => Tone::Ok,
        ChipShape::ReadRequest | ChipShape::Request => Tone::Client,
        ChipShape::Answer => Tone::Follower,
        ChipShape::Refusal => Tone::Warn,
        ChipShape::VoteRequest
        | ChipShape::Vote
        | ChipShape::Appoint
        | ChipShape::Inspect
        | ChipShape::Inspected => Tone::Leader,
        ChipShape::Replicate
        | ChipShape::AckCheck
        | ChipShape::Snapshot
        | ChipShape::Hint
        | ChipShape::Handoff
        | ChipShape::Repair => Tone::Ink,
        ChipShape::Heartbeat
        | ChipShape::Pulse
        | ChipShape::NoOp
        | ChipShape::Ask
        | ChipShape::Told
        | ChipShape::Compare => Tone::Muted,
    }
}

/// The write that a message carries, acknowledges or returns.
pub(crate) fn write_carried(moment: &Moment<'_>, message: &Message) -> Option<WriteId> {
    let carries = &message.carries;
    let of_op = || moment.write_of(carries.op?);
    let at_position = || {
        moment
            .index
            .appended(carries.partition?, carries.upto?)?
            .write
    };
    match message.kind {
        MessageKind::Done => of_op(),
        MessageKind::Ack => carries.write.or_else(at_position),
        _ => carries.write,
    }
}

/// What an answer says: "100 · #5", as far as there is room.
fn answer_text(moment: &Moment<'_>, m: &Metrics, record: &Record, message: &Message) -> String {
    let held = answered(moment, record, message);
    let values: Vec<String> = held.iter().map(|held| moment.value(held.value)).collect();
    let long = match held.as_slice() {
        [held] => match held.write {
            Some(write) => format!("{} · #{}", values[0], write.0),
            None => values[0].clone(),
        },
        _ => values.join(" · "),
    };
    let room = m.chip_r
        * match m.detail {
            Detail::Full => 13.0,
            Detail::Compact => 8.0,
            Detail::Small | Detail::Tiny => 6.0,
        };
    fit_any(
        &[long, values.join(" · ")],
        Face::Value,
        m.chip_text(),
        room,
    )
}

/// What an answer carries: what its sender looked up for this read just before.
fn answered(moment: &Moment<'_>, record: &Record, message: &Message) -> Vec<Held> {
    let Some(op) = message.carries.op else {
        return Vec::new();
    };
    let before = &moment.run.records()[..record.seq.index()];
    let looked_up = |record: &&Record| match (record.kind, message.from) {
        (Kind::Served { node, op: of, .. }, Place::Node(from)) => of == op && node == from,
        _ => false,
    };
    let same_moment = before
        .iter()
        .rev()
        .take(LOOK_BACK_MAX)
        .take_while(|earlier| earlier.at == record.at);
    let found = same_moment
        .filter(looked_up)
        .filter_map(|record| match record.kind {
            Kind::Served { held, .. } => Some(held),
            _ => None,
        });
    let mut found: Vec<Held> = found.collect();
    found.reverse();
    // A copy answers a view of several keys one by one.
    if message.kind == MessageKind::Fetched {
        found.retain(|held| held.write == message.carries.write);
        found.truncate(1);
    }
    if found.is_empty() {
        // A coordinator passes on what others looked up.
        let value = message
            .carries
            .write
            .and_then(|write| moment.index.write(write)?.value);
        found.push(Held {
            version: None,
            value: value.unwrap_or_default(),
            write: message.carries.write,
        });
    }
    found
}

fn aria(
    moment: &Moment<'_>,
    shape: ChipShape,
    write: Option<WriteId>,
    text: &str,
    message: &Message,
) -> String {
    let number = write
        .map(|write| format!(" {}", write.0))
        .unwrap_or_default();
    let what = match shape {
        ChipShape::Request | ChipShape::Replicate => format!("Write{number}"),
        ChipShape::NoOp => "A new leader’s first entry, no write".to_owned(),
        ChipShape::AckCheck if write.is_none() => "Acknowledgement".to_owned(),
        ChipShape::AckCheck => format!("Acknowledgement of write{number}"),
        ChipShape::Done => format!("“Done” for write{number}"),
        ChipShape::ReadRequest => "Read".to_owned(),
        ChipShape::Answer => format!("Answer {text}"),
        ChipShape::Refusal => format!("Refusal: {text}"),
        ChipShape::Hint => format!("Hint with write{number}"),
        ChipShape::Handoff => format!("Hand-off of write{number}"),
        ChipShape::Repair => format!("Repair with write{number}"),
        ChipShape::Compare => "Comparison".to_owned(),
        ChipShape::Snapshot => "Snapshot".to_owned(),
        ChipShape::Inspect => "Question how far it is".to_owned(),
        ChipShape::Inspected => "How far it is".to_owned(),
        ChipShape::Pulse => "Sign of life".to_owned(),
        ChipShape::Heartbeat if message.kind == MessageKind::Ask => "Question".to_owned(),
        ChipShape::Heartbeat => "Heartbeat".to_owned(),
        ChipShape::VoteRequest => "Request for a vote".to_owned(),
        ChipShape::Vote => "Vote".to_owned(),
        ChipShape::Appoint => "Appointment as leader".to_owned(),
        ChipShape::Ask => "Question".to_owned(),
        ChipShape::Told => "Reply".to_owned(),
    };
    let (from, to) = (moment.place(message.from), moment.place(message.to));
    format!("{what}, from {from} to {to}")
}

/// How many records back an answer's values are looked for: more than one step makes.
const LOOK_BACK_MAX: usize = 80;

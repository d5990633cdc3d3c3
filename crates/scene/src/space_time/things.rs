//! What can be pointed at, found under a pointer, and told in words.

use replication::run::Run;
use replication::trace::{Kind, Seq};

use super::lines::around;
use super::{Bracket, Diagram};
use crate::events::{uncapitalised, what, words};
use crate::geometry::Point;
use crate::index::SceneIndex;
use crate::moment::Moment;
use crate::quantity::{duration, moment};
use crate::trip::{End, Trip};

/// The most things that are listed: those nearest to the cursor.
pub const THINGS_MAX: usize = 200;

/// What can be pointed at in a diagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A message, by the record of its sending.
    Message(Seq),
    /// Something that happened at a place, or began there.
    Event(Seq),
    /// A broken promise, by its number in the run.
    Violation(usize),
}

/// Where and when something is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thing {
    /// What.
    pub what: What,
    /// When, in microseconds.
    pub at_us: u64,
    /// Where words about it point to.
    pub at: Point,
}

impl Diagram {
    /// Everything that can be pointed at, in order of time; at most [`THINGS_MAX`].
    pub fn things(&self) -> Vec<Thing> {
        let lines = self.lines.iter().map(|line| Thing {
            what: What::Message(line.seq),
            at_us: line.during.from_us,
            at: Point::new(
                (line.from.x + line.to.x) / 2.0,
                (line.from.y + line.to.y) / 2.0,
            ),
        });
        let dots = self.dots.iter().map(|dot| Thing {
            what: What::Event(dot.seq),
            at_us: dot.at_us,
            at: dot.at,
        });
        let bands = self.bands.iter().filter_map(|band| {
            Some(Thing {
                what: What::Event(band.seq?),
                at_us: band.at_us,
                at: Point::new(band.rect.x, band.rect.centre().y),
            })
        });
        let brackets = self.brackets.iter().map(|bracket| Thing {
            what: What::Violation(bracket.number),
            at_us: bracket.at_us,
            at: bracket.chip.centre(),
        });
        let mut things: Vec<Thing> = lines.chain(dots).chain(bands).chain(brackets).collect();
        things.sort_by_key(|thing| (thing.at_us, thing.what.order()));
        // One cut marks many lanes.
        things.dedup_by_key(|thing| thing.what);
        let cursor = things.partition_point(|thing| thing.at_us <= self.now_us);
        let (first, end) = around(cursor, 0, things.len(), THINGS_MAX);
        things[first..end].to_vec()
    }

    /// What is at a point, or nearest to it within `reach` pixels.
    pub fn nearest(&self, at: Point, reach: f64) -> Option<What> {
        let bracket = |bracket: &&Bracket| bracket.chip.grown(reach.min(4.0)).contains(at);
        if let Some(bracket) = self.brackets.iter().find(bracket) {
            return Some(What::Violation(bracket.number));
        }
        let plot = self.plot.grown(reach);
        let dots = self.dots.iter().map(|dot| {
            let away = (dot.at.distance(at) - dot.radius).max(0.0);
            // What is small comes before what is long.
            (0.5 * away, away, What::Event(dot.seq))
        });
        let lines = self.lines.iter().map(|line| {
            let away = distance(at, line.from, line.to);
            (away, away, What::Message(line.seq))
        });
        let nearest = dots
            .chain(lines)
            .filter(|(_, away, _)| *away <= reach && plot.contains(at))
            .min_by(|(one, ..), (other, ..)| one.total_cmp(other));
        nearest.map(|(_, _, what)| what).or_else(|| {
            let mut bands = self.bands.iter().rev();
            let band = bands.find(|band| band.rect.contains(at))?;
            Some(What::Event(band.seq?))
        })
    }
}

impl What {
    /// Of one moment: what happened, then what left, then what that broke.
    fn order(self) -> (u8, usize) {
        match self {
            What::Event(seq) => (0, seq.index()),
            What::Message(seq) => (1, seq.index()),
            What::Violation(number) => (2, number),
        }
    }
}

/// What there is to say about something: "0.412 s: L sends F2 the message with #3; it arrives 319 ms
/// later, at 0.731 s."
pub fn told(run: &dyn Run, index: &SceneIndex, about: What) -> String {
    tell(&Moment::of(run, index), about)
}

/// The same of several.
pub fn all_told(run: &dyn Run, index: &SceneIndex, things: &[Thing]) -> Vec<String> {
    let now = Moment::of(run, index);
    things.iter().map(|thing| tell(&now, thing.what)).collect()
}

fn tell(now: &Moment<'_>, about: What) -> String {
    let at = |seq: Seq| {
        now.record(seq)
            .map_or(String::new(), |record| moment(record.at.0))
    };
    match about {
        What::Message(seq) => format!("{}: {}", at(seq), sending(now, seq).unwrap_or_default()),
        What::Event(seq) => format!("{}: {}", at(seq), words(now, seq).unwrap_or_default()),
        What::Violation(number) => match now.run.violations().get(number) {
            Some(violation) => format!(
                "{}: {}. Broken: {}.",
                at(violation.at),
                violation.title,
                violation.promise.title()
            ),
            None => String::new(),
        },
    }
}

/// Who sends what to whom, and what becomes of it.
fn sending(now: &Moment<'_>, seq: Seq) -> Option<String> {
    let (record, message) = now.message(seq)?;
    let (from, to) = (now.place(message.from), now.place(message.to));
    let what = uncapitalised(&what(now, &message));
    let trip = Trip::of(now, record, &message);
    let ends_us = trip.ends_us;
    // Losses come in order: this one is after its sending.
    let losses = now.index.losses();
    let later = losses.partition_point(|loss| *loss < seq);
    let fate = losses[later..]
        .iter()
        .filter_map(|loss| now.record(*loss))
        .take_while(|loss| loss.at.0 <= ends_us)
        .find(|loss| loss.cause == Some(seq));
    let held_up = match trip.holds.is_empty() {
        true => "",
        false => "is held up, and ",
    };
    let fate = match fate.map(|loss| loss.kind) {
        Some(Kind::Lost { cut: true }) => "it is lost: the link is cut".to_owned(),
        Some(Kind::Undelivered) => format!("it finds {to} down at {}", moment(ends_us)),
        _ => match trip.end {
            End::Dropped => format!("it is dropped at {}", moment(ends_us)),
            End::Lost => "it is lost on the way".to_owned(),
            End::Arrives => {
                let later = duration(ends_us - trip.sent_us);
                format!("it {held_up}arrives {later} later, at {}", moment(ends_us))
            }
        },
    };
    Some(format!("{from} sends {to} {what}; {fate}."))
}

/// How far a point is from a line.
fn distance(at: Point, from: Point, to: Point) -> f64 {
    let (dx, dy) = (to.x - from.x, to.y - from.y);
    let length = (dx * dx + dy * dy).max(1e-9);
    let part = (((at.x - from.x) * dx + (at.y - from.y) * dy) / length).clamp(0.0, 1.0);
    at.distance(from.moved(part * dx, part * dy))
}

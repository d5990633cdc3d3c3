//! Where lanes, moments and words stand.

use replication::ids::Place;
use replication::scenario::Intervention;

use super::{Axis, Break, Lane};
use crate::geometry::{Point, Rect};
use crate::moment::Moment;
use crate::quantity::duration;
use crate::stage::Face;
use crate::text;

/// The names' font size.
pub const NAME_SIZE: f64 = 12.0;

/// The most rows of brackets; what does not fit is left to the scrubber.
const BRACKET_ROWS: usize = 2;
/// How high a row of them is.
pub(super) const BRACKET_ROW: f64 = 19.0;
/// What the network has is told in a strip of this height.
const STRIP: f64 = 13.0;
/// How far apart two times stand at the least.
const TICK_APART: f64 = 56.0;

/// Where lanes and moments are.
pub(super) struct Plan<'a> {
    pub plot: Rect,
    pub lanes: Vec<Lane>,
    /// Rows of brackets.
    pub rows: usize,
    /// Between the brackets and the lanes, where the network may lose messages.
    pub strip: Option<Rect>,
    pub axis: &'a Axis,
}

impl<'a> Plan<'a> {
    pub fn of(now: &Moment<'_>, width: f64, height: f64, axis: &'a Axis) -> Plan<'a> {
        let clients = now.clients().iter().map(|client| Place::Client(client.id));
        let nodes = now.nodes().iter().map(|node| Place::Node(node.id));
        // The proxy between those whom it stands between.
        let (proxies, replicas): (Vec<Place>, Vec<Place>) =
            nodes.partition(|place| matches!((place, now.structure.proxy()), (Place::Node(node), Some(proxy)) if *node == proxy));
        let places: Vec<Place> = clients.chain(proxies).chain(replicas).collect();
        let names: Vec<&str> = places.iter().map(|place| now.place(*place)).collect();

        let widest = names
            .iter()
            .map(|name| text::width(name, Face::Plain, NAME_SIZE));
        let names_w = widest.fold(0.0, f64::max).min(0.22 * width) + 22.0;
        // Brackets above, times below.
        let rows = if height >= 200.0 { BRACKET_ROWS } else { 1 };
        let above = (4.0 + BRACKET_ROW * rows as f64).min(0.25 * height);
        let below = 20.0_f64.min(0.12 * height);
        let strip_h = if may_lose(now) { STRIP } else { 0.0 };
        let plot = Rect {
            x: names_w,
            y: above + strip_h,
            w: (width - names_w - 8.0).max(1.0),
            h: (height - above - strip_h - below).max(1.0),
        };
        let strip = Rect {
            y: above,
            h: STRIP,
            ..plot
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
            strip: (strip_h > 0.0).then_some(strip),
            axis,
        }
    }

    /// How far apart the lanes are.
    pub fn step(&self) -> f64 {
        self.plot.h / self.lanes.len().max(1) as f64
    }

    pub fn x(&self, us: u64) -> f64 {
        self.plot.x + self.axis.share(us) * self.plot.w
    }

    pub fn y(&self, place: Place) -> Option<f64> {
        let lane = self.lanes.iter().find(|lane| lane.place == place);
        lane.map(|lane| lane.y)
    }

    pub fn point(&self, us: u64, place: Place) -> Option<Point> {
        self.y(place).map(|y| Point::new(self.x(us), y))
    }

    /// The part of a line within the window.
    pub fn clipped(&self, from: Point, to: Point) -> (Point, Point) {
        let width = (to.x - from.x).max(1e-9);
        let part = |x: f64| ((x - from.x) / width).clamp(0.0, 1.0);
        let (first, last) = (part(self.plot.x), part(self.plot.right()));
        (between(from, to, first), between(from, to, last))
    }

    /// The rectangle of a time and a height, as far as the window has it.
    pub fn stretch(&self, from_us: u64, to_us: u64, (y, h): (f64, f64)) -> Option<Rect> {
        let window = self.axis.window();
        let (from_us, to_us) = (from_us.max(window.from_us), to_us.min(window.to_us));
        (from_us < to_us).then(|| {
            let x = self.x(from_us);
            let w = self.x(to_us) - x;
            Rect { x, y, w, h }
        })
    }

    /// The room for words from `x` on, up to where `right` or a fold is.
    pub fn room(&self, x: f64, right: f64) -> f64 {
        let folds = self.axis.folds().filter_map(|fold| {
            let (from, to) = (fold.from * self.plot.w, fold.to * self.plot.w);
            (self.plot.x + to > x).then_some(self.plot.x + from)
        });
        folds.fold(right, f64::min) - x
    }

    /// Round times, about a hundred pixels apart.
    pub fn ticks(&self) -> Vec<(f64, String)> {
        let wanted = 100.0 / (self.axis.per_us() * self.plot.w);
        let step = (0..12)
            .flat_map(|power| [1, 2, 5].map(|first| first * 10_u64.pow(power)))
            .find(|step| *step as f64 >= wanted)
            .unwrap_or(u64::MAX);
        let words = |us: u64| match step {
            1_000_000.. => format!("{} s", us / 1_000_000),
            100_000.. => format!("{}.{} s", us / 1_000_000, us / 100_000 % 10),
            10_000.. => format!("{}.{:02} s", us / 1_000_000, us / 10_000 % 100),
            1_000.. => format!("{}.{:03} s", us / 1_000_000, us / 1_000 % 1_000),
            _ => duration(us),
        };
        let end = self.plot.right() - 14.0;
        let mut ticks: Vec<(f64, String)> = Vec::new();
        for stretch in self.axis.plain() {
            for us in (stretch.from_us.div_ceil(step)..=stretch.to_us / step).map(|i| i * step) {
                let x = self.x(us);
                let free = ticks.last().is_none_or(|(last, _)| x - last >= TICK_APART);
                if free && x <= end {
                    ticks.push((x, words(us)));
                }
            }
        }
        ticks
    }

    /// Where time is folded.
    pub fn breaks(&self) -> Vec<Break> {
        let Rect { x, y, w, h } = self.plot;
        let each = |fold: super::Fold| {
            let rect = Rect {
                x: x + fold.from * w,
                y,
                w: (fold.to - fold.from) * w,
                h,
            };
            let quiet = duration(fold.us);
            let wordings = [format!("{quiet} of quiet"), quiet];
            // It reads upwards.
            let room = if rect.w >= 13.0 { h - 8.0 } else { 0.0 };
            let text = text::fit_any(&wordings, Face::Mono, 10.0, room);
            let whole = wordings.contains(&text);
            Break {
                rect,
                text: if whole { text } else { String::new() },
            }
        };
        self.axis.folds().map(each).collect()
    }
}

fn between(a: Point, b: Point, t: f64) -> Point {
    Point::new(a.x + (b.x - a.x) * t, a.y + (b.y - a.y) * t)
}

/// Whether the network loses messages at some time of the run.
fn may_lose(now: &Moment<'_>) -> bool {
    let scenario = now.run.scenario();
    let later = scenario.script.iter().any(|scripted| {
        matches!(&scripted.does, Intervention::Set(settings) if settings.network.loss_ppm > 0)
    });
    later || scenario.settings.network.loss_ppm > 0
}

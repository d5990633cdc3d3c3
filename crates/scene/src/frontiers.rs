//! Where what is cut off is cut off: a line between the two sides, and since when.

use replication::ids::{Place, Places};
use replication::trace::Kind;

use crate::geometry::{Point, Rect, on_circle, path};
use crate::layout::Layout;
use crate::moment::Moment;
use crate::places::cuts;
use crate::quantity::duration;
use crate::stage::{Face, Frontier, Wire};
use crate::tags::tag;
use crate::text::width;
use crate::tone::Tone;

/// In how many directions a line is tried, upright and level among them.
const DIRECTIONS: u8 = 8;

/// How much air a line needs on both sides together, as a part of half a chip's side.
const AIR: f64 = 1.2;

/// At how many points a wire is looked at.
const SAMPLES: u8 = 16;

/// Where words are tried beside a cross, in parts of their own width and height, the nearest first.
const BESIDE: [(f64, f64); 14] = [
    (0.0, -1.0),
    (0.0, 1.0),
    (1.0, 0.0),
    (-1.0, 0.0),
    (1.0, -1.0),
    (-1.0, -1.0),
    (1.0, 1.0),
    (-1.0, 1.0),
    (1.8, 0.0),
    (-1.8, 0.0),
    (1.8, -1.0),
    (-1.8, -1.0),
    (0.0, -2.0),
    (0.0, 2.0),
];

/// How many places for the words are tried along a line.
const STEPS: u8 = 40;

/// The cuts at the cursor; `taken` is where nothing more can be written.
pub(crate) fn frontiers(
    moment: &Moment<'_>,
    layout: &Layout,
    wires: &[Wire],
    mut taken: Vec<Rect>,
) -> Vec<Frontier> {
    let links = moment.run.links();
    let mut frontiers = Vec::new();
    for (from, to, both) in cuts(&links) {
        let between = |wire: &&Wire| {
            let (a, b) = (wire.from, wire.to);
            (from.contains(a) && to.contains(b)) || (from.contains(b) && to.contains(a))
        };
        let crossed = wires
            .iter()
            .filter(between)
            .filter_map(|wire| wire.cut.as_ref());
        let crosses: Vec<Point> = crossed.map(|cut| cut.at).collect();
        // What nobody sees cut needs no line.
        if crosses.is_empty() {
            continue;
        }
        let line = separated(layout, from, to).filter(|_| both);
        let size = 0.95 * layout.metrics.note;
        let words = words(moment, from, to, both);
        let (w, h) = (width(&words, Face::Mono, size) + 1.4 * size, 1.7 * size);
        let inside = layout.stage.grown(-2.0);
        let is_free =
            |rect: &Rect| inside.holds(*rect) && !taken.iter().any(|other| other.overlaps(*rect));
        // Where as little as possible passes on its way.
        let air = 2.2 * layout.metrics.chip_r;
        let passing = |rect: &Rect| -> usize {
            let around = rect.grown(air);
            let of_wire = |wire: &Wire| {
                let points = (0..=SAMPLES).map(|i| f64::from(i) / f64::from(SAMPLES));
                points
                    .filter(|t| around.contains(wire.curve.at(*t)))
                    .count()
            };
            wires.iter().map(of_wire).sum()
        };
        let along = line.iter().flat_map(|(start, end)| {
            (0..=STEPS).map(|i| {
                let t = f64::from(i) / f64::from(STEPS);
                Point::new(
                    start.x + (end.x - start.x) * t,
                    start.y + (end.y - start.y) * t,
                )
            })
        });
        let off = 0.75 * h + 0.7 * layout.metrics.chip_r;
        let beside = crosses.iter().flat_map(|at| {
            let aside = 0.5 * w + layout.metrics.chip_r;
            BESIDE.map(|(x, y)| at.moved(x * aside, y * off))
        });
        let tries: Vec<Point> = match line {
            Some(_) => along.collect(),
            None => beside.collect(),
        };
        let tries = tries.into_iter().map(|at| Rect::around(at, w, h));
        let place = tries.filter(is_free).min_by_key(passing);
        let tag = place.map(|rect| {
            taken.push(rect);
            tag(rect, words, size, Tone::Bad)
        });
        let line = line.map(|(a, b)| path("M# #L# #", &[a.x, a.y, b.x, b.y]));
        if line.is_some() || tag.is_some() {
            frontiers.push(Frontier { line, tag });
        }
    }
    frontiers
}

/// "cut since 0.9 s".
fn words(moment: &Moment<'_>, these: Places, those: Places, both: bool) -> String {
    let meet = |one: Places, other: Places| one.iter().any(|place| other.contains(place));
    let began = moment.last_turn(|kind| match kind {
        Kind::Cut { from, to, .. } => {
            (meet(*from, these) && meet(*to, those)) || (meet(*from, those) && meet(*to, these))
        }
        _ => false,
    });
    let ways = if both { "cut" } else { "cut one way" };
    match began {
        Some(record) => format!("{ways} since {}", duration(record.at.0)),
        None => ways.to_owned(),
    }
}

/// A line across the stage with these on one side and those on the other, and nobody on it.
fn separated(layout: &Layout, these: Places, those: Places) -> Option<(Point, Point)> {
    let body = |place: Place| match place {
        Place::Client(client) => layout.people.get(usize::from(client.0)).copied(),
        Place::Node(_) => layout.body(place),
    };
    let bodies = |places: Places| -> Vec<Rect> { places.iter().filter_map(body).collect() };
    let (these, those) = (bodies(these), bodies(those));
    let all = layout.bodies();
    let mut best: Option<(f64, Point, f64)> = None;
    for direction in 0..DIRECTIONS {
        let normal = on_circle(0.5 * f64::from(direction) / f64::from(DIRECTIONS));
        let reach = |rects: &[Rect]| {
            let spans = rects.iter().map(|rect| span(*rect, normal));
            spans.reduce(|(low, high), (its, other)| (low.min(its), high.max(other)))
        };
        let (Some(one), Some(other)) = (reach(&these), reach(&those)) else {
            continue;
        };
        let (below, above) = if one.1 <= other.0 {
            (one.1, other.0)
        } else {
            (other.1, one.0)
        };
        let (gap, middle) = (above - below, (below + above) / 2.0);
        let clear = all.iter().all(|rect| {
            let (low, high) = span(*rect, normal);
            middle <= low - 2.0 || middle >= high + 2.0
        });
        // An upright or level line rather than a slanted one.
        let looks = if direction % (DIRECTIONS / 2) == 0 {
            gap
        } else {
            0.6 * gap
        };
        if gap >= AIR * layout.metrics.chip_r
            && clear
            && best.is_none_or(|(known, ..)| looks > known)
        {
            best = Some((looks, normal, middle));
        }
    }
    let (_, normal, at) = best?;
    across(layout.stage, normal, at)
}

/// From where to where a rectangle reaches in a direction.
fn span(rect: Rect, normal: Point) -> (f64, f64) {
    let centre = rect.centre();
    let middle = centre.x * normal.x + centre.y * normal.y;
    let half = 0.5 * (rect.w * normal.x.abs() + rect.h * normal.y.abs());
    (middle - half, middle + half)
}

/// The part of a line that is on the stage, from its upper or left end.
fn across(stage: Rect, normal: Point, at: f64) -> Option<(Point, Point)> {
    let foot = Point::new(normal.x * at, normal.y * at);
    let along = Point::new(-normal.y, normal.x);
    let (mut from, mut to) = (f64::MIN, f64::MAX);
    for (start, step, low, high) in [
        (foot.x, along.x, stage.x, stage.right()),
        (foot.y, along.y, stage.y, stage.bottom()),
    ] {
        if step.abs() < 1e-9 {
            if start < low || start > high {
                return None;
            }
            continue;
        }
        let (one, other) = ((low - start) / step, (high - start) / step);
        from = from.max(one.min(other));
        to = to.min(one.max(other));
    }
    let point = |t: f64| foot.moved(along.x * t, along.y * t);
    let (a, b) = (point(from), point(to));
    (from < to).then_some(if a.y <= b.y { (a, b) } else { (b, a) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_from_edge_to_edge() {
        let stage = Rect {
            x: 0.0,
            y: 0.0,
            w: 100.0,
            h: 50.0,
        };
        let upright = across(stage, Point::new(1.0, 0.0), 30.0);
        assert_eq!(
            upright,
            Some((Point::new(30.0, 0.0), Point::new(30.0, 50.0)))
        );
        assert_eq!(across(stage, Point::new(1.0, 0.0), 130.0), None);
    }
}

//! The course of a line between two places: a gentle arc that keeps clear of what stands between.

use std::cell::RefCell;

use replication::ids::Place;
use replication::ordered::Ordered;

use crate::geometry::{Curve, Point, Rect, length};
use crate::layout::Layout;

/// How far to either side a curve may bend, as a part of its length, the straightest first.
const BENDS: [f64; 13] = [
    0.0, 0.1, -0.1, 0.2, -0.2, 0.32, -0.32, 0.46, -0.46, 0.64, -0.64, 0.9, -0.9,
];

/// Where between the two ends, as a part of the way, what is level or upright at one end turns.
const ELBOWS: [f64; 5] = [0.0, 0.2, 0.45, 0.7, 0.9];

/// What such a turn costs beside a bend.
const ELBOW_COST: f64 = 0.5;

/// What each hidden point of a curve costs beside a bend.
const HIDDEN_COST: f64 = 0.4;

/// At how many points a curve is tested for what is in its way.
const SAMPLES: usize = 20;

/// How much of its way a message may lose at an end to be clear of what stands there, and in how many steps.
const CLEARED_MOST: f64 = 0.25;
const CLEARED_STEPS: u8 = 12;

/// Which of the ways beside a wire a message takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// That of small dots, close to the wire.
    Beat,
    /// That of chips: 0 for one that left alone.
    Chip(u8),
}

/// The wires and ways of a layout that have been asked for: finding one takes longer than drawing it.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    wires: RefCell<Ordered<(Place, Place), Option<Curve>>>,
    ways: RefCell<Ordered<(Place, Place, Lane), Option<Curve>>>,
}

/// They follow from the places, which are compared.
impl PartialEq for Routes {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Layout {
    /// The wire between two places, from the first to the second.
    ///
    /// The same line whichever of the two is named first; `None` where one of them is not on the stage.
    pub fn wire(&self, from: Place, to: Place) -> Option<Curve> {
        if from > to {
            return self.wire(to, from).map(Curve::reversed);
        }
        let known = self.routes.wires.borrow().get((from, to)).copied();
        known.unwrap_or_else(|| {
            let wire = self.find_wire(from, to);
            self.routes.wires.borrow_mut().insert((from, to), wire);
            wire
        })
    }

    /// The way of a message: beside the wire, on the right of its direction, so that what comes and
    /// what goes don't meet.
    pub fn way(&self, from: Place, to: Place, lane: Lane) -> Option<Curve> {
        let key = (from, to, lane);
        let known = self.routes.ways.borrow().get(key).copied();
        known.unwrap_or_else(|| {
            let way = self.find_way(from, to, lane);
            self.routes.ways.borrow_mut().insert(key, way);
            way
        })
    }

    fn find_wire(&self, from: Place, to: Place) -> Option<Curve> {
        let (a, b) = (self.body(from)?, self.body(to)?);
        let (ca, cb) = (a.centre(), b.centre());
        let obstacles = self.obstacles(from, to);
        let wanted = self.wanted_bend(ca, cb);
        let arc = |bend: f64| {
            let control = bent(ca, cb, bend);
            // Half-way between the direction of the curve and that of its other end: so wires that leave
            // a card fan out from their beginning on.
            let (out, back) = (middle(control, cb), middle(control, ca));
            let (start, end) = (self.edge(from, a, out), self.edge(to, b, back));
            Curve {
                from: start,
                bend: bent(start, end, bend),
                to: end,
            }
        };
        let best = arc(wanted);
        if self.hidden(&best, &obstacles) == 0 {
            return Some(best);
        }
        let arcs = BENDS.iter().map(|bend| ((bend - wanted).abs(), arc(*bend)));
        // Level or upright at one of its ends, as what comes through between two cards must be.
        let elbow = |control: Point| Curve {
            from: self.edge(from, a, control),
            bend: control,
            to: self.edge(to, b, control),
        };
        let elbows = ELBOWS.iter().flat_map(|t| {
            let at = Point::new(ca.x + (cb.x - ca.x) * t, ca.y + (cb.y - ca.y) * t);
            let controls = [(at.x, cb.y), (cb.x, at.y), (at.x, ca.y), (ca.x, at.y)];
            controls.map(|(x, y)| (ELBOW_COST, elbow(Point::new(x, y))))
        });
        let cost = |(bent, curve): (f64, Curve)| {
            (
                bent + HIDDEN_COST * self.hidden(&curve, &obstacles) as f64,
                curve,
            )
        };
        let best = arcs
            .chain(elbows)
            .chain([(0.0, best)])
            .map(cost)
            .min_by(|(one, _), (other, _)| one.total_cmp(other));
        best.map(|(_, curve)| curve)
    }

    fn find_way(&self, from: Place, to: Place, lane: Lane) -> Option<Curve> {
        let r = self.metrics.chip_r;
        // From edge to edge of the chip, so that it never covers what a card says.
        let wire = self.wire(from, to)?.trimmed(1.1 * r);
        let Lane::Chip(lane) = lane else {
            return Some(wire.beside(0.4 * r));
        };
        // What would hide what is on the way already goes further out, as far as there is room.
        let obstacles = self.obstacles(from, to);
        let out = (0..=lane).rev().map(|lane| {
            let beside = wire.beside(r * (1.08 + 2.12 * f64::from(lane)));
            (beside, self.hidden(&beside, &obstacles))
        });
        out.min_by_key(|(_, hidden)| *hidden).map(|(way, _)| way)
    }

    /// A message's way without the ends at which something so large, half its width and half its height, would cover
    /// what a card or a client's name says; never without its middle part. Where it goes only half of it, the middle
    /// stays where it is: there the wire may be cut.
    pub(crate) fn clear_way(
        &self,
        way: Curve,
        (from, to): (Place, Place),
        half: (f64, f64),
        is_lost: bool,
    ) -> Curve {
        let step = CLEARED_MOST / f64::from(CLEARED_STEPS);
        let first_clear = |place: Place, way: Curve| {
            let said = self.said(place);
            let covers = |t: f64| {
                let chip = Rect::around(way.at(t), 2.0 * half.0, 2.0 * half.1);
                said.iter().any(|said| said.overlaps(chip))
            };
            let mut parts = (0..=CLEARED_STEPS).map(|i| f64::from(i) * step);
            parts.find(|t| !covers(*t)).unwrap_or(CLEARED_MOST)
        };
        let start = first_clear(from, way);
        let end = match is_lost {
            true => start,
            false => first_clear(to, way.reversed()),
        };
        match start > 0.0 || end > 0.0 {
            true => way.between(start, 1.0 - end),
            false => way,
        }
    }

    /// Where a place says something: a card, or a circle and what is written below it.
    fn said(&self, place: Place) -> Vec<Rect> {
        let Some(body) = self.body(place) else {
            return Vec::new();
        };
        if !self.is_round(place) {
            return vec![body];
        }
        // What comes from the side does not meet the corners of a circle.
        let circle = body.grown(-0.12 * body.w);
        let name = match place {
            Place::Client(client) => self.people.get(usize::from(client.0)),
            Place::Node(_) => None,
        };
        let below = name.map(|person| Rect {
            x: person.x,
            y: body.bottom(),
            w: person.w,
            h: person.bottom() - body.bottom(),
        });
        below.into_iter().chain([circle]).collect()
    }

    /// The bend that looks right: lines leave a leader level and then fan out; spokes are straight.
    fn wanted_bend(&self, a: Point, b: Point) -> f64 {
        if self.hub.is_some_and(|hub| hub == a || hub == b) {
            return 0.0;
        }
        let (dx, dy) = (b.x - a.x, b.y - a.y);
        let length = length(dx, dy).max(1.0);
        let corner = if dx.abs() > dy.abs() {
            Point::new(b.x, a.y)
        } else {
            Point::new(a.x, b.y)
        };
        let off = ((corner.x - a.x) * -dy + (corner.y - a.y) * dx) / (length * length);
        0.36 * off
    }

    /// Everything but the two ends, with air around it.
    fn obstacles(&self, from: Place, to: Place) -> Vec<Rect> {
        let m = &self.metrics;
        let air = 0.7 * m.chip_r;
        let node = |i: usize| Place::Node(replication::ids::NodeId(i as u8));
        let client = |i: usize| Place::Client(replication::ids::ClientId(i as u8));
        let mut all = Vec::new();
        for (i, card) in self.nodes.iter().enumerate() {
            if node(i) != from && node(i) != to {
                all.push(card.grown(air));
            }
        }
        if let Some(hub) = self.hub {
            let proxy = node(self.nodes.len());
            if proxy != from && proxy != to {
                let across = 2.0 * (m.hub_outer() + air);
                all.push(Rect::around(hub, across, across));
            }
        }
        for (i, person) in self.people.iter().enumerate() {
            if client(i) != from && client(i) != to {
                all.push(*person);
            }
        }
        all
    }

    /// At how many points a curve is hidden or off the stage.
    fn hidden(&self, curve: &Curve, obstacles: &[Rect]) -> usize {
        let inside = self.stage.grown(-self.metrics.chip_r);
        let hidden = (1..SAMPLES).filter(|i| {
            let point = curve.at(*i as f64 / SAMPLES as f64);
            !inside.contains(point) || obstacles.iter().any(|rect| rect.contains(point))
        });
        hidden.count()
    }

    /// How far a line that falls by `slope` on its way must go to come out below a client's name.
    fn below_name(&self, place: Place, centre: Point, slope: f64) -> Option<f64> {
        let Place::Client(client) = place else {
            return None;
        };
        let person = self.people.get(usize::from(client.0))?;
        let down = person.bottom() - centre.y + 3.0 * self.metrics.scale;
        (slope > 0.2).then(|| down / slope)
    }

    /// Where a line from the middle of a place towards a point leaves it.
    fn edge(&self, place: Place, body: Rect, towards: Point) -> Point {
        let centre = body.centre();
        let (dx, dy) = (towards.x - centre.x, towards.y - centre.y);
        let length = length(dx, dy);
        if length < 1e-6 {
            return centre;
        }
        let part = if self.is_round(place) {
            let part = (body.w / 2.0 + 3.0 * self.metrics.scale) / length;
            match self.below_name(place, centre, dy / length) {
                Some(clear) if clear * dx.abs() <= 0.5 * length * self.metrics.person_w => {
                    clear / length
                }
                _ => part,
            }
        } else {
            let across = if dx.abs() > 1e-9 {
                body.w / 2.0 / dx.abs()
            } else {
                f64::MAX
            };
            let down = if dy.abs() > 1e-9 {
                body.h / 2.0 / dy.abs()
            } else {
                f64::MAX
            };
            across.min(down)
        };
        centre.moved(dx * part, dy * part)
    }
}

fn middle(a: Point, b: Point) -> Point {
    Point::new((a.x + b.x) / 2.0, (a.y + b.y) / 2.0)
}

/// The middle between two points, moved sideways by a part of their distance.
fn bent(a: Point, b: Point, bend: f64) -> Point {
    middle(a, b).moved(-(b.y - a.y) * bend, (b.x - a.x) * bend)
}

#[cfg(test)]
mod tests {
    use replication::ids::{ClientId, NodeId};

    use super::*;
    use crate::metrics::Shape;

    fn layout(nodes: usize, clients: usize, ring: bool) -> Layout {
        let shape = Shape {
            nodes,
            clients,
            ring,
            hub: ring,
            logs: 1,
            keys: 1,
            ..Shape::default()
        };
        Layout::of(shape, 820.0, 500.0)
    }

    #[test]
    fn a_wire_is_the_same_line_both_ways() {
        let layout = layout(4, 2, false);
        let (a, b) = (Place::Node(NodeId(0)), Place::Client(ClientId(1)));
        let there = layout.wire(a, b);
        assert!(there.is_some());
        assert_eq!(there.map(Curve::reversed), layout.wire(b, a));
    }

    #[test]
    fn what_comes_and_what_goes_keep_apart() {
        let layout = layout(4, 1, false);
        let (a, b) = (Place::Node(NodeId(0)), Place::Node(NodeId(2)));
        let (Some(there), Some(back)) = (
            layout.way(a, b, Lane::Chip(0)),
            layout.way(b, a, Lane::Chip(0)),
        ) else {
            panic!("both are on the stage");
        };
        for i in 0..=10 {
            let t = f64::from(i) / 10.0;
            let apart = there.at(t).distance(back.at(1.0 - t));
            assert!(apart >= 2.0 * layout.metrics.chip_r, "{apart} at {t}");
        }
    }

    #[test]
    fn a_wire_keeps_clear_of_other_cards_where_there_is_a_way() {
        let layout = layout(4, 1, false);
        let alice = Place::Client(ClientId(0));
        for node in 1..4 {
            let wire = layout.wire(alice, Place::Node(NodeId(node)));
            let wire = wire.unwrap_or_default();
            let leader = layout.nodes[0];
            let crossed = (0..=50).any(|i| leader.contains(wire.at(f64::from(i) / 50.0)));
            assert!(!crossed, "from Alice to {node}");
        }
    }
}

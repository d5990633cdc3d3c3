//! Where everything stands: a function of the structure and the size, and of nothing else.
//!
//! Each level of detail, largest first, is tried in the way that suits the topology; the first that
//! fits without an overlap is taken. So a card never moves while a run goes on: after a failover only
//! the crown and the wires do.

use replication::ids::Place;

use crate::geometry::{Point, Rect, length, on_circle};
use crate::metrics::{LEVELS, Metrics, Shape};
use crate::routes::Routes;
use crate::stage::Detail;
use lines::{Column, Lines, Rows};

mod lines;
mod regions;

/// The least size that is laid out: smaller stages are drawn as this one, cut off.
const LEAST: (f64, f64) = (240.0, 200.0);

/// How low people beside a ring sit, as parts of the way from the middle to the edge, best first.
const DROPS: [f64; 11] = [0.4, 0.5, 0.3, 0.6, 0.7, 0.2, 0.8, 0.1, 0.0, 1.0, -0.3];

/// Places and sizes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    /// How large things are.
    pub metrics: Metrics,
    /// The stage.
    pub stage: Rect,
    /// The replicas' cards, and last that of a failover manager.
    pub nodes: Vec<Rect>,
    /// The proxy's centre.
    pub hub: Option<Point>,
    /// What each client takes, its name included.
    pub people: Vec<Rect>,
    /// The ground of each region, where there are several.
    pub grounds: Vec<Rect>,
    /// The wires and ways that have been asked for.
    pub routes: Routes,
}

impl Layout {
    /// The layout of a shape on a stage.
    pub fn of(shape: Shape, width: f64, height: f64) -> Layout {
        let (width, height) = (width.max(LEAST.0), height.max(LEAST.1));
        let room = |(detail, scale)| Room {
            shape,
            m: Metrics::at(detail, scale, shape),
            width,
            height,
        };
        let first = |way: Way| LEVELS.into_iter().find_map(|level| way(&room(level)));
        let lies = width >= 1.12 * height;
        if shape.regions.count >= 2
            && let Some(layout) = first(Room::in_regions)
        {
            return layout;
        }
        let [usual, other]: [Way; 2] = match (shape.ring, lies) {
            (false, true) => [Room::in_columns, Room::in_rows],
            (false, false) => [Room::in_rows, Room::in_columns],
            (true, true) => [Room::ring_between_people, Room::ring_above_people],
            (true, false) => [Room::ring_above_people, Room::ring_between_people],
        };
        // The usual way, unless the other one shows more.
        let found = match first(usual) {
            Some(one) if one.metrics.detail == Detail::Full => Some(one),
            Some(one) => match first(other) {
                Some(other) if other.metrics.detail > one.metrics.detail => Some(other),
                _ => Some(one),
            },
            None => first(other),
        };
        found.unwrap_or_else(|| room(LEVELS[LEVELS.len() - 1]).grid())
    }

    /// The rectangle of a place: a card, a client's circle, or the hub with its ring.
    pub fn body(&self, place: Place) -> Option<Rect> {
        match place {
            Place::Node(node) => {
                let card = self.nodes.get(usize::from(node.0)).copied();
                card.or_else(|| {
                    let across = 2.0 * self.metrics.hub_outer();
                    self.hub.map(|centre| Rect::around(centre, across, across))
                })
            }
            Place::Client(client) => {
                let person = self.people.get(usize::from(client.0))?;
                let across = 2.0 * self.metrics.person_r;
                Some(Rect::around(self.circle(*person), across, across))
            }
        }
    }

    /// What everybody takes who stands on the stage, names included.
    pub fn bodies(&self) -> Vec<Rect> {
        let across = 2.0 * self.metrics.hub_outer();
        let hub = self.hub.map(|at| Rect::around(at, across, across));
        let all = self.nodes.iter().chain(&self.people).copied();
        all.chain(hub).collect()
    }

    /// Whether a place is round.
    pub fn is_round(&self, place: Place) -> bool {
        match place {
            Place::Node(node) => usize::from(node.0) >= self.nodes.len(),
            Place::Client(_) => true,
        }
    }

    /// Whether a card stands between a client and the middle of the ring.
    fn hides_middle(&self, person: Rect) -> bool {
        let Some(hub) = self.hub else {
            return false;
        };
        let from = self.circle(person);
        let air = self.metrics.chip_r;
        (0..=24).any(|i| {
            let t = f64::from(i) / 24.0;
            let point = Point::new(from.x + (hub.x - from.x) * t, from.y + (hub.y - from.y) * t);
            self.nodes
                .iter()
                .any(|card| card.grown(air).contains(point))
        })
    }

    /// The centre of a client's circle.
    pub fn circle(&self, person: Rect) -> Point {
        Point::new(
            person.x + person.w / 2.0,
            person.y + self.metrics.person_r + self.metrics.scale,
        )
    }
}

/// A way of laying things out, where it fits.
type Way = fn(&Room) -> Option<Layout>;

/// What is to be laid out, and in how much room.
struct Room {
    shape: Shape,
    m: Metrics,
    width: f64,
    height: f64,
}

impl Room {
    /// Clients, leader and followers from left to right.
    fn in_columns(&self) -> Option<Layout> {
        let Room { shape, m, .. } = self;
        let (inner_w, inner_h) = self.inner();
        let followers = shape.nodes.saturating_sub(1);
        let people_air = m.air * 0.6;
        let clients = Column::of(
            shape.clients,
            m.person_h,
            people_air,
            inner_h,
            46.0 * m.scale,
        )?;
        let cards = Column::of(followers, m.card_h, m.air, inner_h, 60.0 * m.scale)?;
        // A failover manager stands below the leader.
        let manager_gap = (inner_h - m.card_h - m.manager_h).min(1.6 * m.wire_y);
        if m.card_h > inner_h || (shape.manager && manager_gap < m.air) {
            return None;
        }

        let clients_w = clients.width(m.person_w, people_air);
        let cards_w = cards.width(m.card_w, m.air * 1.6);
        let wires = if followers > 0 { 2.0 } else { 1.0 };
        let needed = clients_w + m.card_w + cards_w + wires * m.wire_x;
        let spare = inner_w - needed;
        if spare < 0.0 {
            return None;
        }

        let wire = m.wire_x + (spare / wires).min(120.0 * m.scale);
        let left = (self.width - (needed + wires * (wire - m.wire_x))) / 2.0;
        let middle = self.height / 2.0;
        // The leader a little higher, the clients a little lower, so that what a client asks of a
        // follower need not pass behind the leader.
        let lift = (0.11 * inner_h)
            .min(64.0 * m.scale)
            .min((inner_h - m.card_h) / 2.0);
        let lift = if followers > 1 { lift } else { 0.0 };
        let drop = (0.05 * inner_h).min((inner_h - clients.span).max(0.0) / 2.0);
        let drop = if followers > 0 { drop } else { 0.0 };

        let leader_x = left + clients_w + wire;
        let leader_y = match shape.manager {
            true => middle - (m.card_h + manager_gap + m.manager_h) / 2.0,
            false => middle - lift - m.card_h / 2.0,
        };
        let leader = Rect {
            x: leader_x,
            y: leader_y,
            w: m.card_w,
            h: m.card_h,
        };
        let manager = shape.manager.then_some(Rect {
            x: leader_x,
            y: leader_y + m.card_h + manager_gap,
            w: m.card_w,
            h: m.manager_h,
        });
        let people = (0..shape.clients).map(|i| {
            let (column, y) = clients.slot(i);
            Rect {
                x: left + column as f64 * (m.person_w + people_air),
                y: middle + drop + y - m.person_h / 2.0,
                w: m.person_w,
                h: m.person_h,
            }
        });
        let bulge = if cards.columns == 1 && followers > 2 {
            (wire - m.wire_x).min(34.0 * m.scale)
        } else {
            0.0
        };
        let followers = (0..followers).map(|i| {
            let (column, y) = cards.slot(i);
            let out = 2.0 * y / (cards.span - m.card_h).max(1.0);
            Rect {
                x: leader_x + m.card_w + wire + column as f64 * (m.card_w + 1.6 * m.air)
                    - bulge * out * out,
                y: middle + y - m.card_h / 2.0,
                w: m.card_w,
                h: m.card_h,
            }
        });
        let nodes = std::iter::once(leader)
            .chain(followers)
            .take(shape.nodes)
            .chain(manager)
            .collect();
        Some(self.done(nodes, None, people.collect()))
    }

    /// Clients, leader and followers from top to bottom.
    fn in_rows(&self) -> Option<Layout> {
        let Room { shape, m, .. } = self;
        let (inner_w, inner_h) = self.inner();
        let followers = shape.nodes.saturating_sub(1);
        let people_air = m.air * 0.6;
        let clients = Rows::of(shape.clients, m.person_w, people_air, inner_w)?;
        let cards = Lines::of(followers, m, inner_w)?;

        let clients_h = clients.height(m.person_h, people_air);
        let cards_h = cards.height(m);
        let wires = if followers > 0 { 2.0 } else { 1.0 };
        let needed = clients_h + m.card_h + cards_h + wires * m.wire_y;
        let spare = inner_h - needed;
        // A failover manager stands beside the leader.
        let beside = match shape.manager {
            true => (m.wire_x + m.card_w).min(inner_w - m.card_w),
            false => 0.0,
        };
        let crowded = shape.manager && beside < m.card_w + m.air;
        if spare < 0.0 || m.card_w > inner_w || crowded {
            return None;
        }

        let wire = m.wire_y + (spare / wires).min(90.0 * m.scale);
        let top = (self.height - (needed + wires * (wire - m.wire_y))) / 2.0;
        let centre = self.width / 2.0;
        let people = (0..shape.clients).map(|i| {
            let (x, row) = clients.slot(i, m.person_w, people_air, inner_w);
            Rect {
                x: centre + x - m.person_w / 2.0,
                y: top + row as f64 * (m.person_h + people_air),
                w: m.person_w,
                h: m.person_h,
            }
        });
        let leader_y = top + clients_h + wire;
        let leader = Rect {
            x: centre - (m.card_w + beside) / 2.0,
            y: leader_y,
            w: m.card_w,
            h: m.card_h,
        };
        let manager = shape.manager.then(|| Rect {
            x: leader.x + beside,
            y: leader_y + (m.card_h - m.manager_h) / 2.0,
            w: m.card_w,
            h: m.manager_h,
        });
        let followers = (0..followers).map(|i| {
            let (x, row) = cards.slot(i, m, inner_w);
            Rect {
                x: centre + x - m.card_w / 2.0,
                y: leader_y + m.card_h + wire + row as f64 * (m.card_h + 1.6 * m.air),
                w: m.card_w,
                h: m.card_h,
            }
        });
        let nodes = std::iter::once(leader)
            .chain(followers)
            .take(shape.nodes)
            .chain(manager)
            .collect();
        Some(self.done(nodes, None, people.collect()))
    }

    /// Replicas in a ring, clients to its left and right.
    fn ring_between_people(&self) -> Option<Layout> {
        let Room { shape, m, .. } = self;
        let (inner_w, inner_h) = self.inner();
        let people_air = m.air * 0.6;
        let side = |count| Column::of(count, m.person_h, people_air, inner_h, 70.0 * m.scale);
        let (left, right) = (side(shape.clients.div_ceil(2))?, side(shape.clients / 2)?);
        let (left_w, right_w) = (
            left.width(m.person_w, people_air),
            right.width(m.person_w, people_air),
        );
        let gap = m.air * 1.4;
        let gaps = gap * [left_w, right_w].iter().filter(|w| **w > 0.0).count() as f64;
        let ring_w = inner_w - left_w - right_w - gaps;
        let ring = self.ring(ring_w, inner_h)?;

        // People keep to the ring, not to the stage's edge.
        let total = left_w + right_w + gaps + ring.width;
        let start = (self.width - total) / 2.0;
        let left_end = start + left_w;
        let centre_x = left_end + if left_w > 0.0 { gap } else { 0.0 } + ring.width / 2.0;
        let right_start = start + total - right_w;
        let middle = self.height / 2.0;
        let seats = |column: &Column, x: f64, count: usize, drop: f64| -> Vec<Rect> {
            let seat = |i: usize| {
                let (lane, y) = column.slot(i);
                Rect {
                    x: x + lane as f64 * (m.person_w + people_air),
                    y: middle + drop + y - m.person_h / 2.0,
                    w: m.person_w,
                    h: m.person_h,
                }
            };
            (0..count).map(seat).collect()
        };
        let mut layout = self.ringed(ring, Point::new(centre_x, middle), Vec::new());
        // Rather low, but where most of them see the middle between the cards.
        let best = |column: &Column, x: f64, count: usize| {
            let reach = (inner_h - column.span).max(0.0) / 2.0;
            let tries = DROPS
                .iter()
                .map(|drop| seats(column, x, count, drop * reach));
            tries.min_by_key(|people| {
                people
                    .iter()
                    .filter(|person| layout.hides_middle(**person))
                    .count()
            })
        };
        let left = best(&left, start, shape.clients.div_ceil(2)).unwrap_or_default();
        let right = best(&right, right_start, shape.clients / 2).unwrap_or_default();
        layout.people = (0..shape.clients)
            .filter_map(|i| {
                if i % 2 == 0 {
                    left.get(i / 2)
                } else {
                    right.get(i / 2)
                }
            })
            .copied()
            .collect();
        Some(layout)
    }

    /// Replicas in a ring, clients below.
    fn ring_above_people(&self) -> Option<Layout> {
        let Room { shape, m, .. } = self;
        let (inner_w, inner_h) = self.inner();
        let people_air = m.air * 0.6;
        let clients = Rows::of(shape.clients, m.person_w, people_air, inner_w)?;
        let clients_h = clients.height(m.person_h, people_air);
        let gap = m.air * 1.2;
        let ring = self.ring(inner_w, inner_h - clients_h - gap)?;

        let total = clients_h + gap + ring.height;
        let top = (self.height - total) / 2.0;
        let centre = Point::new(self.width / 2.0, top + ring.height / 2.0);
        let people = (0..shape.clients).map(|i| {
            let (x, row) = clients.slot(i, m.person_w, people_air, inner_w);
            Rect {
                x: centre.x + x - m.person_w / 2.0,
                y: top + ring.height + gap + row as f64 * (m.person_h + people_air),
                w: m.person_w,
                h: m.person_h,
            }
        });
        let people = people.collect();
        Some(self.ringed(ring, centre, people))
    }

    /// Cards around a centre, within `width` and `height`.
    fn ring(&self, width: f64, height: f64) -> Option<Ring> {
        let m = &self.m;
        let n = self.shape.nodes;
        if width < m.card_w || height < m.card_h {
            return None;
        }
        if n == 1 && !self.shape.hub {
            return Some(Ring::around(vec![Point::default()], m));
        }
        let rx = ((width - m.card_w) / 2.0).min(300.0 * m.scale);
        let ry = ((height - m.card_h) / 2.0).min(205.0 * m.scale);
        // From the round ones to the most spacious one.
        let rings: [&dyn Fn() -> Vec<Point>; 7] = [
            &|| oval(n, rx.min(1.5 * ry), ry, Power::Two, Spacing::Angle),
            &|| oval(n, rx, ry, Power::Two, Spacing::Angle),
            &|| oval(n, rx, ry, Power::Three, Spacing::Angle),
            &|| oval(n, rx, ry, Power::Four, Spacing::Angle),
            &|| oval(n, rx, ry, Power::Two, Spacing::Length),
            &|| oval(n, rx, ry, Power::Four, Spacing::Length),
            &|| frame(n, rx, ry, m),
        ];
        // A ring with smaller cards is easier to read than rows with larger ones.
        let rows_too = m.detail < Detail::Compact;
        let count = rings.len() - usize::from(!rows_too);
        let mut rings = rings[..count].iter().map(|ring| ring());
        let centres = rings.find(|centres| self.ring_fits(centres))?;
        Some(Ring::around(centres, m))
    }

    fn ring_fits(&self, centres: &[Point]) -> bool {
        let m = &self.m;
        let cards: Vec<Rect> = centres
            .iter()
            .map(|centre| Rect::around(*centre, m.card_w, m.card_h))
            .collect();
        let apart = cards.iter().enumerate().all(|(i, card)| {
            let grown = card.grown(m.air / 2.0);
            cards[..i]
                .iter()
                .all(|other| !grown.overlaps(other.grown(m.air / 2.0)))
        });
        let clearance = if self.shape.hub {
            m.hub_outer() + 0.55 * m.wire_x
        } else {
            0.0
        };
        apart && cards.iter().all(|card| outside(*card) >= clearance)
    }

    fn ringed(&self, ring: Ring, centre: Point, people: Vec<Rect>) -> Layout {
        let m = &self.m;
        let moved = |at: &Point| {
            let at = at.moved(centre.x + ring.shift.x, centre.y + ring.shift.y);
            Rect::around(at, m.card_w, m.card_h)
        };
        let hub = self
            .shape
            .hub
            .then(|| centre.moved(ring.shift.x, ring.shift.y));
        self.done(ring.centres.iter().map(moved).collect(), hub, people)
    }

    /// The last resort: everything in rows, whether it fits or not.
    fn grid(&self) -> Layout {
        let Room { shape, m, .. } = self;
        let (inner_w, _) = self.inner();
        let per_row = ((inner_w / (m.card_w + m.air)) as usize).max(1);
        let cell = |i: usize, top: f64, w: f64, h: f64| Rect {
            x: m.margin + (i % per_row) as f64 * (m.card_w + m.air),
            y: top + (i / per_row) as f64 * (h + m.air),
            w,
            h,
        };
        let hub_h = if shape.hub {
            2.0 * m.hub_outer() + m.air
        } else {
            0.0
        };
        let hub = Point::new(self.width / 2.0, m.margin + hub_h / 2.0);
        let nodes: Vec<Rect> = (0..shape.nodes + usize::from(shape.manager))
            .map(|i| cell(i, m.margin + hub_h, m.card_w, m.card_h))
            .collect();
        let top = nodes.last().map_or(m.margin, |card| card.bottom() + m.air);
        let people = (0..shape.clients)
            .map(|i| cell(i, top, m.person_w, m.person_h))
            .collect();
        self.done(nodes, shape.hub.then_some(hub), people)
    }

    fn inner(&self) -> (f64, f64) {
        (
            self.width - 2.0 * self.m.margin,
            self.height - 2.0 * self.m.margin,
        )
    }

    fn done(&self, nodes: Vec<Rect>, hub: Option<Point>, people: Vec<Rect>) -> Layout {
        Layout {
            metrics: self.m,
            stage: Rect {
                x: 0.0,
                y: 0.0,
                w: self.width,
                h: self.height,
            },
            nodes,
            hub,
            people,
            grounds: Vec::new(),
            routes: Routes::default(),
        }
    }
}

/// Cards around a centre.
struct Ring {
    centres: Vec<Point>,
    /// What they take.
    width: f64,
    height: f64,
    /// From the centre of what they take to the centre that they stand around.
    shift: Point,
}

impl Ring {
    fn around(centres: Vec<Point>, m: &Metrics) -> Ring {
        // The centre, too: a single card beside a hub does not surround it.
        let reach = m.hub_outer();
        let mut low = Point::new(-reach, -reach);
        let mut high = Point::new(reach, reach);
        for centre in &centres {
            low = Point::new(
                low.x.min(centre.x - m.card_w / 2.0),
                low.y.min(centre.y - m.card_h / 2.0),
            );
            high = Point::new(
                high.x.max(centre.x + m.card_w / 2.0),
                high.y.max(centre.y + m.card_h / 2.0),
            );
        }
        Ring {
            centres,
            width: high.x - low.x,
            height: high.y - low.y,
            shift: Point::new(-(low.x + high.x) / 2.0, -(low.y + high.y) / 2.0),
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Spacing {
    Angle,
    Length,
}

/// The power of a superellipse.
#[derive(Clone, Copy, PartialEq)]
enum Power {
    Two,
    Three,
    Four,
}

impl Power {
    /// A coordinate of the unit circle's, on the unit superellipse: to the power of two over this one.
    fn of(self, v: f64) -> f64 {
        match self {
            Power::Two => v,
            Power::Three => cube_root(v * v),
            Power::Four => v.sqrt(),
        }
    }
}

/// `n` points on an ellipse or, with a higher power, on something squarer; the first at the top.
fn oval(n: usize, rx: f64, ry: f64, power: Power, spacing: Spacing) -> Vec<Point> {
    // Two stand beside the centre, not above and below it: stages are wide.
    let start = if n == 2 { 0.5 } else { -0.25 };
    let point = |part: f64| {
        let round = |v: f64| v.signum() * power.of(v.abs());
        let at = on_circle(start + part);
        Point::new(rx * round(at.x), ry * round(at.y))
    };
    if spacing == Spacing::Angle {
        return (0..n).map(|i| point(i as f64 / n as f64)).collect();
    }
    const STEPS: usize = 240;
    let outline: Vec<Point> = (0..=STEPS)
        .map(|i| point(i as f64 / STEPS as f64))
        .collect();
    let mut lengths = vec![0.0];
    for pair in outline.windows(2) {
        lengths.push(lengths[lengths.len() - 1] + pair[0].distance(pair[1]));
    }
    let total = lengths[STEPS];
    (0..n)
        .map(|i| {
            let wanted = total * i as f64 / n as f64;
            outline[lengths.partition_point(|length| *length < wanted)]
        })
        .collect()
}

/// By Newton's method, which comes down to it from anything above, so from 1 for what is not larger.
fn cube_root(v: f64) -> f64 {
    let mut root = 1.0;
    for _ in 0..60 {
        root = (2.0 * root + v / (root * root)) / 3.0;
    }
    root
}

/// `n` points on a rectangle's edges in rows and columns: the tightest ring there is.
fn frame(n: usize, rx: f64, ry: f64, m: &Metrics) -> Vec<Point> {
    let rows_max = (2.0 * ry / (m.card_h + m.air)) as usize + 1;
    let rows = rows_max.min(n.div_ceil(2)).max(1);
    let sides = 2 * rows.saturating_sub(2).min(n / 2);
    let across = n - sides;
    let (above, below) = (across.div_ceil(2), across / 2);
    let spread = |i: usize, count: usize, reach: f64| {
        if count > 1 {
            reach * (2.0 * i as f64 / (count as f64 - 1.0) - 1.0)
        } else {
            0.0
        }
    };
    let y = |row: usize| spread(row, rows, ry);
    // Clockwise from the top left, as on a clock: along the top, down, back along the bottom, up.
    let top = (0..above).map(|i| Point::new(spread(i, above, rx), -ry));
    let right = (0..sides / 2).map(|i| Point::new(rx, y(i + 1)));
    let bottom = (0..below)
        .rev()
        .map(|i| Point::new(spread(i, below, rx), ry));
    let left = (0..sides / 2).rev().map(|i| Point::new(-rx, y(i + 1)));
    top.chain(right).chain(bottom).chain(left).collect()
}

/// How far a rectangle is from the origin; 0 inside.
fn outside(rect: Rect) -> f64 {
    let dx = rect.x.max(-rect.right()).max(0.0);
    let dy = rect.y.max(-rect.bottom()).max(0.0);
    length(dx, dy)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    const SIZES: [(f64, f64); 12] = [
        (320.0, 300.0),
        (360.0, 420.0),
        (390.0, 460.0),
        (360.0, 640.0),
        (420.0, 320.0),
        (520.0, 300.0),
        (680.0, 420.0),
        (820.0, 500.0),
        (1060.0, 560.0),
        (1280.0, 420.0),
        (700.0, 1000.0),
        (1600.0, 1000.0),
    ];

    fn every_shape(mut check: impl FnMut(Shape)) {
        for nodes in 1..=12 {
            for clients in [1, 2, 3, 4, 5, 6, 12] {
                for (ring, hub) in [(false, false), (true, true), (true, false)] {
                    for (logs, keys) in [(1, 1), (8, 8)] {
                        if ring && logs > 1 {
                            continue;
                        }
                        check(Shape {
                            nodes,
                            clients,
                            ring,
                            hub,
                            logs,
                            keys,
                            manager: !ring && nodes % 2 == 1,
                            ..Shape::default()
                        });
                    }
                }
            }
        }
    }

    #[test]
    fn nothing_overlaps_and_nothing_is_cut_off_at_any_size() {
        every_shape(|shape| {
            for (width, height) in SIZES {
                let layout = Layout::of(shape, width, height);
                let bodies = layout.bodies();
                let extra = usize::from(shape.hub) + usize::from(shape.manager);
                let count = shape.nodes + shape.clients + extra;
                assert_eq!(bodies.len(), count, "{shape:?}");
                for (i, body) in bodies.iter().enumerate() {
                    assert!(
                        layout.stage.grown(0.01).holds(*body),
                        "{shape:?} {width}x{height}: {body:?} is cut off"
                    );
                    for other in &bodies[..i] {
                        assert!(
                            !body.grown(-0.01).overlaps(*other),
                            "{shape:?} {width}x{height}: {body:?} and {other:?}"
                        );
                    }
                }
            }
        });
    }

    #[test]
    fn the_usual_sizes_can_be_read() {
        let shape = |nodes, clients, ring| Shape {
            nodes,
            clients,
            ring,
            hub: ring,
            logs: 1,
            keys: 1,
            ..Shape::default()
        };
        for (nodes, clients, width, height, least) in [
            (3, 1, 360.0, 420.0, Detail::Compact),
            (3, 2, 390.0, 460.0, Detail::Compact),
            (3, 1, 680.0, 420.0, Detail::Full),
            (5, 2, 820.0, 500.0, Detail::Compact),
            (5, 3, 1060.0, 560.0, Detail::Full),
            (12, 6, 1060.0, 560.0, Detail::Small),
            (12, 6, 360.0, 420.0, Detail::Tiny),
        ] {
            for ring in [false, true] {
                let layout = Layout::of(shape(nodes, clients, ring), width, height);
                let found = layout.metrics.detail;
                // A ring needs more room than columns do.
                let least = match (ring, least) {
                    (true, Detail::Full) => Detail::Compact,
                    (true, Detail::Compact) => Detail::Small,
                    (true, _) => Detail::Tiny,
                    (false, detail) => detail,
                };
                assert!(
                    found >= least,
                    "{nodes} nodes, ring {ring}, {width}x{height}: {found:?}"
                );
                assert!(
                    layout.metrics.scale >= 0.8,
                    "{nodes} {ring} {width}x{height}"
                );
            }
        }
    }
}

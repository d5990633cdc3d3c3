//! Regions as places: a titled ground behind the nodes and clients of each, side by side or in rows.

use super::{Layout, Room};
use crate::geometry::{Point, Rect};

/// In how many steps what is spare is tried to be given away.
const STEPS: u8 = 6;

/// How nodes and clients stand within a region.
#[derive(Clone, Copy, PartialEq)]
enum Inner {
    /// Clients above, then whoever leads, then the others.
    Down,
    /// Clients on the left, then whoever leads, then the others.
    Across,
}

/// One way of placing everything.
#[derive(Clone, Copy)]
struct Plan {
    /// How many regions stand side by side.
    columns: usize,
    inner: Inner,
    /// How many cards stand side by side below the one that leads.
    cards: usize,
    wire_x: f64,
    wire_y: f64,
    /// Between cards that no wire need connect.
    air_x: f64,
    air_y: f64,
    /// Between regions.
    gap_x: f64,
    gap_y: f64,
}

/// Who is in a region.
struct Members {
    clients: Vec<usize>,
    /// Whoever stands first: a leader, or the proxy.
    head: Option<Item>,
    rest: Vec<Item>,
}

#[derive(Clone, Copy, PartialEq)]
enum Item {
    Node(usize),
    Manager,
    Hub,
}

/// Where everything in a region stands, from its ground's upper left corner.
struct Block {
    w: f64,
    h: f64,
    items: Vec<(Item, Rect)>,
    people: Vec<(usize, Rect)>,
}

impl Room {
    /// Each region on a ground of its own.
    pub(super) fn in_regions(&self) -> Option<Layout> {
        let m = &self.m;
        let (inner_w, inner_h) = self.inner();
        let count = usize::from(self.shape.regions.count);
        let members: Vec<Members> = (0..count).map(|region| self.members(region)).collect();
        let most = members
            .iter()
            .map(|members| members.rest.len())
            .max()
            .unwrap_or(0);
        let mut best: Option<(f64, Plan)> = None;
        for columns in 1..=count {
            for inner in [Inner::Down, Inner::Across] {
                for cards in 1..=most.max(1) {
                    let plan = Plan {
                        columns,
                        inner,
                        cards,
                        wire_x: m.wire_x,
                        wire_y: m.wire_y,
                        air_x: m.air,
                        air_y: m.air,
                        gap_x: 0.45 * m.wire_x,
                        gap_y: m.air,
                    };
                    let fits = |plan: Plan| {
                        let (w, h) = self.extent(&members, plan);
                        w <= inner_w && h <= inner_h
                    };
                    if !fits(plan) {
                        continue;
                    }
                    // What is spare goes into the wires, as much as looks good.
                    let (reach_x, reach_y) = (110.0 * m.scale, 60.0 * m.scale);
                    let grown = |x: u8, y: u8| {
                        let part = |steps: u8| f64::from(steps) / f64::from(STEPS);
                        plan.grown(reach_x * part(x), reach_y * part(y))
                    };
                    let x = (1..=STEPS).rev().find(|x| fits(grown(*x, 0))).unwrap_or(0);
                    let y = (1..=STEPS).rev().find(|y| fits(grown(x, *y))).unwrap_or(0);
                    // Regions side by side at best, and cards in few columns.
                    let abreast = 0.4 * columns.min(3) as f64;
                    let score = f64::from(x.min(y)) + 0.4 * f64::from(x.max(y)) + abreast
                        - 0.1 * cards as f64;
                    if best.is_none_or(|(known, _)| score > known + 1e-9) {
                        best = Some((score, grown(x, y)));
                    }
                }
            }
        }
        best.map(|(_, plan)| self.placed(&members, plan))
    }

    fn members(&self, region: usize) -> Members {
        let shape = &self.shape;
        let regions = &shape.regions;
        let is_here = |of: Option<&u8>| of.is_some_and(|of| usize::from(*of) == region);
        let clients = (0..shape.clients).filter(|i| is_here(regions.by_client.get(*i)));
        let nodes = (0..shape.nodes).filter(|i| is_here(regions.by_node.get(*i)));
        let mut rest: Vec<Item> = nodes.map(Item::Node).collect();
        let extra_here = is_here(regions.by_node.get(shape.nodes));
        let head = match rest.first().copied() {
            _ if shape.hub && extra_here => Some(Item::Hub),
            Some(first) if regions.lead || (!shape.ring && first == Item::Node(0)) => {
                rest.remove(0);
                Some(first)
            }
            _ => None,
        };
        if shape.manager && extra_here {
            rest.push(Item::Manager);
        }
        Members {
            clients: clients.collect(),
            head,
            rest,
        }
    }

    fn size(&self, item: Item) -> (f64, f64) {
        let m = &self.m;
        match item {
            Item::Node(_) => (m.card_w, m.card_h),
            Item::Manager => (m.card_w, m.manager_h),
            Item::Hub => (2.0 * m.hub_outer(), 2.0 * m.hub_outer()),
        }
    }

    /// From a ground's edge to what stands on it.
    fn ground_pad(&self) -> f64 {
        0.4 * self.m.air + 2.0 * self.m.scale
    }

    /// The height of a ground's title.
    fn ground_title(&self) -> f64 {
        1.55 * self.m.name
    }

    /// Neighbours, with those who lead on one line.
    fn blocks(&self, row: &[Members], plan: Plan) -> Vec<Block> {
        let block = |members: &Members| match plan.inner {
            Inner::Down => self.block_down(members, plan),
            Inner::Across => self.block_across(members, plan),
        };
        let mut blocks: Vec<Block> = row.iter().map(block).collect();
        if plan.inner == Inner::Down {
            let top = |block: &Block| block.items.first().map_or(0.0, |(_, rect)| rect.y);
            let lowest = blocks.iter().map(top).fold(0.0, f64::max);
            for block in &mut blocks {
                let down = lowest - top(block);
                block.h += down;
                block.items.iter_mut().for_each(|(_, rect)| rect.y += down);
            }
        }
        blocks
    }

    fn block_down(&self, members: &Members, plan: Plan) -> Block {
        let m = &self.m;
        let (pad, people_air) = (self.ground_pad(), 0.6 * m.air);
        let abreast = |count: usize, size: f64, air: f64| {
            count as f64 * (size + air) - if count > 0 { air } else { 0.0 }
        };
        let in_row = plan.cards.min(members.rest.len());
        let head_w = members.head.map_or(0.0, |head| self.size(head).0);
        let cards_w = abreast(in_row, m.card_w, plan.air_x).max(head_w);
        // As many clients in a row as the cards below them have room for, and two at least.
        let fits = ((cards_w + people_air) / (m.person_w + people_air)) as usize;
        let per_row = fits.max(2.min(members.clients.len())).max(1);
        let people_w = abreast(per_row.min(members.clients.len()), m.person_w, people_air);
        let w = cards_w.max(people_w);
        let centre = pad + w / 2.0;
        let mut y = self.ground_title() + 0.5 * pad;

        let mut people = Vec::new();
        for row in members.clients.chunks(per_row) {
            let row_w = abreast(row.len(), m.person_w, people_air);
            for (i, client) in row.iter().enumerate() {
                let x = centre - row_w / 2.0 + i as f64 * (m.person_w + people_air);
                people.push((
                    *client,
                    Rect {
                        x,
                        y,
                        w: m.person_w,
                        h: m.person_h,
                    },
                ));
            }
            y += m.person_h + people_air;
        }
        if !members.clients.is_empty() {
            y += plan.wire_y - people_air;
        }
        let mut items = Vec::new();
        let mut bottom = y;
        if let Some(head) = members.head {
            let (head_w, head_h) = self.size(head);
            items.push((
                head,
                Rect {
                    x: centre - head_w / 2.0,
                    y,
                    w: head_w,
                    h: head_h,
                },
            ));
            bottom = y + head_h;
            y = bottom + plan.wire_y;
        }
        for row in members.rest.chunks(in_row.max(1)) {
            let row_w = abreast(row.len(), m.card_w, plan.air_x);
            let row_h = row
                .iter()
                .map(|item| self.size(*item).1)
                .fold(0.0, f64::max);
            for (i, item) in row.iter().enumerate() {
                let (w, h) = self.size(*item);
                let x = centre - row_w / 2.0 + i as f64 * (m.card_w + plan.air_x);
                items.push((*item, Rect { x, y, w, h }));
            }
            bottom = y + row_h;
            y = bottom + plan.air_y;
        }
        Block {
            w: w + 2.0 * pad,
            h: bottom + pad,
            items,
            people,
        }
    }

    fn block_across(&self, members: &Members, plan: Plan) -> Block {
        let m = &self.m;
        let (pad, people_air) = (self.ground_pad(), 0.6 * m.air);
        let column = |count: usize, size: f64, air: f64| {
            count as f64 * (size + air) - if count > 0 { air } else { 0.0 }
        };
        let people_h = column(members.clients.len(), m.person_h, people_air);
        let (head_w, head_h) = members.head.map_or((0.0, 0.0), |head| self.size(head));
        let columns = plan.cards.min(members.rest.len());
        let rows: Vec<&[Item]> = members.rest.chunks(columns.max(1)).collect();
        let rows_h = rows.iter().map(|row| {
            row.iter()
                .map(|item| self.size(*item).1)
                .fold(0.0, f64::max)
        });
        let rows_h: Vec<f64> = rows_h.collect();
        let rest_h =
            rows_h.iter().sum::<f64>() + plan.air_y * rows_h.len().saturating_sub(1) as f64;
        let h = people_h.max(head_h).max(rest_h);
        let top = self.ground_title() + 0.5 * pad;
        let middle = top + h / 2.0;

        let mut x = pad;
        let mut people = Vec::new();
        for (i, client) in members.clients.iter().enumerate() {
            let y = middle - people_h / 2.0 + i as f64 * (m.person_h + people_air);
            people.push((
                *client,
                Rect {
                    x,
                    y,
                    w: m.person_w,
                    h: m.person_h,
                },
            ));
        }
        if !members.clients.is_empty() {
            x += m.person_w + plan.wire_x;
        }
        let mut items = Vec::new();
        if let Some(head) = members.head {
            items.push((
                head,
                Rect {
                    x,
                    y: middle - head_h / 2.0,
                    w: head_w,
                    h: head_h,
                },
            ));
            x += head_w
                + if members.rest.is_empty() {
                    0.0
                } else {
                    plan.wire_x
                };
        }
        let mut y = middle - rest_h / 2.0;
        for (row, row_h) in rows.iter().zip(&rows_h) {
            for (i, item) in row.iter().enumerate() {
                let (w, h) = self.size(*item);
                let x = x + i as f64 * (m.card_w + plan.air_x);
                items.push((*item, Rect { x, y, w, h }));
            }
            y += row_h + plan.air_y;
        }
        x += column(columns, m.card_w, plan.air_x);
        Block {
            w: x + pad,
            h: top + h + pad,
            items,
            people,
        }
    }

    /// The width and height of everything.
    fn extent(&self, members: &[Members], plan: Plan) -> (f64, f64) {
        let (mut w, mut h) = (0.0_f64, 0.0);
        for (i, row) in members.chunks(plan.columns).enumerate() {
            let blocks = self.blocks(row, plan);
            let gaps = plan.gap_x * (blocks.len() - 1) as f64;
            w = w.max(blocks.iter().map(|block| block.w).sum::<f64>() + gaps);
            h += blocks.iter().map(|block| block.h).fold(0.0, f64::max);
            h += if i > 0 { plan.gap_y } else { 0.0 };
        }
        (w, h)
    }

    fn placed(&self, members: &[Members], plan: Plan) -> Layout {
        let shape = &self.shape;
        let (_, h) = self.extent(members, plan);
        let mut y = (self.height - h) / 2.0;
        let mut nodes = vec![Rect::default(); shape.nodes + usize::from(shape.manager)];
        let mut people = vec![Rect::default(); shape.clients];
        let (mut hub, mut grounds) = (None, Vec::new());
        for row in members.chunks(plan.columns) {
            let blocks = self.blocks(row, plan);
            let gaps = plan.gap_x * (blocks.len() - 1) as f64;
            let row_w = blocks.iter().map(|block| block.w).sum::<f64>() + gaps;
            let row_h = blocks.iter().map(|block| block.h).fold(0.0, f64::max);
            let mut x = (self.width - row_w) / 2.0;
            for block in blocks {
                let moved = |rect: Rect| Rect {
                    x: rect.x + x,
                    y: rect.y + y,
                    ..rect
                };
                for (item, rect) in &block.items {
                    let rect = moved(*rect);
                    match item {
                        Item::Node(i) => nodes[*i] = rect,
                        Item::Manager => nodes[shape.nodes] = rect,
                        Item::Hub => hub = Some(Point::new(rect.centre().x, rect.centre().y)),
                    }
                }
                for (client, rect) in &block.people {
                    people[*client] = moved(*rect);
                }
                grounds.push(Rect {
                    x,
                    y,
                    w: block.w,
                    h: row_h,
                });
                x += block.w + plan.gap_x;
            }
            y += row_h + plan.gap_y;
        }
        Layout {
            grounds,
            ..self.done(nodes, hub, people)
        }
    }
}

impl Plan {
    fn grown(self, x: f64, y: f64) -> Plan {
        Plan {
            wire_x: self.wire_x + x,
            wire_y: self.wire_y + y,
            air_x: self.air_x + 0.3 * x,
            air_y: self.air_y + 0.4 * y,
            gap_x: self.gap_x + x,
            gap_y: self.gap_y + 0.5 * y,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Regions, Shape};

    /// So many of `count` things in each of so many regions, unevenly.
    fn spread<const N: usize>(count: usize, regions: usize) -> [u8; N] {
        let mut all = [0; N];
        for (i, region) in all.iter_mut().enumerate() {
            // Each region gets one first; the rest go to the first half of them.
            let more = regions.div_ceil(2);
            *region = (if i < regions.min(count) { i } else { i % more }) as u8;
        }
        // Nodes are numbered in the order of their regions.
        all[..count].sort_unstable();
        all
    }

    #[test]
    fn regions_hold_what_is_in_them_and_nothing_overlaps() {
        let sizes = [
            (390.0, 460.0),
            (390.0, 700.0),
            (680.0, 420.0),
            (820.0, 500.0),
            (1440.0, 620.0),
        ];
        let mut laid_out = 0;
        for regions in 2..=6_usize {
            for nodes in regions..=12 {
                for clients in [1, 2, 4, 6] {
                    for (ring, hub, manager, lead) in [
                        (false, false, false, true),
                        (false, false, true, false),
                        (true, true, false, false),
                        (true, false, false, false),
                    ] {
                        let mut by_node = spread(nodes, regions);
                        by_node[nodes] = (regions - 1) as u8;
                        let shape = Shape {
                            nodes,
                            clients,
                            ring,
                            hub,
                            logs: 1,
                            keys: 2,
                            siblings: lead,
                            manager,
                            regions: Regions {
                                count: regions as u8,
                                by_node,
                                by_client: spread(clients, regions),
                                lead,
                            },
                        };
                        for (width, height) in sizes {
                            let layout = Layout::of(shape, width, height);
                            let what = format!("{shape:?} {width}x{height}");
                            check_regions(&layout, shape, &what);
                            laid_out += layout.grounds.len();
                        }
                    }
                }
            }
        }
        assert!(laid_out > 0);
    }

    fn check_regions(layout: &Layout, shape: Shape, what: &str) {
        let bodies = layout.bodies();
        for (i, body) in bodies.iter().enumerate() {
            assert!(
                layout.stage.grown(0.01).holds(*body),
                "{what}: {body:?} is cut off"
            );
            for other in &bodies[..i] {
                assert!(
                    !body.grown(-0.01).overlaps(*other),
                    "{what}: {body:?} and {other:?}"
                );
            }
        }
        assert_eq!(
            layout.grounds.len(),
            usize::from(shape.regions.count),
            "{what}"
        );
        for (i, ground) in layout.grounds.iter().enumerate() {
            assert!(
                layout.stage.grown(0.01).holds(*ground),
                "{what}: {ground:?}"
            );
            for other in &layout.grounds[..i] {
                assert!(
                    !ground.grown(-0.01).overlaps(*other),
                    "{what}: grounds overlap"
                );
            }
        }
        let on = |region: u8| layout.grounds[usize::from(region)].grown(0.01);
        for (card, region) in layout.nodes.iter().zip(shape.regions.by_node) {
            assert!(
                on(region).holds(*card),
                "{what}: {card:?} is not in {region}"
            );
        }
        for (person, region) in layout.people.iter().zip(shape.regions.by_client) {
            assert!(
                on(region).holds(*person),
                "{what}: {person:?} is not in {region}"
            );
        }
    }
}

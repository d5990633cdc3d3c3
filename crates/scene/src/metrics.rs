//! How large things are, at each level of detail.

use replication::scenario::{Conflicts, ProtocolKind, Scenario, Versions};

use crate::stage::Detail;

/// How many columns of cells a card has.
pub const COLUMNS: usize = 7;

/// What decides where things stand, besides the size: no role, no value, nothing that changes in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Replicas, without a proxy.
    pub nodes: usize,
    /// Clients.
    pub clients: usize,
    /// Whether replicas stand around a centre.
    pub ring: bool,
    /// Whether a proxy is in that centre.
    pub hub: bool,
    /// Rows of cells on a card: one a partition.
    pub logs: usize,
    /// Keys that a card may show.
    pub keys: usize,
    /// Whether values can stand side by side.
    pub siblings: bool,
    /// Whether there is a failover manager: a small card of its own, after the replicas.
    pub manager: bool,
    /// Where they all are.
    pub regions: Regions,
}

/// Who is in which region.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Regions {
    /// How many there are; below 2 nobody asks where one is.
    pub count: u8,
    /// By node: replicas, and last the proxy or manager.
    pub by_node: [u8; 13],
    /// By client.
    pub by_client: [u8; 12],
    /// Whether each region has a leader, its first node.
    pub lead: bool,
}

impl Shape {
    /// The shape of a scenario.
    pub fn of(scenario: &Scenario) -> Shape {
        let structure = &scenario.structure;
        Shape {
            nodes: usize::from(structure.nodes),
            clients: scenario.clients.len(),
            ring: structure.kind == ProtocolKind::Leaderless,
            hub: structure.proxy().is_some(),
            logs: usize::from(structure.partitions.max(1)),
            keys: usize::from(structure.keys),
            siblings: match structure.kind {
                ProtocolKind::SingleLeader => false,
                ProtocolKind::Leaderless => structure.versions == Versions::Dotted,
                ProtocolKind::MultiLeader => structure.conflicts == Conflicts::Siblings,
            },
            manager: structure.manager().is_some(),
            regions: Regions::of(scenario),
        }
    }
}

impl Regions {
    fn of(scenario: &Scenario) -> Regions {
        let structure = &scenario.structure;
        let mut regions = Regions {
            count: scenario.names.regions.len().min(6) as u8,
            lead: structure.kind == ProtocolKind::MultiLeader,
            ..Regions::default()
        };
        let places = regions.by_node.iter_mut().zip(&structure.region_by_node);
        places.for_each(|(place, region)| *place = region.0);
        let places = regions
            .by_client
            .iter_mut()
            .zip(&structure.region_by_client);
        places.for_each(|(place, region)| *place = region.0);
        regions
    }
}

/// Sizes in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Metrics {
    /// How much a card shows.
    pub detail: Detail,
    /// How much larger than designed everything is.
    pub scale: f64,
    /// A card's width.
    pub card_w: f64,
    /// A card's height.
    pub card_h: f64,
    /// From a card's edge to what is in it.
    pub pad: f64,
    /// The height of the band behind a leader's name.
    pub header: f64,
    /// The name's font size.
    pub title: f64,
    /// The name's baseline, from the card's top.
    pub title_y: f64,
    /// The note's font size.
    pub note: f64,
    /// The top of the first row of cells.
    pub cells_y: f64,
    /// A cell's width.
    pub cell_w: f64,
    /// A cell's height.
    pub cell_h: f64,
    /// From one cell to the next.
    pub cell_gap: f64,
    /// From one row of cells to the next.
    pub row_gap: f64,
    /// The baseline of the first value.
    pub value_y: f64,
    /// From one value's baseline to the next.
    pub value_step: f64,
    /// A value's font size.
    pub value: f64,
    /// A key's font size; 0 where only values are shown.
    pub key: f64,
    /// How many rows of values there are.
    pub values: usize,
    /// The footnote's font size; 0 where there is none.
    pub foot: f64,
    /// The footnote's baseline.
    pub foot_y: f64,
    /// How much room is free below the last row.
    pub under: f64,
    /// The height of a failover manager's card.
    pub manager_h: f64,
    /// The radius of a client's circle.
    pub person_r: f64,
    /// What a client takes, its name included.
    pub person_w: f64,
    /// What a client takes, its name included.
    pub person_h: f64,
    /// A client's name's font size.
    pub name: f64,
    /// The font size of what a client does; 0 where it is not shown.
    pub sub: f64,
    /// The hub's radius, without the ring.
    pub hub_r: f64,
    /// The width of the ring around the hub.
    pub hub_ring: f64,
    /// From the hub to the ring around it.
    pub hub_gap: f64,
    /// Half a chip's side.
    pub chip_r: f64,
    /// The least length of a wire to the side.
    pub wire_x: f64,
    /// The least length of a wire down.
    pub wire_y: f64,
    /// Between neighbours that no wire connects.
    pub air: f64,
    /// To the stage's edge.
    pub margin: f64,
}

/// The levels of detail that a layout tries, best first.
pub const LEVELS: [(Detail, f64); 16] = [
    (Detail::Full, 1.6),
    (Detail::Full, 1.45),
    (Detail::Full, 1.3),
    (Detail::Full, 1.2),
    (Detail::Full, 1.1),
    (Detail::Full, 1.0),
    (Detail::Compact, 1.08),
    (Detail::Compact, 1.0),
    (Detail::Small, 1.05),
    (Detail::Small, 1.0),
    (Detail::Tiny, 1.0),
    (Detail::Tiny, 0.9),
    (Detail::Tiny, 0.8),
    (Detail::Tiny, 0.65),
    (Detail::Tiny, 0.5),
    (Detail::Tiny, 0.35),
];

impl Metrics {
    /// The sizes at a level of detail.
    pub fn at(detail: Detail, scale: f64, shape: Shape) -> Metrics {
        let rows = shape.logs.clamp(1, 8);
        // By how many rows share the place of one: their height and the gap between them.
        let row = |heights: [f64; 5], gap: f64| (heights[rows.min(5) - 1], gap);
        let designed = match detail {
            Detail::Full => {
                let (cell_h, row_gap) = row([20.0, 13.0, 10.0, 8.0, 6.0], 3.0);
                Metrics {
                    card_w: 164.0,
                    pad: 12.0,
                    header: 30.0,
                    title: 14.0,
                    title_y: 20.0,
                    note: 11.0,
                    cells_y: 38.0,
                    cell_h,
                    cell_gap: 3.0,
                    row_gap,
                    value_y: 20.0,
                    value_step: 18.0,
                    value: 15.0,
                    key: 12.0,
                    values: shape.keys.clamp(1, 3),
                    foot: 10.5,
                    foot_y: 15.0,
                    person_r: 30.0,
                    person_w: 122.0,
                    name: 14.0,
                    sub: 11.0,
                    hub_r: 33.0,
                    hub_ring: 6.0,
                    hub_gap: 5.0,
                    chip_r: 11.0,
                    wire_x: 86.0,
                    wire_y: 40.0,
                    air: 18.0,
                    margin: 16.0,
                    ..Metrics::default()
                }
            }
            Detail::Compact => {
                let (cell_h, row_gap) = row([14.0, 9.0, 7.0, 5.0, 4.0], 2.0);
                Metrics {
                    card_w: 130.0,
                    pad: 10.0,
                    header: 24.0,
                    title: 12.5,
                    title_y: 16.5,
                    note: 10.0,
                    cells_y: 28.0,
                    cell_h,
                    cell_gap: 2.0,
                    row_gap,
                    value_y: 16.0,
                    value_step: 15.0,
                    value: 12.5,
                    key: 11.0,
                    values: shape.keys.clamp(1, 3),
                    person_r: 20.0,
                    person_w: 100.0,
                    name: 12.5,
                    sub: 10.0,
                    hub_r: 27.0,
                    hub_ring: 5.0,
                    hub_gap: 4.0,
                    chip_r: 9.5,
                    wire_x: 58.0,
                    wire_y: 32.0,
                    air: 13.0,
                    margin: 12.0,
                    ..Metrics::default()
                }
            }
            Detail::Small => {
                let (cell_h, row_gap) = row([10.0, 6.0, 5.0, 4.0, 3.0], 2.0);
                Metrics {
                    card_w: 98.0,
                    pad: 8.0,
                    header: 19.0,
                    title: 11.0,
                    title_y: 13.5,
                    note: 9.5,
                    cells_y: 21.0,
                    cell_h,
                    cell_gap: 2.0,
                    row_gap,
                    value_y: 13.0,
                    value_step: 12.5,
                    value: 11.0,
                    key: 10.0,
                    values: shape.keys.clamp(1, 2),
                    person_r: 14.0,
                    person_w: 80.0,
                    name: 11.0,
                    sub: 9.5,
                    hub_r: 22.0,
                    hub_ring: 4.0,
                    hub_gap: 3.0,
                    chip_r: 8.0,
                    wire_x: 38.0,
                    wire_y: 22.0,
                    air: 9.0,
                    margin: 8.0,
                    ..Metrics::default()
                }
            }
            Detail::Tiny => {
                let (cell_h, row_gap) = row([8.0, 4.0, 3.0, 2.0, 2.0], 1.0);
                Metrics {
                    card_w: 60.0,
                    pad: 5.0,
                    header: 15.0,
                    title: 10.0,
                    title_y: 11.5,
                    note: 9.0,
                    cells_y: 17.0,
                    cell_h,
                    cell_gap: 1.5,
                    row_gap,
                    value_y: 11.0,
                    value_step: 11.0,
                    value: 9.5,
                    values: 1,
                    person_r: 9.0,
                    person_w: 50.0,
                    name: 10.0,
                    hub_r: 17.0,
                    hub_ring: 3.0,
                    hub_gap: 2.0,
                    chip_r: 6.5,
                    wire_x: 22.0,
                    wire_y: 12.0,
                    air: 6.0,
                    margin: 5.0,
                    ..Metrics::default()
                }
            }
        };
        let bottom = match detail {
            Detail::Full => 11.0,
            Detail::Compact => 10.0,
            Detail::Small => 9.0,
            Detail::Tiny => 9.0,
        };
        // Where there is room to spare, most of it goes into the wires: they are what one watches.
        let stretch = 1.0 + 2.5 * (scale - 1.0).max(0.0);
        let designed = Metrics {
            wire_x: designed.wire_x * stretch,
            wire_y: designed.wire_y * stretch,
            ..designed
        };
        // Only a log has something to say there.
        let foot = if shape.ring { 0.0 } else { designed.foot };
        let designed = Metrics { foot, ..designed };
        // One row more, where a key may have more than one value.
        let values = match designed.values {
            1 if designed.key == 0.0 => 1,
            values => (values + usize::from(shape.siblings)).min(3),
        };
        let designed = Metrics { values, ..designed };
        designed.stacked(rows, bottom).scaled(detail, scale)
    }

    /// Where the `i`th row of cells begins, from the card's top.
    pub fn row_y(&self, i: usize) -> f64 {
        self.cells_y + i as f64 * (self.cell_h + self.row_gap)
    }

    /// Where a column of cells begins, from the card's left edge.
    pub fn column_x(&self, column: usize) -> f64 {
        self.pad + column as f64 * (self.cell_w + self.cell_gap)
    }

    /// The font size on a chip.
    pub fn chip_text(&self) -> f64 {
        1.08 * self.chip_r
    }

    /// The hub's radius with its ring.
    pub fn hub_outer(&self) -> f64 {
        self.hub_r + self.hub_gap + self.hub_ring
    }

    /// The radius of a card's corners.
    pub fn radius(&self) -> f64 {
        (self.card_w * 0.085).max(4.0)
    }

    /// Stacks cells, values and footnote, and so finds the card's height.
    fn stacked(mut self, rows: usize, bottom: f64) -> Metrics {
        let columns = COLUMNS as f64;
        self.cell_w = (self.card_w - 2.0 * self.pad - (columns - 1.0) * self.cell_gap) / columns;
        let cells_end = self.row_y(rows - 1) + self.cell_h;
        self.value_y += cells_end;
        let last = self.value_y + (self.values as f64 - 1.0) * self.value_step;
        self.foot_y += last;
        // A circle, a name and what the client does, which `circle` and `person` place the same way.
        let below_name = if self.sub > 0.0 {
            1.67 * self.sub
        } else {
            0.27 * self.name
        };
        self.person_h = 1.0 + 2.0 * self.person_r + 1.28 * self.name + below_name;
        let (last, size) = match self.foot > 0.0 {
            true => (self.foot_y, self.foot),
            false => (last, self.value),
        };
        self.card_h = bottom + last;
        self.under = bottom - 0.24 * size;
        self.manager_h = self.title_y + 2.4 * self.note;
        self
    }

    fn scaled(self, detail: Detail, by: f64) -> Metrics {
        Metrics {
            detail,
            scale: by,
            card_w: self.card_w * by,
            card_h: self.card_h * by,
            pad: self.pad * by,
            header: self.header * by,
            title: self.title * by,
            title_y: self.title_y * by,
            note: self.note * by,
            cells_y: self.cells_y * by,
            cell_w: self.cell_w * by,
            cell_h: self.cell_h * by,
            cell_gap: self.cell_gap * by,
            row_gap: self.row_gap * by,
            value_y: self.value_y * by,
            value_step: self.value_step * by,
            value: self.value * by,
            key: self.key * by,
            values: self.values,
            foot: self.foot * by,
            foot_y: self.foot_y * by,
            under: self.under * by,
            manager_h: self.manager_h * by,
            person_r: self.person_r * by,
            person_w: self.person_w * by,
            person_h: self.person_h * by,
            name: self.name * by,
            sub: self.sub * by,
            hub_r: self.hub_r * by,
            hub_ring: self.hub_ring * by,
            hub_gap: self.hub_gap * by,
            chip_r: self.chip_r * by,
            wire_x: self.wire_x * by,
            wire_y: self.wire_y * by,
            air: self.air * by,
            margin: self.margin * by,
        }
    }
}

//! Neighbours in columns and rows.

use crate::metrics::Metrics;
use crate::stage::Detail;

/// The most columns that neighbours of one kind are spread over: wires pass between the cards of the first
/// to those of the second, and would have to pass behind them to any further one.
const COLUMNS_MAX: usize = 2;

/// Neighbours at even heights, taking turns between columns, so that wires pass between them.
pub(super) struct Column {
    pub(super) columns: usize,
    pub(super) count: usize,
    pub(super) step: f64,
    /// From the top of the first to the bottom of the last.
    pub(super) span: f64,
}

impl Column {
    /// In as few columns as `room` allows; `spread` is the most air between neighbours.
    pub(super) fn of(count: usize, size: f64, air: f64, room: f64, spread: f64) -> Option<Column> {
        if count == 0 {
            return Some(Column {
                columns: 0,
                count,
                step: 0.0,
                span: 0.0,
            });
        }
        let free = room - size;
        if free < 0.0 {
            return None;
        }
        (1..=COLUMNS_MAX.min(count)).find_map(|columns| {
            let widest = (size + spread.max(air)) / columns as f64;
            let step = if count > 1 {
                widest.min(free / (count as f64 - 1.0))
            } else {
                0.0
            };
            // Between two neighbours of one column there is room for the wire to one of the next.
            let fits = count <= 1 || columns.min(2) as f64 * step >= size + air;
            fits.then_some(Column {
                columns,
                count,
                step,
                span: size + (count as f64 - 1.0) * step,
            })
        })
    }

    pub(super) fn width(&self, size: f64, air: f64) -> f64 {
        self.columns as f64 * (size + air) - if self.columns > 0 { air } else { 0.0 }
    }

    /// The column of the `i`th, and its height from the middle.
    pub(super) fn slot(&self, i: usize) -> (usize, f64) {
        let from_first = i as f64 - (self.count as f64 - 1.0) / 2.0;
        (i % self.columns.max(1), from_first * self.step)
    }
}

/// Neighbours in balanced rows.
pub(super) struct Rows {
    pub(super) rows: usize,
    pub(super) count: usize,
}

impl Rows {
    pub(super) fn of(count: usize, size: f64, air: f64, room: f64) -> Option<Rows> {
        let most = ((room + air) / (size + air)) as usize;
        (most > 0).then(|| Rows {
            rows: count.div_ceil(most),
            count,
        })
    }

    pub(super) fn height(&self, size: f64, air: f64) -> f64 {
        self.rows as f64 * (size + air) - if self.rows > 0 { air } else { 0.0 }
    }

    /// How far right of the centre the `i`th is, and its row.
    pub(super) fn slot(&self, i: usize, size: f64, air: f64, room: f64) -> (f64, usize) {
        // The first rows take one more where the division leaves a rest.
        let rows = self.rows.max(1);
        let (each, rest) = (self.count / rows, self.count % rows);
        let (mut row, mut place, mut in_row) = (0, i, each + usize::from(rest > 0));
        while place >= in_row && in_row > 0 {
            place -= in_row;
            row += 1;
            in_row = each + usize::from(row < rest);
        }
        let step = (size + 3.5 * air)
            .min((room - size) / (in_row as f64 - 1.0).max(1.0))
            .max(size + air);
        ((place as f64 - (in_row as f64 - 1.0) / 2.0) * step, row)
    }
}

/// Cards below a leader: in one row, or in two that take turns, so that wires pass between those of the first.
/// Where there is no room for that, in as many rows as it takes.
pub(super) enum Lines {
    Turns(Column),
    Rows(Rows),
}

impl Lines {
    pub(super) fn of(count: usize, m: &Metrics, room: f64) -> Option<Lines> {
        let turns = Column::of(count, m.card_w, m.air, room, 3.5 * m.air);
        match turns {
            Some(turns) => Some(Lines::Turns(turns)),
            // Where nothing smaller is left.
            None if m.detail == Detail::Tiny && m.scale < 0.8 => {
                Rows::of(count, m.card_w, m.air, room).map(Lines::Rows)
            }
            None => None,
        }
    }

    pub(super) fn height(&self, m: &Metrics) -> f64 {
        match self {
            Lines::Turns(turns) => turns.width(m.card_h, 1.6 * m.air),
            Lines::Rows(rows) => rows.height(m.card_h, 1.6 * m.air),
        }
    }

    /// How far right of the centre the `i`th is, and its row.
    pub(super) fn slot(&self, i: usize, m: &Metrics, room: f64) -> (f64, usize) {
        match self {
            Lines::Turns(turns) => {
                let (row, x) = turns.slot(i);
                (x, row)
            }
            Lines::Rows(rows) => rows.slot(i, m.card_w, m.air, room),
        }
    }
}

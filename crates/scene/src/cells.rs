//! The cells on a card: a log's last entries, or the last writes.

use replication::ids::{Change, PartitionId, WriteId};
use replication::run::NodeView;
use replication::scenario::Conflicts;

use crate::geometry::{Point, Rect};
use crate::metrics::{COLUMNS, Metrics};
use crate::moment::{Moment, entry_at};
use crate::stage::{Anchor, Cell, CellState, Face, Label};
use crate::tone::Hue;

/// The cells of all rows.
pub(crate) fn cells(moment: &Moment<'_>, m: &Metrics, rect: Rect, node: &NodeView) -> Vec<Cell> {
    if !moment.has_logs() {
        return recent_cells(moment, m, rect, node);
    }
    let mut cells = Vec::new();
    for partition in moment.partitions() {
        log_cells(moment, m, rect, node, partition, &mut cells);
    }
    cells
}

/// The last log indices, the same on every card, of one partition.
fn log_cells(
    moment: &Moment<'_>,
    m: &Metrics,
    rect: Rect,
    node: &NodeView,
    partition: PartitionId,
    cells: &mut Vec<Cell>,
) {
    let Some(log) = moment.log(node.id, partition) else {
        return;
    };
    let reference = moment.reference(partition);
    let lengths = moment
        .replicas()
        .filter_map(|node| moment.log(node.id, partition));
    let last = lengths.map(|log| log.length).max().unwrap_or(0);
    let first = last.saturating_sub(COLUMNS as u32 - 1).max(1);
    let newest = reference.and_then(|reference| reference.log.tail.last());
    for index in first..=last {
        let authoritative = reference.and_then(|reference| entry_at(reference.log, index));
        let (state, write) = match (entry_at(log, index), authoritative) {
            (Some(entry), other) => {
                let differs = match other {
                    Some(other) => other.position != entry.position,
                    // Beyond the leader's end: it will be truncated, if its epoch is an older one.
                    None => reference.is_some_and(|reference| {
                        reference.leads && reference.log.epoch > entry.position.epoch
                    }),
                };
                let state = match () {
                    () if differs => CellState::Discarded,
                    () if entry.write.is_none() => CellState::NoOp,
                    () if index > log.persisted => CellState::Memory,
                    () => CellState::Filled,
                };
                (state, entry.write)
            }
            (None, Some(other)) => (CellState::Missing, other.write),
            (None, None) => continue,
        };
        let is_newest = newest.is_some_and(|newest| {
            newest.position.index == index
                && entry_at(log, index).is_some_and(|entry| entry.position == newest.position)
        });
        let column = (index - first) as usize;
        cells.push(cell(m, rect, partition, column, state, write, is_newest));
    }
}

/// Without a log: the last writes, whether they are here or not.
fn recent_cells(moment: &Moment<'_>, m: &Metrics, rect: Rect, node: &NodeView) -> Vec<Cell> {
    let recent = moment.recent_writes(|_| true);
    let newest = recent.last().copied();
    let merges = moment.has_many_leaders() && moment.structure.conflicts == Conflicts::Merge;
    let mut cells = Vec::new();
    for (column, write) in recent.into_iter().enumerate() {
        let Some(facts) = moment.index.write(write) else {
            continue;
        };
        if !moment.copies(facts.key).contains(&node.id) {
            continue;
        }
        let mut held = Moment::all_held(&node.held, &node.siblings, facts.key);
        let stands = held.any(|held| held.write == Some(write))
            // What merges is part of the value for good.
            || (merges && !matches!(facts.change, Change::Set(_)));
        let state = match moment.index.was_stored(write, node.id, moment.happened) {
            false => CellState::Missing,
            true if stands => CellState::Filled,
            true => CellState::Replaced,
        };
        let is_newest = newest == Some(write) && state != CellState::Missing;
        cells.push(cell(
            m,
            rect,
            PartitionId(0),
            column,
            state,
            Some(write),
            is_newest,
        ));
    }
    cells
}

fn cell(
    m: &Metrics,
    card: Rect,
    partition: PartitionId,
    column: usize,
    state: CellState,
    write: Option<WriteId>,
    newest: bool,
) -> Cell {
    let rect = Rect {
        x: card.x + m.column_x(column),
        y: card.y + m.row_y(usize::from(partition.0)),
        w: m.cell_w,
        h: m.cell_h,
    };
    let hue = write.map(Hue::of).unwrap_or_default();
    let number = write.filter(|_| !matches!(state, CellState::Missing | CellState::NoOp));
    let label = number.and_then(|write| cell_label(rect, state, write));
    Cell {
        partition,
        column: column as u8,
        rect,
        state,
        write,
        hue,
        newest,
        label,
    }
}

/// The number on a cell, where it has room for one that can be read.
fn cell_label(rect: Rect, state: CellState, write: WriteId) -> Option<Label> {
    let text = write.0.to_string();
    let widest = (rect.w - 2.0) / (0.602 * text.len() as f64);
    let size = widest.min(0.62 * rect.h).min(11.5);
    if size < 6.5 {
        return None;
    }
    let centre = rect.centre();
    let face = match state {
        CellState::Filled | CellState::Replaced => Face::Inverse,
        _ => Face::Value,
    };
    let at = Point::new(centre.x, centre.y + 0.36 * size);
    Some(Label::new(at, text, face, size).anchored(Anchor::Middle))
}

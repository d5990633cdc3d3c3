//! The log of one replica: in memory, on disk, evaluated and on show.

use smallvec::SmallVec;

use super::{Group, GroupCtx, Timer, WhatChanged};
use crate::engine::chance::Address;
use crate::engine::time::LocalTime;
use crate::ids::{
    Change, Function, Held, IdempotencyKey, KeyId, OpId, Position, Value, Version, WriteId,
};
use crate::run::Role;
use crate::scenario::{AckWhen, Settings, Stream, Visible};
use crate::trace::Kind;

/// One entry of a log.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) position: Position,
    /// The leader's clock when it appended it.
    pub(super) at: LocalTime,
    /// How it was written down.
    pub(super) stream: Stream,
    /// `None` for a new leader's no-op.
    pub(super) row: Option<Row>,
}

/// A row, and the statement that made it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) key: KeyId,
    pub(super) change: Change,
    /// The value after the change; what the leader got, until it is evaluated here.
    pub(super) value: Value,
    /// Whether the value is this replica's own.
    pub(super) evaluated: bool,
    pub(super) write: WriteId,
    pub(super) op: OpId,
    /// Stays with the entry, on disks and in snapshots too, for as long as the entry is there.
    pub(super) idempotency_key: Option<IdempotencyKey>,
}

impl Entry {
    pub(super) fn write(&self) -> Option<WriteId> {
        self.row.map(|row| row.write)
    }

    /// Whether it is the same entry, whatever a replica has made of it.
    pub(super) fn is_same(&self, other: &Entry) -> bool {
        self.position == other.position && self.write() == other.write()
    }

    /// As it stands in a follower's log at first: of a statement, only the text counts.
    pub(super) fn as_received(&self) -> Entry {
        let mut entry = *self;
        if let Some(row) = &mut entry.row {
            row.evaluated = entry.stream != Stream::Statement;
        }
        entry
    }

    /// Its row, unless that is still to be evaluated.
    fn evaluated(&self) -> Option<Row> {
        self.row.filter(|row| row.evaluated)
    }
}

/// In memory and on disk.
impl Group {
    pub(super) fn take(&mut self, entries: SmallVec<[Entry; 1]>, ctx: GroupCtx<'_, '_>) {
        self.note_appended(&entries, ctx);
        self.log.extend_from_slice(&entries);
        ctx.persist(self.change(WhatChanged::Append(entries)));
    }

    pub(super) fn note_appended(&self, entries: &[Entry], ctx: GroupCtx<'_, '_>) {
        let (node, partition) = (self.id, self.partition);
        for entry in entries {
            ctx.note(Kind::Appended {
                node,
                partition,
                position: entry.position,
                write: entry.write(),
            });
        }
    }

    pub(super) fn on_entries_persisted(&mut self, entries: &[Entry], ctx: GroupCtx<'_, '_>) {
        let (node, partition) = (self.id, self.partition);
        for entry in entries {
            let position = entry.position;
            // It may have been truncated in the meantime.
            if position.index <= self.length() && self.position(position.index) == position {
                self.persisted = self.persisted.max(position.index);
                ctx.note(Kind::Persisted {
                    node,
                    partition,
                    position,
                    write: entry.write(),
                });
            }
        }
        if self.role == Role::Leader {
            self.ready = self.persisted;
            return self.settle(ctx);
        }
        self.acknowledge(ctx);
        match ctx.settings.apply_us {
            0 => self.ready_up_to(self.persisted, ctx),
            apply_us => ctx.set_timer(Timer::Apply(partition, self.persisted), apply_us),
        }
    }

    pub(super) fn length(&self) -> u32 {
        self.log.len() as u32
    }

    pub(super) fn last(&self) -> Position {
        self.position(self.length())
    }

    /// The position at an index of its log; that of index 0 stands before the first entry.
    pub(super) fn position(&self, index: u32) -> Position {
        match index.checked_sub(1) {
            Some(before) => self.log[before as usize].position,
            None => Position::default(),
        }
    }
}

/// On show.
impl Group {
    pub(super) fn ready_up_to(&mut self, index: u32, ctx: GroupCtx<'_, '_>) {
        self.ready = self.ready.max(index.min(self.persisted));
        self.apply(ctx);
    }

    /// Up to where the log may be shown by now.
    pub(super) fn limit(&self, settings: &Settings) -> u32 {
        match settings.visible {
            Visible::OnAck if self.role == Role::Leader => self.leading.acked.min(self.persisted),
            Visible::OnAppend | Visible::OnAck => self.ready,
            Visible::OnCommit => self.committed.min(self.ready),
        }
    }

    /// What a leader says there is to show: up to there nobody lags who shows the log.
    pub(super) fn newest(&self, settings: &Settings) -> u32 {
        match settings.visible {
            Visible::OnCommit => self.committed,
            Visible::OnAppend | Visible::OnAck => self.length(),
        }
    }

    /// Shows what may be shown by now.
    pub(super) fn apply(&mut self, ctx: GroupCtx<'_, '_>) {
        let limit = self.limit(ctx.settings);
        if limit <= self.applied {
            return;
        }
        self.evaluate(limit, ctx);
        self.show(limit);
        let (node, partition, position) = (self.id, self.partition, self.position(limit));
        ctx.note(Kind::Applied {
            node,
            partition,
            position,
        });
        if ctx.settings.visible == Visible::OnCommit {
            ctx.persist(self.change(WhatChanged::Applied(limit)));
        }
        self.forget_old_news();
        if ctx.settings.ack_when == AckWhen::Applied {
            self.acknowledge(ctx);
        }
        self.answer_parked(ctx);
    }

    pub(super) fn show(&mut self, upto: u32) {
        for entry in &self.log[self.applied as usize..upto as usize] {
            if let Some(row) = entry.row {
                let version = Some(Version::Log(entry.position));
                self.shown[usize::from(row.key.0)] = Held {
                    version,
                    value: row.value,
                    write: Some(row.write),
                };
            }
        }
        self.applied = upto;
    }
}

/// Evaluated.
impl Group {
    /// Evaluates statements up to an index. Rows that came with their values are taken as they are.
    pub(super) fn evaluate(&mut self, upto: u32, ctx: GroupCtx<'_, '_>) {
        let mut own: SmallVec<[(u32, Value); 1]> = SmallVec::new();
        while self.evaluated < upto {
            let at = self.evaluated as usize;
            let Entry { position, row, .. } = self.log[at];
            if let Some(mut row) = row {
                if !row.evaluated {
                    let value = self.value_of(row.key, row.change, row.op, ctx);
                    if matches!(row.change, Change::Call(_)) || value != row.value {
                        ctx.note(Kind::Evaluated {
                            node: self.id,
                            partition: self.partition,
                            position,
                            key: row.key,
                            value,
                        });
                    }
                    (row.value, row.evaluated) = (value, true);
                    self.log[at].row = Some(row);
                    own.push((position.index, value));
                }
                self.tip[usize::from(row.key.0)] = row.value;
            }
            self.evaluated += 1;
        }
        if !own.is_empty() {
            ctx.persist(self.change(WhatChanged::Evaluated(own)));
        }
    }

    /// Works out anew what the log says, up to `upto` or to the first statement that was not evaluated.
    pub(super) fn tell_tip(&mut self, upto: u32) {
        self.tip.fill(Value::Absent);
        self.evaluated = 0;
        for entry in &self.log[..upto as usize] {
            if entry.row.is_some() && entry.evaluated().is_none() {
                break;
            }
            if let Some(row) = entry.row {
                self.tip[usize::from(row.key.0)] = row.value;
            }
            self.evaluated += 1;
        }
    }

    /// What this replica gets for a change to what it has evaluated so far.
    pub(super) fn value_of(
        &self,
        key: KeyId,
        change: Change,
        op: OpId,
        ctx: GroupCtx<'_, '_>,
    ) -> Value {
        let Change::Call(function) = change else {
            return change.applied_to(self.tip[usize::from(key.0)]);
        };
        Value::Number(match function {
            Function::Now => ctx.now.0.div_euclid(1000),
            Function::Rand => {
                let draw = ctx.draw(Address::evaluation(self.id, op));
                draw.pick(1_000_000) as i64
            }
            Function::Uuid => {
                let draw = ctx.draw(Address::evaluation(self.id, op));
                i64::from(draw.which)
            }
            Function::NextId => {
                // As many as there have been; each replica from its own offset, in steps of all of them.
                let before = self.log[..self.evaluated as usize].iter();
                let is_id = |row: &super::log::Row| row.change == Change::Call(Function::NextId);
                let count = before.filter(|entry| entry.row.as_ref().is_some_and(is_id));
                let nodes = i64::from(ctx.structure.nodes);
                i64::from(self.id.0) + 1 + nodes * count.count() as i64
            }
        })
    }
}

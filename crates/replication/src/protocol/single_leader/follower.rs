//! The follower's work: taking in the stream, saying how far it is, and knowing how far it lags.

use std::sync::Arc;

use super::log::Entry;
use super::wire::{Pulse, Reached};
use super::{Body, Group, GroupCtx, WhatChanged};
use crate::engine::time::LocalTime;
use crate::ids::{Held, NodeId, Position};
use crate::protocol::defect::{self, Defect};
use crate::protocol::{Ctx, Lag};
use crate::run::Role;
use crate::scenario::{AckWhen, Settings, Stream, Visible};
use crate::trace::Kind;

/// The stream.
impl Group {
    pub(super) fn append_from_leader(
        &mut self,
        previous: Position,
        entries: &[Entry],
        committed: u32,
        ctx: GroupCtx<'_, '_>,
    ) {
        let Some(leader) = self.leader else { return };
        if previous.index > self.length() || self.position(previous.index) != previous {
            let repeats = self.count_repeats(previous.index);
            let try_after = self.try_after(previous);
            self.hear(ctx);
            return self.send(
                leader,
                Body::Reject {
                    try_after,
                    asks: false,
                    repeats,
                },
                ctx,
            );
        }
        self.follower.catching_up = false;
        let known = entries
            .iter()
            .zip(&self.log[previous.index as usize..])
            .take_while(|(theirs, mine)| {
                theirs.is_same(mine) || defect::is(ctx.structure, Defect::TruncationSkipped)
            })
            .count();
        let (known, new) = entries.split_at(known);
        let can_apply = self.appliable(leader, new, ctx);
        if let Some(first) = new[..can_apply].first() {
            if first.position.index <= self.length() {
                self.truncate(first.position.index - 1, ctx);
            }
            self.take(
                new[..can_apply].iter().map(Entry::as_received).collect(),
                ctx,
            );
        }
        let verified = previous.index + (known.len() + can_apply) as u32;
        self.follower.verified = self.follower.verified.max(verified);
        self.learn_of_commit(committed);
        let newest = match ctx.settings.visible {
            Visible::OnCommit => self.committed,
            Visible::OnAppend | Visible::OnAck => self.follower.verified,
        };
        self.hear_news(newest, ctx);
        self.hear(ctx);
        let in_memory_is_enough = ctx.settings.ack_when == AckWhen::Received;
        if self.persisted >= verified || in_memory_is_enough {
            self.acknowledge(ctx);
        }
        self.apply(ctx);
    }

    /// The whole log up to somewhere, as one state: what this replica had evaluated for itself is replaced.
    pub(super) fn install(&mut self, entries: Arc<[Entry]>, committed: u32, ctx: GroupCtx<'_, '_>) {
        let (Some(leader), Some(last)) = (self.leader, entries.last()) else {
            return;
        };
        let position = last.position;
        if self.appliable(leader, &entries, ctx) < entries.len() {
            return;
        }
        self.follower.catching_up = false;
        let both = entries.iter().zip(&self.log);
        let there = both
            .take_while(|(theirs, mine)| theirs.is_same(mine))
            .count();
        if there < entries.len() && there < self.log.len() {
            self.truncate(there as u32, ctx);
        }
        self.replace_values(&entries[..there], ctx);
        self.note_appended(&entries[there..], ctx);
        self.log.extend_from_slice(&entries[there..]);
        // They come evaluated.
        self.tell_tip(self.evaluated.max(position.index));
        let (node, partition) = (self.id, self.partition);
        ctx.note(Kind::Installed {
            node,
            partition,
            position,
        });
        let there = there as u32;
        ctx.persist(self.change(WhatChanged::Snapshot { entries, there }));
        self.follower.verified = self.follower.verified.max(position.index);
        self.learn_of_commit(committed);
        self.hear(ctx);
        self.apply(ctx);
    }

    /// How many of these it can apply: those in the format of another storage version it can't, and stops.
    fn appliable(&mut self, leader: NodeId, entries: &[Entry], ctx: GroupCtx<'_, '_>) -> usize {
        let upgraded = |node: NodeId| ctx.settings.upgraded & (1 << node.0) != 0;
        let foreign = |entry: &Entry| entry.stream == Stream::WriteAheadLog;
        let first = match upgraded(leader) != upgraded(self.id) {
            true => entries.iter().position(foreign),
            false => None,
        };
        if let (Some(first), false) = (first, self.follower.stopped) {
            let (node, partition, position) = (self.id, self.partition, entries[first].position);
            ctx.note(Kind::Stopped {
                node,
                partition,
                position,
            });
        }
        if first.is_some() || !entries.is_empty() {
            self.follower.stopped = first.is_some();
        }
        first.unwrap_or(entries.len())
    }

    fn learn_of_commit(&mut self, committed: u32) {
        self.committed = self.committed.max(committed.min(self.follower.verified));
    }

    pub(super) fn heartbeat(
        &mut self,
        committed: u32,
        newest: u32,
        answer: Option<Pulse>,
        ctx: GroupCtx<'_, '_>,
    ) {
        self.learn_of_commit(committed);
        self.hear_news(newest, ctx);
        self.hear(ctx);
        let Some(leader) = self.leader else { return };
        // Not before its epoch is on disk: after a crash it would answer the one before.
        if let Some(pulse) = answer
            && self.epoch_on_disk >= self.epoch
        {
            self.send(leader, Body::Alive(pulse), ctx);
        }
        self.apply(ctx);
        let asked_lately = self.follower.asked_at.is_some_and(|at| {
            let ago_us = ctx.now.0 - at.0;
            (0..ctx.settings.resend_us as i64).contains(&ago_us)
        });
        if self.follower.catching_up && !asked_lately {
            self.follower.asked_at = Some(ctx.now);
            let repeats = self.count_repeats(self.length());
            return self.send(
                leader,
                Body::Reject {
                    try_after: self.length(),
                    asks: true,
                    repeats,
                },
                ctx,
            );
        }
        // The rule may have changed since it last said how far it is.
        let (received, applied) = self.follower.told;
        let unsaid = match ctx.settings.ack_when {
            AckWhen::Received => self.follower.verified > received,
            AckWhen::Persisted => false,
            AckWhen::Applied => self.applied.min(self.follower.verified) > applied,
        };
        if unsaid {
            self.acknowledge(ctx);
        }
    }

    /// Where the leader should try next: before the whole epoch in which the logs part.
    fn try_after(&self, previous: Position) -> u32 {
        if previous.index > self.length() {
            return self.length();
        }
        let wrong = self.position(previous.index).epoch;
        let first_of_it = self
            .log
            .partition_point(|entry| entry.position.epoch < wrong);
        first_of_it as u32
    }

    pub(super) fn acknowledge(&mut self, ctx: GroupCtx<'_, '_>) {
        if self.follower.stopped {
            return;
        }
        let (received, matched) = (
            self.follower.verified,
            self.persisted.min(self.follower.verified),
        );
        let applied = self.applied.min(received);
        let repeats = self.count_repeats(matched);
        if let (Some(leader), Role::Follower) = (self.leader, self.role) {
            self.follower.told = (received, applied);
            let acknowledged = match ctx.settings.ack_when {
                AckWhen::Received => received,
                AckWhen::Persisted => matched,
                AckWhen::Applied => applied,
            };
            let upto = Reached {
                persisted: self.position(matched),
                acknowledged: self.position(acknowledged),
                received,
                applied,
            };
            self.send(leader, Body::Ack { upto, repeats }, ctx);
        }
    }

    fn count_repeats(&mut self, acked: u32) -> u32 {
        self.follower.ack_repeats = if self.follower.acked == acked {
            self.follower.ack_repeats + 1
        } else {
            0
        };
        self.follower.acked = acked;
        self.follower.ack_repeats
    }

    /// Removes what the leader does not have.
    fn truncate(&mut self, keep: u32, ctx: GroupCtx<'_, '_>) {
        let (node, partition) = (self.id, self.partition);
        for entry in self.log.drain(keep as usize..) {
            ctx.note(Kind::Discarded {
                node,
                partition,
                position: entry.position,
                write: entry.write(),
            });
        }
        self.trimmed = self.trimmed.min(keep);
        self.persisted = self.persisted.min(keep);
        self.ready = self.ready.min(keep);
        self.committed = self.committed.min(keep);
        self.follower.verified = self.follower.verified.min(keep);
        ctx.persist(self.change(WhatChanged::Truncate(keep)));
        if self.evaluated > keep {
            self.tell_tip(keep);
        }
        if self.applied > keep {
            self.show_anew(keep);
        }
    }

    /// A snapshot's values for entries that it has already, where it got others.
    fn replace_values(&mut self, entries: &[Entry], ctx: GroupCtx<'_, '_>) {
        let mut replaced = false;
        for (theirs, mine) in entries.iter().zip(&mut self.log) {
            if let (Some(theirs), Some(row)) = (theirs.row, &mut mine.row)
                && (!row.evaluated || row.value != theirs.value)
            {
                *row = theirs;
                replaced = true;
                ctx.note(Kind::Evaluated {
                    node: self.id,
                    partition: self.partition,
                    position: mine.position,
                    key: row.key,
                    value: row.value,
                });
            }
        }
        if replaced {
            self.show_anew(self.applied);
        }
    }

    fn show_anew(&mut self, upto: u32) {
        self.applied = 0;
        self.shown.fill(Held::default());
        self.show(upto);
    }
}

/// Its lag.
impl Group {
    /// The leader is there.
    fn hear(&mut self, ctx: GroupCtx<'_, '_>) {
        self.follower.heard = Some(ctx.now);
    }

    /// Up to `newest` there is something to show.
    fn hear_news(&mut self, newest: u32, ctx: GroupCtx<'_, '_>) {
        let known = self
            .follower
            .news
            .back()
            .map_or(self.applied, |(index, _)| *index);
        if newest > known.max(self.applied) {
            // After silence, or a restart, it may have been there for as long.
            let since = match self.silent_us(ctx.now, ctx.settings) {
                0 => ctx.now,
                us => LocalTime(ctx.now.0.saturating_sub_unsigned(us)),
            };
            self.follower.news.push_back((newest, since));
        }
    }

    pub(super) fn forget_old_news(&mut self) {
        while let Some((index, _)) = self.follower.news.front()
            && *index <= self.applied
        {
            self.follower.news.pop_front();
        }
    }

    /// For how long it has not heard from its leader, where that is for more than two heartbeats; from a
    /// restart until it hears from one, how old the last entry is that it has.
    fn silent_us(&self, now: LocalTime, settings: &Settings) -> u64 {
        let ago_us = |at: LocalTime| now.0.saturating_sub(at.0).max(0) as u64;
        match self.follower.heard {
            Some(at) => Some(ago_us(at))
                .filter(|us| *us > 2 * settings.heartbeat_us)
                .unwrap_or(0),
            None => ago_us(self.log.last().map_or(LocalTime(0), |entry| entry.at)),
        }
    }

    /// How far behind it is, as far as it knows: since it first heard of something that it does not
    /// show, or last heard anything.
    pub(super) fn lag(&self, ctx: &Ctx<'_, super::SingleLeader>) -> Lag {
        if self.role == Role::Leader {
            return Lag::default();
        }
        let news = &self.follower.news;
        let behind_us = news.front().map_or(0, |(_, since)| {
            ctx.now.0.saturating_sub(since.0).max(0) as u64
        });
        let newest = news.back().map_or(0, |(index, _)| *index);
        Lag {
            us: behind_us.max(self.silent_us(ctx.now, ctx.settings)),
            entries: newest.saturating_sub(self.applied),
        }
    }
}

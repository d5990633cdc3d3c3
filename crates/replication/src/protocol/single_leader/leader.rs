//! The leader's work: writes, heartbeats, acknowledgements, and when the client hears "done".

use smallvec::SmallVec;

use super::log::{Entry, Row};
use super::wire::{Pulse, Reached};
use super::{Body, Group, GroupCtx, Pending, Progress, Timer};
use crate::ids::{NodeId, OpId, Position, Version, WriteId};
use crate::protocol::defect::{self, Defect};
use crate::protocol::{KnownLeader, Reply};
use crate::run::Role;
use crate::scenario::{Ack, AckWhen, LeaderReads, NodeList, Settings};
use crate::trace::Kind;

/// Writes and heartbeats.
impl Group {
    /// A client's write, whose value is still to be worked out.
    pub(super) fn write(&mut self, mut row: Row, ctx: GroupCtx<'_, '_>) {
        let Row {
            key,
            change,
            write,
            op,
            ..
        } = row;
        if self.role != Role::Leader {
            return self.not_leader(op, self.known_leader(), ctx);
        }
        self.mind_lease(ctx);
        if self.leading.lease.is_lost() {
            return self.not_leader(op, self.nobody_known(), ctx);
        }
        if let Some((earlier, index)) = self.same_write(row) {
            return self.recognise(op, write, earlier, index, ctx);
        }
        row.value = self.value_of(key, change, op, ctx);
        let index = self.append(Some(row), ctx);
        self.leading.pending.push_back(Pending {
            op,
            write,
            index,
            since: ctx.now,
        });
        self.watch_the_oldest(ctx);
    }

    /// The entry that is this very write, sent before: the write that it was then, and its index. What a
    /// failover has thrown away is not in the log, and is written again.
    fn same_write(&self, row: Row) -> Option<(WriteId, u32)> {
        let sought = Some(row.idempotency_key?);
        let same = |row: &Row| row.idempotency_key == sought;
        let entry = self
            .log
            .iter()
            .find(|entry| entry.row.as_ref().is_some_and(same))?;
        Some((entry.write()?, entry.position.index))
    }

    /// Appends nothing: the client hears "done" once the entry that is there already meets the ack rule.
    fn recognise(
        &mut self,
        op: OpId,
        write: WriteId,
        earlier: WriteId,
        index: u32,
        ctx: GroupCtx<'_, '_>,
    ) {
        ctx.note(Kind::Recognised {
            node: self.id,
            op,
            write,
            earlier,
        });
        let pending = &mut self.leading.pending;
        let place = pending.partition_point(|other| other.index <= index);
        pending.insert(
            place,
            Pending {
                op,
                write: earlier,
                index,
                since: ctx.now,
            },
        );
        self.settle(ctx);
    }

    /// It can't be sure that it still leads.
    pub(super) fn nobody_known(&self) -> KnownLeader {
        KnownLeader {
            epoch: self.epoch,
            node: None,
        }
    }

    /// Appends to its own log, and streams the entry.
    pub(super) fn append(&mut self, row: Option<Row>, ctx: GroupCtx<'_, '_>) -> u32 {
        let position = Position {
            epoch: self.epoch,
            index: self.length() + 1,
        };
        let entry = Entry {
            position,
            at: ctx.now,
            stream: ctx.settings.stream,
            row,
        };
        self.take([entry].into(), ctx);
        self.evaluate(position.index, ctx);
        let me = self.id;
        for follower in ctx.structure.replicas().filter(|follower| *follower != me) {
            self.stream(follower, ctx);
        }
        position.index
    }

    pub(super) fn beat(&mut self, ctx: GroupCtx<'_, '_>) {
        if self.role != Role::Leader {
            return;
        }
        self.leading.beats += 1;
        self.send_heartbeats(self.leading.beats, false, ctx);
        ctx.set_timer(Timer::Heartbeat(self.partition), ctx.settings.heartbeat_us);
        self.mind_standbys(ctx);
        // The rules may have changed since the last time.
        self.settle(ctx);
    }

    pub(super) fn send_heartbeats(&mut self, number: u32, for_read: bool, ctx: GroupCtx<'_, '_>) {
        self.leading.rounds += 1;
        let pulse = Pulse {
            number,
            for_read,
            round: self.leading.rounds,
            sent: ctx.now,
        };
        let settings = ctx.settings;
        let answer = for_read
            || settings.fencing.is_some()
            || settings.leader_reads != LeaderReads::Local
            || matches!(settings.ack, Ack::Standbys { .. });
        let beat = |answer| Body::Heartbeat {
            pulse,
            committed: self.committed,
            newest: self.newest(settings),
            answer,
        };
        for follower in ctx.structure.replicas() {
            if follower != self.id {
                self.send(follower, beat(answer), ctx);
            }
        }
        if let Some(manager) = ctx.structure.manager()
            && !for_read
        {
            self.send(manager, beat(false), ctx);
        }
    }
}

/// Acknowledgements.
impl Group {
    pub(super) fn count_ack(&mut self, follower: NodeId, upto: Reached, ctx: GroupCtx<'_, '_>) {
        let length = self.length();
        let matched = upto.persisted.index;
        if matched > length || self.position(matched) != upto.persisted {
            return;
        }
        let when = ctx.settings.ack_when;
        let progress = &mut self.leading.progress[usize::from(follower.0)];
        progress.matched = progress.matched.max(matched);
        progress.received = progress.received.max(upto.received.min(length));
        progress.applied = progress.applied.max(upto.applied.min(length));
        progress.next = progress.next.max(progress.matched + 1);
        progress.probing = false;
        progress.out = false;
        progress.snapshot_at = None;
        let (timer, behind) = (
            Timer::Resend(self.partition, follower),
            progress.matched.min(progress.counted(when)) < length,
        );
        if behind {
            ctx.set_timer(timer, ctx.settings.resend_us);
        } else {
            ctx.cancel_timer(timer);
        }
        self.hear_from(follower, ctx);
        self.stream(follower, ctx);
        self.settle(ctx);
    }

    /// Something may have become enough: commit, say "done", show.
    pub(super) fn settle(&mut self, ctx: GroupCtx<'_, '_>) {
        if self.role != Role::Leader {
            return;
        }
        self.mind_lease(ctx);
        let (node, partition, epoch) = (self.id, self.partition, self.epoch);
        let counts_sent = defect::is(ctx.structure, Defect::AckOnSend);
        let persisted = |progress: &Progress| match counts_sent {
            true => i64::from(progress.next) - 1,
            false => i64::from(progress.matched),
        };
        let held = self.reached_by_majority(persisted, i64::from(self.persisted)) as u32;
        if held > self.committed && self.position(held).epoch == epoch {
            self.committed = held;
            ctx.note(Kind::Committed {
                node,
                partition,
                position: self.position(held),
            });
        }
        self.consider_coming_back(ctx);
        while self.leading.lease.is_held()
            && let Some(oldest) = self.leading.pending.front()
            && self.enough(oldest.index, ctx.settings)
        {
            let Pending {
                op, write, index, ..
            } = *oldest;
            self.leading.pending.pop_front();
            self.leading.acked = self.leading.acked.max(index);
            let version = Version::Log(self.position(index));
            ctx.note(Kind::Acknowledged {
                node,
                op,
                write,
                partition,
                version,
                epoch,
            });
            // Shown before it is said, so that a client who hears "done" and asks here sees it.
            self.apply(ctx);
            ctx.reply(op.client, Reply::Done { op, version });
        }
        self.pass_what_nobody_waits_for(ctx.settings);
        self.watch_the_oldest(ctx);
        self.apply(ctx);
        self.trim(ctx);
        self.answer_waiting(ctx);
    }

    /// A no-op has no client to be told, and is shown by the same rule.
    fn pass_what_nobody_waits_for(&mut self, settings: &Settings) {
        let oldest = self.leading.pending.front();
        let before = oldest.map_or(self.length(), |oldest| oldest.index - 1);
        while self.leading.acked < before && self.enough(self.leading.acked + 1, settings) {
            self.leading.acked += 1;
        }
    }

    /// Whether the ack rule is met for an entry of its own log.
    fn enough(&self, index: u32, settings: &Settings) -> bool {
        let counted = self.have(index, settings) >= self.need(settings);
        self.persisted >= index
            && match settings.ack {
                Ack::Quorum => {
                    self.committed >= index && (counted || settings.ack_when != AckWhen::Applied)
                }
                _ => counted,
            }
    }

    /// How many replicas the ack rule waits for, itself included.
    pub(super) fn need(&self, settings: &Settings) -> u8 {
        let nodes = self.leading.progress.len() as u8;
        match settings.ack {
            Ack::Async => 1,
            Ack::SemiSync { .. } if self.leading.fallen_back => 1,
            Ack::SemiSync { k, .. } => k + 1,
            Ack::Sync => nodes,
            Ack::Quorum => nodes / 2 + 1,
            Ack::Standbys { count, .. } => count + 1,
        }
    }

    /// How many of those that the ack rule counts have an entry, itself included.
    pub(super) fn have(&self, index: u32, settings: &Settings) -> u8 {
        let followers = match settings.ack {
            Ack::Standbys { count, first, list } => {
                self.standbys_with(index, count, first, list, settings)
            }
            _ => self.followers_with(index, settings),
        };
        followers as u8 + u8::from(self.persisted >= index)
    }

    fn followers_with(&self, index: u32, settings: &Settings) -> usize {
        let others = self.leading.progress.iter().enumerate();
        others
            .filter(|(node, progress)| {
                *node != usize::from(self.id.0) && progress.counted(settings.ack_when) >= index
            })
            .count()
    }

    /// Of the standbys that count, how many have an entry: of `first`, those that stand first on the
    /// list and are connected, else any.
    fn standbys_with(
        &self,
        index: u32,
        count: u8,
        first: bool,
        list: NodeList,
        settings: &Settings,
    ) -> usize {
        let standbys = list.iter().filter(|node| *node != self.id);
        standbys
            .filter_map(|node| self.leading.progress.get(usize::from(node.0)))
            .filter(|progress| !first || progress.connected)
            .take(if first {
                usize::from(count)
            } else {
                usize::MAX
            })
            .filter(|progress| progress.counted(settings.ack_when) >= index)
            .count()
    }

    /// The highest that a majority reaches, where it is itself at `own`.
    pub(super) fn reached_by_majority(&self, of: impl Fn(&Progress) -> i64, own: i64) -> i64 {
        let progress = self.leading.progress.iter().enumerate();
        let mut reached: SmallVec<[i64; 12]> = progress
            .map(|(node, progress)| {
                if node == usize::from(self.id.0) {
                    own
                } else {
                    of(progress)
                }
            })
            .collect();
        reached.sort_unstable();
        reached[(reached.len() - 1) / 2]
    }

    /// Standbys: takes one for gone after silence, and for back once it has been sent everything again.
    ///
    /// Looked at with each heartbeat, and whenever one is heard from.
    pub(super) fn mind_standbys(&mut self, ctx: GroupCtx<'_, '_>) {
        let Ack::Standbys { list, .. } = ctx.settings.ack else {
            self.leading.watches_standbys = false;
            return;
        };
        if !self.leading.watches_standbys {
            self.leading.watches_standbys = true;
            self.leading.progress.iter_mut().for_each(|progress| {
                progress.heard = ctx.now;
                progress.connected = true;
            });
        }
        let (node, partition, length) = (self.id, self.partition, self.length());
        for of in list.iter().filter(|of| *of != node) {
            let Some(progress) = self.leading.progress.get_mut(usize::from(of.0)) else {
                continue;
            };
            let silent = progress
                .heard
                .0
                .saturating_add(ctx.settings.failure_timeout_us as i64)
                <= ctx.now.0;
            let sent_all = !progress.probing && progress.next > length;
            let connected = !silent && (progress.connected || sent_all);
            if connected != progress.connected {
                progress.connected = connected;
                if !connected {
                    // Whatever was under way is lost: it has to say again how far it is.
                    progress.next = progress.matched + 1;
                    (progress.probing, progress.out) = (true, false);
                }
                ctx.note(Kind::Standby {
                    node,
                    partition,
                    of,
                    connected,
                });
            }
        }
    }

    pub(super) fn hear_from(&mut self, follower: NodeId, ctx: GroupCtx<'_, '_>) {
        self.leading.progress[usize::from(follower.0)].heard = ctx.now;
        self.mind_standbys(ctx);
    }
}

/// Semi-sync.
impl Group {
    /// Sees to it that the oldest waiting write does not wait for followers for ever.
    fn watch_the_oldest(&mut self, ctx: GroupCtx<'_, '_>) {
        let timer = Timer::FallBack(self.partition);
        match (ctx.settings.ack, self.leading.pending.front()) {
            (Ack::SemiSync { timeout_us, .. }, Some(oldest))
                if self.waits_for_followers(ctx.settings) =>
            {
                let waited_us = (ctx.now.0 - oldest.since.0).max(0) as u64;
                ctx.set_timer(timer, timeout_us.saturating_sub(waited_us));
            }
            _ => ctx.cancel_timer(timer),
        }
    }

    /// Whether it is followers that the oldest waiting write lacks, and not the leader's own disk or lease.
    fn waits_for_followers(&self, settings: &Settings) -> bool {
        match (settings.ack, self.leading.pending.front()) {
            (Ack::SemiSync { k, .. }, Some(oldest)) => {
                let have = self.followers_with(oldest.index, settings);
                !self.leading.fallen_back && have < usize::from(k)
            }
            _ => false,
        }
    }

    pub(super) fn consider_falling_back(&mut self, ctx: GroupCtx<'_, '_>) {
        let (node, partition) = (self.id, self.partition);
        if self.role == Role::Leader && self.waits_for_followers(ctx.settings) {
            self.leading.fallen_back = true;
            ctx.note(Kind::FellBack { node, partition });
            self.settle(ctx);
        }
    }

    fn consider_coming_back(&mut self, ctx: GroupCtx<'_, '_>) {
        let (node, partition) = (self.id, self.partition);
        match ctx.settings.ack {
            Ack::SemiSync { k, .. } => {
                if self.leading.fallen_back
                    && self.followers_with(self.length(), ctx.settings) >= usize::from(k)
                {
                    self.leading.fallen_back = false;
                    ctx.note(Kind::BackInSync { node, partition });
                }
            }
            _ => self.leading.fallen_back = false,
        }
    }
}

impl Progress {
    /// Up to where it has acknowledged, as the setting means it.
    fn counted(&self, when: AckWhen) -> u32 {
        match when {
            AckWhen::Received => self.received.max(self.matched),
            AckWhen::Persisted => self.matched,
            AckWhen::Applied => self.applied,
        }
    }
}

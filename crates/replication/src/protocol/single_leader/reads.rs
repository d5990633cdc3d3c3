//! Reads: who may answer one, what a leader does first, and session tokens.

use super::{Group, GroupCtx, Progress, Timer};
use crate::ids::{Held, KeyId, KeySet, NodeId, OpId, Position, Version};
use crate::protocol::defect::{self, Defect};
use crate::protocol::{Items, Reply};
use crate::run::Role;
use crate::scenario::{LeaderReads, ReadPolicy, Settings, Visible};
use crate::trace::Kind;

/// A read that waits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Read {
    pub(super) op: OpId,
    keys: KeySet,
    /// Whether only the leader may answer.
    pub(super) by_leader: bool,
    /// What its session has seen or written.
    token: Position,
    /// The round of heartbeats that a majority must have answered.
    round: u32,
}

impl Read {
    pub(super) fn new(op: OpId, keys: KeySet, by_leader: bool, token: Option<Position>) -> Self {
        Read {
            op,
            keys,
            by_leader,
            token: token.unwrap_or_default(),
            round: 0,
        }
    }
}

impl Group {
    pub(super) fn read(&mut self, mut read: Read, ctx: GroupCtx<'_, '_>) {
        let leads = self.role == Role::Leader;
        if read.by_leader {
            if !leads {
                return self.not_leader(read.op, self.known_leader(), ctx);
            }
            self.mind_lease(ctx);
            let needs_lease = ctx.settings.leader_reads == LeaderReads::Lease;
            if self.leading.lease.is_lost() || (needs_lease && ctx.settings.fencing.is_none()) {
                return self.not_leader(read.op, self.nobody_known(), ctx);
            }
            if ctx.settings.leader_reads == LeaderReads::Confirmed {
                // A round begun before the read came would prove nothing.
                self.leading.beats_for_reads += 1;
                self.send_heartbeats(self.leading.beats_for_reads, true, ctx);
                read.round = self.leading.rounds;
            }
        }
        if leads && self.must_wait(&read, ctx.settings) {
            return self.leading.reads.push(read);
        }
        self.answer(read, ctx);
    }

    /// Whether a leader can't answer yet: it does not know what the leader before it had told people,
    /// or can't be sure that it still leads.
    fn must_wait(&self, read: &Read, settings: &Settings) -> bool {
        let knows = settings.visible != Visible::OnCommit || self.may_read();
        let serves = self.leading.lease.is_held() || !read.by_leader;
        let confirmed =
            settings.leader_reads != LeaderReads::Confirmed || self.confirmed_round() >= read.round;
        !(knows && serves && confirmed)
    }

    /// Whether it knows what was committed before its time.
    fn may_read(&self) -> bool {
        self.epoch == 1 || self.position(self.committed).epoch == self.epoch
    }

    fn confirmed_round(&self) -> u32 {
        let round = |progress: &Progress| i64::from(progress.answered_round);
        self.reached_by_majority(round, i64::from(u32::MAX)) as u32
    }

    /// How many replicas have confirmed that it led after a read came, itself included.
    pub(super) fn confirmed_by(&self, read: &Read) -> u8 {
        let answered = self.leading.progress.iter();
        let others = answered.filter(|progress| progress.answered_round >= read.round.max(1));
        1 + others.count() as u8
    }

    /// Something may have become enough for the reads that a leader keeps.
    pub(super) fn answer_waiting(&mut self, ctx: GroupCtx<'_, '_>) {
        for read in std::mem::take(&mut self.leading.reads) {
            if self.must_wait(&read, ctx.settings) {
                self.leading.reads.push(read);
            } else {
                self.answer(read, ctx);
            }
        }
    }

    fn answer(&mut self, read: Read, ctx: GroupCtx<'_, '_>) {
        if !self.has(read.token, self.applied) && !defect::is(ctx.structure, Defect::TokenIgnored) {
            return self.wait_for_token(read, ctx);
        }
        let (node, partition, op) = (self.id, self.partition, read.op);
        let items: Items = read
            .keys
            .iter()
            .map(|key| (key, node, self.shown[usize::from(key.0)]))
            .map(|item| match defect::is(ctx.structure, Defect::ViewTorn) {
                true => self.torn(item, read.keys),
                false => item,
            })
            .collect();
        for (key, _, held) in &items {
            ctx.note(Kind::Served {
                node,
                op,
                key: *key,
                held: *held,
            });
        }
        let upto = self.position(self.applied);
        ctx.reply(
            op.client,
            Reply::Answer {
                op,
                partition,
                items,
                upto,
            },
        );
    }

    /// A defect: all but the first key of a view are read from the log, shown or not.
    fn torn(&self, item: (KeyId, NodeId, Held), keys: KeySet) -> (KeyId, NodeId, Held) {
        let mut newest = self.log.iter().rev();
        let of_key = newest.find_map(|entry| {
            let row = entry.row.filter(|row| row.key == item.0)?;
            Some(Held {
                version: Some(Version::Log(entry.position)),
                value: row.value,
                write: Some(row.write),
            })
        });
        match keys.iter().next() == Some(item.0) {
            true => item,
            false => (item.0, item.1, of_key.unwrap_or_default()),
        }
    }

    /// Whether that very entry is among the first so many of its log.
    fn has(&self, token: Position, among: u32) -> bool {
        token.index <= among && self.position(token.index) == token
    }

    /// It does not show what a read's session has seen.
    fn wait_for_token(&mut self, read: Read, ctx: GroupCtx<'_, '_>) {
        let (op, partition) = (read.op, self.partition);
        let serves = self.role == Role::Leader && self.leading.lease.is_held();
        if serves && read.token.epoch <= self.epoch && !self.has(read.token, self.length()) {
            return ctx.reply(op.client, Reply::PositionLost { op, partition });
        }
        if read.by_leader && read.token.epoch > self.epoch {
            // Somebody else has led since.
            return self.not_leader(op, self.nobody_known(), ctx);
        }
        let wait_us = match ctx.settings.reads {
            ReadPolicy::SessionToken { wait_us } => wait_us,
            _ => 0,
        };
        self.parked.retain(|parked| parked.op != op);
        if read.by_leader {
            // There is nobody to turn to from here, so that it waits for as long as its client does.
            self.parked.push(read);
        } else if wait_us > 0 {
            self.parked.push(read);
            ctx.set_timer(Timer::Parked(partition, op), wait_us);
        } else {
            ctx.reply(op.client, Reply::TooStale { op, partition });
        }
    }

    /// It shows more than before: perhaps what some session has seen.
    pub(super) fn answer_parked(&mut self, ctx: GroupCtx<'_, '_>) {
        for read in std::mem::take(&mut self.parked) {
            if self.has(read.token, self.applied) {
                ctx.cancel_timer(Timer::Parked(self.partition, read.op));
                self.answer(read, ctx);
            } else {
                self.parked.push(read);
            }
        }
    }

    pub(super) fn give_up_on(&mut self, op: OpId, ctx: GroupCtx<'_, '_>) {
        let before = self.parked.len();
        self.parked.retain(|read| read.op != op);
        if self.parked.len() < before {
            let partition = self.partition;
            ctx.reply(op.client, Reply::TooStale { op, partition });
        }
    }
}

//! The failover manager: it promotes the follower that looks most caught up to it.
//!
//! It hears the leader's heartbeats. After silence it asks all replicas how far they are, collects what
//! they say for one heartbeat interval (or for as long as nobody answers), and appoints the one of the
//! highest last position, in an epoch higher than any that it has heard of. No votes, no majority, no
//! promises: whom it can't reach goes unasked, so that it may lose what a majority had, and a leader that
//! is only cut off from the manager gets a rival.
//!
//! A leader that answers is not replaced. Silence after an appointment starts all over again.

use super::{Body, Envelope, GroupCtx, LogChange, Timer, WhatChanged};
use crate::ids::{NodeId, PartitionId, Position};
use crate::ordered::Ordered;
use crate::protocol::KnownLeader;
use crate::trace::Kind;

/// A manager's part in one partition.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Watch {
    id: NodeId,
    partition: PartitionId,
    /// The highest epoch that it has heard of or handed out. The latter is on its disk.
    epoch: u32,
    /// Who leads that.
    leader: Option<NodeId>,
    /// How often it has asked all replicas.
    round: u32,
    /// The first round since the leader fell silent, while it has not chosen yet.
    asking_since: Option<u32>,
    /// Who has answered: how far its log goes, and its epoch.
    answers: Ordered<NodeId, (Position, u32)>,
    refusals: u32,
}

impl Watch {
    pub(super) fn new(id: NodeId, partition: PartitionId, epoch: u32) -> Self {
        Watch {
            id,
            partition,
            epoch,
            leader: None,
            round: 0,
            asking_since: None,
            answers: Ordered::default(),
            refusals: 0,
        }
    }

    pub(super) fn on_message(&mut self, from: NodeId, envelope: Envelope, ctx: GroupCtx<'_, '_>) {
        let Envelope { epoch, body, .. } = envelope;
        match body {
            Body::Inspected { leads: true, .. } if epoch >= self.epoch => {
                self.hear_of_leader(from, epoch, ctx)
            }
            Body::Inspected { round, last, .. } => self.count(from, round, last, epoch, ctx),
            _ if epoch < self.epoch && body.wants_a_follower() => {
                self.refusals += 1;
                let count = self.refusals;
                self.send(from, Body::Deposed { count }, ctx);
            }
            Body::Heartbeat { .. } => self.hear_of_leader(from, epoch, ctx),
            Body::Deposed { .. } => self.hear_of_epoch(epoch),
            _ => {}
        }
    }

    pub(super) fn on_timer(&mut self, timer: Timer, ctx: GroupCtx<'_, '_>) {
        match timer {
            Timer::Silence(_) => self.ask(ctx),
            Timer::Choose(_) => self.choose(ctx),
            _ => {}
        }
    }

    pub(super) fn on_persisted(&mut self, what: WhatChanged, ctx: GroupCtx<'_, '_>) {
        if let WhatChanged::Promise { epoch, to } = what
            && epoch == self.epoch
        {
            self.send(to, Body::Appoint, ctx);
        }
    }

    /// Waits for the leader to be silent.
    pub(super) fn wait(&mut self, ctx: GroupCtx<'_, '_>) {
        let patience_us = ctx.settings.failure_timeout_us;
        ctx.set_timer(Timer::Silence(self.partition), patience_us);
    }

    pub(super) fn known_leader(&self) -> KnownLeader {
        KnownLeader {
            epoch: self.epoch,
            node: self.leader,
        }
    }

    fn hear_of_epoch(&mut self, epoch: u32) {
        if epoch > self.epoch {
            self.epoch = epoch;
            self.leader = None;
        }
    }

    fn hear_of_leader(&mut self, leader: NodeId, epoch: u32, ctx: GroupCtx<'_, '_>) {
        self.hear_of_epoch(epoch);
        self.leader = Some(leader);
        self.asking_since = None;
        ctx.cancel_timer(Timer::Choose(self.partition));
        self.wait(ctx);
    }

    fn ask(&mut self, ctx: GroupCtx<'_, '_>) {
        let (node, partition, epoch) = (self.id, self.partition, self.epoch + 1);
        self.round += 1;
        if self.asking_since.is_none() {
            self.asking_since = Some(self.round);
            self.answers.clear();
            ctx.note(Kind::Suspected {
                node,
                partition,
                epoch,
            });
            ctx.set_timer(Timer::Choose(partition), ctx.settings.heartbeat_us);
        }
        let round = self.round;
        for replica in ctx.structure.replicas() {
            self.send(replica, Body::Inspect { round }, ctx);
        }
        // Perhaps the questions are lost.
        self.wait(ctx);
    }

    fn count(
        &mut self,
        replica: NodeId,
        round: u32,
        last: Position,
        epoch: u32,
        ctx: GroupCtx<'_, '_>,
    ) {
        if self.asking_since.is_some_and(|since| round >= since) {
            self.answers.insert(replica, (last, epoch));
            if self.answers.len() == usize::from(ctx.structure.nodes) {
                self.choose(ctx);
            }
        }
    }

    fn choose(&mut self, ctx: GroupCtx<'_, '_>) {
        if self.asking_since.is_none() {
            return;
        }
        let answers = self.answers.iter();
        let best = answers.max_by_key(|(node, (last, _))| (*last, std::cmp::Reverse(*node)));
        let Some((to, _)) = best else {
            let later_us = ctx.settings.heartbeat_us;
            return ctx.set_timer(Timer::Choose(self.partition), later_us);
        };
        let heard = self.answers.iter().map(|(_, (_, epoch))| *epoch).max();
        self.epoch = self.epoch.max(heard.unwrap_or(0)) + 1;
        self.leader = None;
        self.asking_since = None;
        ctx.cancel_timer(Timer::Choose(self.partition));
        // On disk before anybody hears of it, so that no epoch is handed out twice.
        ctx.persist(LogChange {
            partition: self.partition,
            what: WhatChanged::Promise {
                epoch: self.epoch,
                to,
            },
        });
        self.wait(ctx);
    }

    fn send(&self, to: NodeId, body: Body, ctx: GroupCtx<'_, '_>) {
        ctx.send(
            to,
            Envelope {
                partition: self.partition,
                epoch: self.epoch,
                body,
            },
        );
    }
}

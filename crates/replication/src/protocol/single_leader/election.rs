//! Who leads: elections by majority, and what a failover manager's word does.

use super::lease::Lease;
use super::{Body, Group, GroupCtx, Leading, Progress, Timer, WhatChanged};
use crate::engine::chance::Address;
use crate::ids::{NodeId, Position};
use crate::run::Role;
use crate::scenario::Promotion;
use crate::trace::Kind;

impl Group {
    /// Stands for election unless it hears from a leader in time. Where a manager promotes, nobody stands.
    pub(super) fn wait_for_leader(&mut self, ctx: GroupCtx<'_, '_>) {
        if ctx.structure.promotion == Promotion::Reachable {
            return;
        }
        let base = ctx.settings.failure_timeout_us;
        let draw = ctx.draw(Address::election(
            self.id,
            self.partition,
            self.candidate.round,
        ));
        // Spread over half as much again, so that two followers seldom stand at once.
        let spread = ((u128::from(draw.size) * u128::from(base / 2)) >> 64) as u64;
        ctx.set_timer(Timer::Election(self.partition), base + spread);
    }

    pub(super) fn stand(&mut self, ctx: GroupCtx<'_, '_>) {
        if self.role == Role::Leader {
            return;
        }
        self.epoch += 1;
        self.follow_anew(None);
        self.role = Role::Candidate;
        self.candidate.round += 1;
        self.candidate.votes.clear();
        let (node, partition, epoch) = (self.id, self.partition, self.epoch);
        ctx.note(Kind::Suspected {
            node,
            partition,
            epoch,
        });
        ctx.persist(self.change(WhatChanged::Promise { epoch, to: node }));
        for other in ctx.structure.replicas().filter(|other| *other != node) {
            self.send(other, Body::VoteRequest, ctx);
        }
        self.wait_for_leader(ctx);
    }

    /// Promises an epoch to the first who asks for it, and to nobody else.
    pub(super) fn promise(&mut self, candidate: NodeId, epoch: u32, ctx: GroupCtx<'_, '_>) {
        if epoch == self.epoch {
            return;
        }
        self.hear_of_epoch(epoch, ctx);
        ctx.persist(self.change(WhatChanged::Promise {
            epoch,
            to: candidate,
        }));
        self.wait_for_leader(ctx);
    }

    pub(super) fn on_promise_persisted(
        &mut self,
        epoch: u32,
        candidate: NodeId,
        ctx: GroupCtx<'_, '_>,
    ) {
        if epoch != self.epoch {
            return;
        }
        // The disk works in order: every entry of this log is on it too.
        let last = self.last();
        if candidate == self.id {
            self.count_vote(candidate, epoch, last, ctx);
        } else {
            self.send(candidate, Body::Vote { last }, ctx);
        }
    }

    pub(super) fn count_vote(
        &mut self,
        voter: NodeId,
        epoch: u32,
        last: Position,
        ctx: GroupCtx<'_, '_>,
    ) {
        let counts = self.role == Role::Candidate && epoch == self.epoch && self.leader.is_none();
        let before = self.candidate.votes.len();
        if !counts || before >= ctx.structure.majority() {
            return;
        }
        self.candidate.votes.insert(voter, last);
        if self.candidate.votes.len() < ctx.structure.majority() {
            return;
        }
        // The highest log leads; oneself among equals, to save a message.
        let longest =
            |(node, last): (NodeId, &Position)| (*last, node == self.id, std::cmp::Reverse(node));
        let best = self
            .candidate
            .votes
            .iter()
            .map(longest)
            .max()
            .map_or(self.id, |(_, _, node)| node.0);
        if best == self.id {
            self.lead(ctx);
        } else {
            self.send(best, Body::Appoint, ctx);
        }
    }

    pub(super) fn accept_appointment(&mut self, epoch: u32, ctx: GroupCtx<'_, '_>) {
        if ctx.structure.promotion == Promotion::Reachable {
            self.hear_of_epoch(epoch, ctx);
        }
        // By majority: it promised this epoch, and has refused lower ones since, so that its log is
        // still what it reported. An appointment may arrive twice, and after a restart it can't know
        // whether it has led that epoch already.
        if epoch == self.epoch
            && epoch > self.epoch_at_restart
            && self.role != Role::Leader
            && self.leader.is_none()
        {
            self.lead(ctx);
        }
    }

    /// The manager asks how far it is. It promises nothing.
    pub(super) fn tell_how_far(&mut self, manager: NodeId, round: u32, ctx: GroupCtx<'_, '_>) {
        let (last, leads) = (self.last(), self.role == Role::Leader);
        self.send(manager, Body::Inspected { round, last, leads }, ctx);
    }

    pub(super) fn lead(&mut self, ctx: GroupCtx<'_, '_>) {
        // Whatever it has it must have evaluated, before it takes writes on top of it.
        self.evaluate(self.length(), ctx);
        self.role = Role::Leader;
        self.leader = Some(self.id);
        self.follower.stopped = false;
        let last = self.last();
        let follower = Progress {
            next: last.index + 1,
            probing: true,
            heard: ctx.now,
            connected: true,
            ..Progress::default()
        };
        self.leading = Leading {
            progress: vec![follower; usize::from(ctx.structure.nodes)],
            acked: last.index,
            lease: Lease::of_new_leader(ctx),
            ..Leading::default()
        };
        let (node, partition, epoch) = (self.id, self.partition, self.epoch);
        ctx.note(Kind::Promoted {
            node,
            partition,
            epoch,
            last,
        });
        ctx.cancel_timer(Timer::Election(self.partition));
        // An entry of an older epoch counts as committed only through one of its own.
        self.append(None, ctx);
        self.beat(ctx);
        self.settle(ctx);
    }
}

//! Leases: what stops an old leader that nobody tells of its successor.
//!
//! A leader whose heartbeats a majority answers, itself included, holds a lease: until `lease_us` after
//! the answered heartbeat was *sent*, by its own clock. Without one it neither says "done" nor serves;
//! writes that already wait go on waiting. Its successor serves only once every lease of its
//! predecessor must be over: `lease_us`, and the bound on how far clocks run apart, after a majority has
//! left that one. By majority, that was when it promised the new epoch, before the promotion; a failover
//! manager asks nobody, so there it is when a majority first answers the new leader.

use super::wire::Pulse;
use super::{Group, GroupCtx, Progress, Timer};
use crate::engine::time::LocalTime;
use crate::ids::NodeId;
use crate::protocol::defect::{self, Defect};
use crate::run::Role;
use crate::scenario::Promotion;
use crate::trace::Kind;

/// A leader's lease.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Lease {
    state: State,
    /// Whether leases were in force when it last looked.
    fenced: bool,
    /// When the latest heartbeat that a majority has answered was sent.
    granted: Option<LocalTime>,
    /// When its predecessor's leases are over, once that is known.
    serves_from: Option<LocalTime>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum State {
    /// It may serve: it holds a lease, or needs none.
    #[default]
    Held,
    /// Its predecessor may still hold one.
    Waiting,
    /// A majority has been silent for too long.
    Lost,
}

impl Lease {
    /// That of a leader that is promoted now.
    pub(super) fn of_new_leader(ctx: GroupCtx<'_, '_>) -> Self {
        let Some(fencing) = ctx.settings.fencing else {
            return Lease::default();
        };
        let promised = ctx.structure.promotion == Promotion::Majority;
        let wait_us = (fencing.lease_us + fencing.clock_error_us) as i64;
        Lease {
            state: State::Waiting,
            fenced: true,
            granted: promised.then_some(ctx.now),
            serves_from: promised.then_some(LocalTime(ctx.now.0 + wait_us)),
        }
    }

    pub(super) fn is_held(self) -> bool {
        self.state == State::Held
    }

    pub(super) fn is_lost(self) -> bool {
        self.state == State::Lost
    }
}

impl Group {
    /// Sees to it that the lease is as the leader's clock has it, and says so where it changes.
    pub(super) fn mind_lease(&mut self, ctx: GroupCtx<'_, '_>) {
        if self.role != Role::Leader {
            return;
        }
        let (node, partition, epoch) = (self.id, self.partition, self.epoch);
        let before = self.leading.lease.state;
        let mut lease = self.leading.lease;
        if let Some(fencing) = ctx.settings.fencing {
            if !lease.fenced {
                // In force from now on: as if everybody had just answered.
                (lease.fenced, lease.granted) = (true, Some(ctx.now));
            }
            let sent = |progress: &Progress| progress.answered.map_or(i64::MIN, |sent| sent.0);
            let answered = self.reached_by_majority(sent, ctx.now.0);
            if answered > i64::MIN {
                lease.granted = lease.granted.max(Some(LocalTime(answered)));
            }
            let lease_us = fencing.lease_us as i64;
            let after = |from: LocalTime, us: i64| from.0.saturating_add(us);
            let ends = lease.granted.map(|granted| after(granted, lease_us));
            let holds = ends.is_some_and(|ends| ctx.now.0 < ends)
                || defect::is(ctx.structure, Defect::FencingForgotten);
            if lease.state == State::Waiting && lease.serves_from.is_none() && holds {
                let wait_us = lease_us + fencing.clock_error_us as i64;
                lease.serves_from = Some(LocalTime(after(ctx.now, wait_us)));
            }
            lease.state = match lease.state {
                State::Waiting if !holds || lease.serves_from.is_none_or(|from| ctx.now < from) => {
                    State::Waiting
                }
                _ if holds => State::Held,
                _ => State::Lost,
            };
            let next = match lease.state {
                State::Waiting => lease.serves_from.map(|from| from.0),
                State::Held => ends,
                State::Lost => None,
            };
            if let Some(next) = next.filter(|next| *next > ctx.now.0) {
                ctx.set_timer(Timer::Lease(partition), (next - ctx.now.0) as u64);
            }
        } else {
            (lease.fenced, lease.state) = (false, State::Held);
        }
        self.leading.lease = lease;
        let changed = match (before, lease.state) {
            (State::Waiting, State::Held) => Kind::Serving {
                node,
                partition,
                epoch,
            },
            (State::Held, State::Lost) => Kind::LeaseLost { node, partition },
            (State::Lost, State::Held) => Kind::LeaseRegained { node, partition },
            _ => return,
        };
        ctx.note(changed);
    }

    /// A follower has heard a heartbeat. An answer may arrive twice, or after a later one.
    pub(super) fn count_answer(&mut self, follower: NodeId, pulse: Pulse, ctx: GroupCtx<'_, '_>) {
        let progress = &mut self.leading.progress[usize::from(follower.0)];
        progress.answered_round = progress.answered_round.max(pulse.round);
        progress.answered = progress.answered.max(Some(pulse.sent));
        self.hear_from(follower, ctx);
        // One that was gone, and has not been asked yet how far it is.
        self.stream(follower, ctx);
        self.settle(ctx);
    }
}

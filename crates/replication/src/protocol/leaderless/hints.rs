//! Hinted handoff: versions that are kept for one who is away, until it is back or they are too old.

use smallvec::SmallVec;

use crate::ids::{NodeId, OpId};
use crate::protocol::defect::{self, Defect};
use crate::protocol::leaderless::store::{DroppedOne, Hint, KeptOne};
use crate::protocol::leaderless::wire::{About, Leg, Sent};
use crate::protocol::leaderless::{Envelope, Leaderless, StoreChange, Timer, doubt};
use crate::protocol::{Ctx, Disk};
use crate::scenario::Settings;
use crate::trace::Kind;

impl Leaderless {
    /// Has a hint persisted; the coordinator waits for that, where it counts.
    pub(super) fn keep_hint(
        &mut self,
        sent: Sent,
        home: NodeId,
        coordinator: Option<NodeId>,
        ctx: &mut Ctx<'_, Self>,
    ) {
        let Sent {
            about: About { op, key, write },
            versions,
        } = sent;
        if let Some(write) = write {
            let hint = Hint {
                home,
                op,
                key,
                write,
                versions,
                since: ctx.now,
            };
            ctx.persist(StoreChange::Keep(KeptOne { hint, coordinator }));
        }
    }

    /// A hint is on its disk.
    pub(super) fn hint_kept(&mut self, kept: KeptOne, ctx: &mut Ctx<'_, Self>) {
        let KeptOne {
            hint:
                Hint {
                    home,
                    op,
                    key,
                    write,
                    ..
                },
            coordinator,
        } = kept;
        let is_first = !self.has_hints_for(home);
        // One that comes a second time is no news.
        if !self.disk.hints.contains((home, op)) {
            ctx.note(Kind::HintKept {
                node: self.id,
                home,
                key,
                write,
            });
        }
        self.disk.apply(&StoreChange::Keep(kept));
        if is_first && !self.doubt.is_doubted(home) {
            ctx.set_timer(Timer::Ping(home), doubt::ping_after_us(ctx.settings));
        }
        match coordinator {
            Some(coordinator) if coordinator == self.id => self.count_ack(home, op, ctx),
            Some(coordinator) => {
                let about = About {
                    op,
                    key,
                    write: Some(write),
                };
                ctx.send(coordinator, Envelope(Leg::Hinted(about, home)));
            }
            None => {}
        }
    }

    /// It starts: those for whom it has something may be there.
    pub(super) fn look_after_hints(&mut self, ctx: &mut Ctx<'_, Self>) {
        for home in ctx
            .structure
            .replicas()
            .filter(|home| self.has_hints_for(*home))
        {
            ctx.set_timer(Timer::Ping(home), doubt::ping_after_us(ctx.settings));
        }
    }

    /// One for whom it may have something is there.
    pub(super) fn hand_off(&mut self, home: NodeId, ctx: &mut Ctx<'_, Self>) {
        let of_home = self
            .disk
            .hints
            .iter()
            .filter(|((whose, _), _)| *whose == home);
        for ((_, op), hint) in of_home {
            if is_expired(hint, ctx.now.0, ctx.settings) {
                continue;
            }
            // Time for an answer, before it is pinged and sent the same again.
            let patience_us = ctx
                .settings
                .client_timeout_us
                .max(doubt::ping_after_us(ctx.settings));
            ctx.set_timer(Timer::Ping(home), patience_us);
            let about = About {
                op,
                key: hint.key,
                write: Some(hint.write),
            };
            let versions = hint.versions.clone();
            // Sent again for as long as it takes: by the time since, each is a message of its own.
            let attempt = (ctx.now.0.wrapping_sub(hint.since.0) / 50_000) as u32;
            ctx.send(
                home,
                Envelope(Leg::Handoff(Sent { about, versions }, attempt)),
            );
        }
    }

    /// Drops what it has kept for too long.
    pub(super) fn expire_hints(&mut self, home: NodeId, ctx: &mut Ctx<'_, Self>) {
        let of_home = self
            .disk
            .hints
            .iter()
            .filter(|((whose, _), _)| *whose == home);
        let drops_all = defect::is(ctx.structure, Defect::HintDropped);
        let expired =
            of_home.filter(|(_, hint)| is_expired(hint, ctx.now.0, ctx.settings) || drops_all);
        let expired: SmallVec<[OpId; 4]> = expired.map(|((_, op), _)| op).collect();
        for op in expired {
            self.drop_hint(home, op, true, ctx);
        }
    }

    /// Drops a hint that is delivered, or too old.
    pub(super) fn drop_hint(
        &mut self,
        home: NodeId,
        op: OpId,
        expired: bool,
        ctx: &mut Ctx<'_, Self>,
    ) {
        if self.disk.hints.contains((home, op)) {
            ctx.persist(StoreChange::Drop(DroppedOne { home, op, expired }));
        }
    }

    /// A hint is gone from its disk.
    pub(super) fn hint_dropped(&mut self, dropped: DroppedOne, ctx: &mut Ctx<'_, Self>) {
        let DroppedOne { home, op, expired } = dropped;
        if let Some(Hint { key, write, .. }) = self.disk.hints.remove((home, op)) {
            ctx.note(Kind::HintGone {
                node: self.id,
                home,
                key,
                write,
                expired,
            });
        }
    }

    /// Whether it keeps something for a replica.
    pub(super) fn has_hints_for(&self, home: NodeId) -> bool {
        self.disk.hints.iter().any(|((whose, _), _)| whose == home)
    }
}

fn is_expired(hint: &Hint, now: i64, settings: &Settings) -> bool {
    let expires_us = settings
        .sloppy
        .map_or(STRICT_EXPIRES_US, |sloppy| sloppy.hint_expires_us);
    now.saturating_sub(hint.since.0) >= expires_us as i64
}

/// After how long a hint is dropped under a strict quorum: scenarios can't say.
const STRICT_EXPIRES_US: u64 = 60_000_000;

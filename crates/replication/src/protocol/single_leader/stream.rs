//! The leader's stream to each follower: batches, what is sent again, and snapshots.

use std::sync::Arc;

use smallvec::SmallVec;

use super::log::Entry;
use super::{Body, Group, GroupCtx, Timer};
use crate::ids::NodeId;
use crate::run::Role;
use crate::trace::Kind;

/// How many entries a catch-up sends at once.
const BATCH: usize = 64;

impl Group {
    /// Sends a follower what it has not been sent.
    pub(super) fn stream(&mut self, follower: NodeId, ctx: GroupCtx<'_, '_>) {
        loop {
            let progress = &self.leading.progress[usize::from(follower.0)];
            let nothing_new = progress.next > self.length() && !progress.probing;
            if nothing_new || (progress.probing && progress.out) {
                return;
            }
            if progress.next <= self.trimmed {
                return self.send_snapshot(follower, ctx);
            }
            let previous = self.position(progress.next - 1);
            let rest = &self.log[previous.index as usize..];
            let entries: SmallVec<[Entry; 1]> = rest.iter().take(BATCH).copied().collect();
            let (committed, attempt) = (self.committed, progress.attempt);
            let progress = &mut self.leading.progress[usize::from(follower.0)];
            progress.next += entries.len() as u32;
            progress.out = true;
            let first_out =
                progress.probing || progress.matched + 1 + entries.len() as u32 >= progress.next;
            self.send(
                follower,
                Body::Append {
                    previous,
                    entries,
                    committed,
                    attempt,
                },
                ctx,
            );
            if first_out {
                ctx.set_timer(
                    Timer::Resend(self.partition, follower),
                    ctx.settings.resend_us,
                );
            }
        }
    }

    /// The follower needs entries that were trimmed: it gets everything that reads show here, at once.
    fn send_snapshot(&mut self, follower: NodeId, ctx: GroupCtx<'_, '_>) {
        // Only what is shown is trimmed.
        let entries: Arc<[Entry]> = self.log[..self.applied as usize].into();
        let progress = &mut self.leading.progress[usize::from(follower.0)];
        progress.next = self.applied + 1;
        progress.probing = true;
        progress.out = true;
        progress.snapshot_at = Some(ctx.now);
        let (committed, attempt) = (self.committed, progress.attempt);
        self.send(
            follower,
            Body::Snapshot {
                entries,
                committed,
                attempt,
            },
            ctx,
        );
        let patience_us = ctx.settings.resend_us + ctx.settings.snapshot_us;
        ctx.set_timer(Timer::Resend(self.partition, follower), patience_us);
    }

    pub(super) fn resend(&mut self, follower: NodeId, ctx: GroupCtx<'_, '_>) {
        if self.role == Role::Leader {
            self.stream_from(follower, None, ctx);
        }
    }

    /// Sends again, from `next` or from the first entry that was not acknowledged, and looks whether
    /// the logs agree there.
    fn stream_from(&mut self, follower: NodeId, next: Option<u32>, ctx: GroupCtx<'_, '_>) {
        let progress = &mut self.leading.progress[usize::from(follower.0)];
        progress.next = next.unwrap_or(progress.matched + 1);
        progress.probing = true;
        progress.out = false;
        progress.attempt += 1;
        self.stream(follower, ctx);
    }

    /// The follower's log is not this one where it was tried. In the ordinary stream that means that
    /// a message is missing, and the resend timer's business; while probing it says where to try next.
    pub(super) fn step_back(
        &mut self,
        follower: NodeId,
        try_after: u32,
        asks: bool,
        ctx: GroupCtx<'_, '_>,
    ) {
        let length = self.length();
        let progress = &mut self.leading.progress[usize::from(follower.0)];
        let patience_us = (ctx.settings.resend_us + ctx.settings.snapshot_us) as i64;
        let snapshot_under_way = progress
            .snapshot_at
            .is_some_and(|at| ctx.now.0 - at.0 < patience_us);
        if snapshot_under_way || !(asks || progress.probing) {
            return self.hear_from(follower, ctx);
        }
        let has = try_after.min(length);
        // More than that it may have acknowledged on a disk that it has lost since.
        progress.matched = progress.matched.min(has);
        progress.received = progress.received.min(has);
        progress.applied = progress.applied.min(has);
        self.stream_from(follower, Some(has + 1), ctx);
        self.hear_from(follower, ctx);
    }

    /// Forgets what lies further back than the log is to reach, of what reads show.
    pub(super) fn trim(&mut self, ctx: GroupCtx<'_, '_>) {
        let Some(keeps) = ctx.settings.log_keeps else {
            return;
        };
        let upto = self.length().saturating_sub(keeps).min(self.applied);
        if upto > self.trimmed {
            self.trimmed = upto;
            let (node, partition, position) = (self.id, self.partition, self.position(upto));
            ctx.note(Kind::Trimmed {
                node,
                partition,
                position,
            });
        }
    }
}

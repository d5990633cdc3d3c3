//! Whom a coordinator takes for gone.
//!
//! Nobody is asked without a reason. One who has left an operation unanswered is pinged; without a pong
//! for `doubt_after_us` it is doubted, and pinged until it says something. With a sloppy quorum, where
//! another can stand in at once, silence alone is enough. One who is slow looks gone: that is the point.

use crate::ids::NodeId;
use crate::protocol::Ctx;
use crate::protocol::leaderless::wire::Leg;
use crate::protocol::leaderless::{Envelope, Leaderless, Timer, bit};
use crate::scenario::Settings;
use crate::trace::Kind;

/// What is known of the others, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Doubt {
    /// Pinged, and not heard from since.
    suspected: u16,
    /// Taken for gone.
    doubted: u16,
    pings: u32,
}

impl Doubt {
    /// Whether a replica is taken for gone.
    pub(super) fn is_doubted(&self, node: NodeId) -> bool {
        self.doubted & bit(node) != 0
    }
}

impl Leaderless {
    /// A replica has left an operation unanswered.
    pub(super) fn suspect(&mut self, node: NodeId, ctx: &mut Ctx<'_, Self>) {
        if node != self.id && (self.doubt.suspected | self.doubt.doubted) & bit(node) == 0 {
            self.doubt.suspected |= bit(node);
            self.ping(node, ctx);
        }
    }

    /// A replica is taken for gone.
    pub(super) fn doubt(&mut self, node: NodeId, ctx: &mut Ctx<'_, Self>) {
        if node != self.id && !self.doubt.is_doubted(node) {
            self.doubt.suspected &= !bit(node);
            self.doubt.doubted |= bit(node);
            self.note_doubt(node, true, ctx);
            self.ping(node, ctx);
        }
    }

    /// A replica says something.
    pub(super) fn hear_from(&mut self, node: NodeId, ctx: &mut Ctx<'_, Self>) {
        self.doubt.suspected &= !bit(node);
        if self.doubt.is_doubted(node) {
            self.doubt.doubted &= !bit(node);
            self.note_doubt(node, false, ctx);
        }
    }

    /// A ping was due an answer; the next one is due where there is still reason for one.
    pub(super) fn ping_again(&mut self, node: NodeId, ctx: &mut Ctx<'_, Self>) {
        self.expire_hints(node, ctx);
        if self.doubt.suspected & bit(node) != 0 {
            self.doubt.suspected &= !bit(node);
            self.doubt.doubted |= bit(node);
            self.note_doubt(node, true, ctx);
        }
        if self.doubt.is_doubted(node) || self.has_hints_for(node) {
            self.ping(node, ctx);
        }
    }

    fn ping(&mut self, node: NodeId, ctx: &mut Ctx<'_, Self>) {
        ctx.send(node, Envelope(Leg::Ping(self.doubt.pings)));
        self.doubt.pings += 1;
        ctx.set_timer(Timer::Ping(node), ping_after_us(ctx.settings));
    }

    fn note_doubt(&self, of: NodeId, gone: bool, ctx: &mut Ctx<'_, Self>) {
        ctx.note(Kind::Doubted {
            node: self.id,
            of,
            gone,
        });
    }
}

/// How long after a ping the next one goes out.
pub(super) fn ping_after_us(settings: &Settings) -> u64 {
    // However nervous a coordinator is, pings should not be most of what it says.
    settings.doubt_after_us.max(50_000)
}

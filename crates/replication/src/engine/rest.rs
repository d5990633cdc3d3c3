//! When the cluster has come to rest: nothing has changed for so long that nothing will by itself.
//!
//! No client waits for an answer, no message that carries data is on the wire, nothing is on its way to a
//! disk, no replica has set a timer to go on with something unfinished, and for a settling time nothing
//! has changed. That time is what may pass before replicas do by themselves what they do at intervals: a
//! heartbeat time-out and an election, a follower that asks how far its log is the leader's, a round of
//! anti-entropy with everybody; and a pause for breath is no rest. Each step of a longer repair begins it
//! anew. Where messages are lost all the time, it is long enough that chance hardly ever hides a repair
//! that was due.
//!
//! Where nothing at all is left to happen, it rests at once. What a script has in store doesn't matter:
//! to act is to disturb, whenever that comes.

use crate::engine::time::SimTime;
use crate::scenario::{ProtocolKind, Settings, Structure};
use crate::trace::{Kind, MessageKind};

/// Whether the cluster is at rest, or since when nothing has changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Rest {
    /// When the last thing changed, or is known to.
    stirred: SimTime,
    settle_us: u64,
    /// How many operations clients wait for.
    open: u32,
    /// Whether that it rests has been said, or goes without saying.
    is_told: bool,
}

impl Rest {
    /// A cluster to which nothing has happened.
    pub fn new(settle_us: u64) -> Self {
        Rest {
            stirred: SimTime::ZERO,
            settle_us,
            open: 0,
            is_told: true,
        }
    }

    /// From now on it takes so long.
    pub fn takes(&mut self, settle_us: u64) {
        self.settle_us = settle_us;
    }

    /// Something happens.
    pub fn hear(&mut self, at: SimTime, kind: &Kind) {
        match kind {
            Kind::Invoked { .. } => self.open += 1,
            Kind::Ended { .. } => self.open = self.open.saturating_sub(1),
            Kind::Sent {
                message, flight_us, ..
            } => {
                self.is_under_way(*message, at.after_us(*flight_us));
                return;
            }
            // A new system's leader, and an epoch that begins, are no news by themselves.
            Kind::Promoted { .. } if self.is_told => return,
            kind if !is_change(kind) => return,
            _ => {}
        }
        self.is_told = false;
        self.stir(at);
    }

    /// A message is on the wire until then.
    pub fn is_under_way(&mut self, message: MessageKind, until: SimTime) {
        if carries_data(message) {
            self.stir(until);
        }
    }

    /// Something will change then.
    pub fn stir(&mut self, at: SimTime) {
        self.stirred = self.stirred.max(at);
    }

    /// When it has come to rest, unless something changes until then. `is_over` where nothing is left to
    /// happen.
    pub fn due(&self, now: SimTime, is_over: bool) -> Option<SimTime> {
        match self.is_told || self.open > 0 {
            true => None,
            false if is_over => Some(now),
            false => Some(self.stirred.after_us(self.settle_us).max(now)),
        }
    }

    /// That it rests is said. Returns since when nothing has changed.
    pub fn tell(&mut self, now: SimTime) -> SimTime {
        self.is_told = true;
        self.stirred.min(now)
    }
}

/// Whether something is different after it.
fn is_change(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::Invoked { .. }
            | Kind::Ended { .. }
            | Kind::Appended { .. }
            | Kind::Persisted { .. }
            | Kind::Applied { .. }
            | Kind::Committed { .. }
            | Kind::Discarded { .. }
            | Kind::Installed { .. }
            | Kind::Evaluated { .. }
            | Kind::Stopped { .. }
            | Kind::Stored { .. }
            | Kind::HintKept { .. }
            | Kind::HintGone { .. }
            | Kind::Suspected { .. }
            | Kind::Promoted { .. }
            | Kind::SteppedDown { .. }
            | Kind::Serving { .. }
            | Kind::Crashed { .. }
            | Kind::Restored { .. }
            | Kind::Restarted { .. }
            | Kind::Paused { .. }
            | Kind::Resumed { .. }
            | Kind::Skewed { .. }
            | Kind::Cut { .. }
            | Kind::Healed { .. }
            | Kind::Slowed { .. }
            | Kind::Changed { .. }
            | Kind::Dropped
            | Kind::Delayed { .. }
    )
}

/// Whether what a message of this kind carries may change a disk, or make its receiver send what does.
/// What goes out at intervals, whatever there is to say, is left out.
fn carries_data(message: MessageKind) -> bool {
    use MessageKind as M;
    matches!(
        message,
        M::Write
            | M::Append
            | M::Snapshot
            | M::Replicate
            | M::Store
            | M::Hint
            | M::Handoff
            | M::Repair
            | M::Differ
            | M::Fetch
            | M::Fetched
    )
}

/// For how long nothing must have changed, in microseconds. `slow_us` is what the slowest link adds.
pub fn settle_us(settings: &Settings, structure: &Structure, slow_us: u64) -> u64 {
    let (s, network) = (settings, &settings.network);
    let far_us = slow_us
        + network.distances_us.iter().max().unwrap_or(&0)
        + if network.reorder_ppm > 0 {
            network.reorder_us
        } else {
            0
        };
    let there_and_back_us = 2 * (network.peer.seldom_more_us() + far_us);
    // What is tried until it is heard; and what takes its time by itself.
    let (again_us, once_us) = match structure.kind {
        // A wait for a leader takes up to half as much again.
        ProtocolKind::SingleLeader => (
            s.heartbeat_us + s.resend_us,
            s.failure_timeout_us + s.failure_timeout_us / 2,
        ),
        ProtocolKind::MultiLeader => (0, 0),
        // In each interval everybody compares with one other.
        ProtocolKind::Leaderless => {
            let others = u64::from(structure.nodes) - 1;
            let compared = |every_us| others * every_us + network.w.seldom_more_us() + far_us;
            (s.anti_entropy_us.map_or(0, compared), 0)
        }
    };
    let again_us = tries(network.loss_ppm) * (again_us + there_and_back_us);
    again_us.max(once_us).max(BREATH_US)
}

/// Less is a pause for breath.
const BREATH_US: u64 = 1_000_000;

/// How often something must be tried, that takes a message and an answer, to fail always only once in a
/// million times.
fn tries(loss_ppm: u32) -> u64 {
    const ALL: u64 = 1_000_000;
    let lost = u64::from(loss_ppm).min(ALL);
    let fails = 2 * lost - lost * lost / ALL;
    let (mut tries, mut fail) = (1, fails);
    while fail > 1 && tries < 100 {
        fail = fail * fails / ALL;
        tries += 1;
    }
    tries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_is_lost_the_more_often_it_is_tried() {
        assert_eq!(tries(0), 1);
        assert_eq!(tries(20_000), 5);
        assert_eq!(tries(500_000), 45);
        assert_eq!(tries(1_000_000), 100);
    }

    #[test]
    fn it_rests_once_nothing_is_open_and_nothing_is_on_the_wire() {
        let mut rest = Rest::new(1_000);
        assert_eq!(rest.due(SimTime(5), true), None, "nothing has happened");
        rest.hear(SimTime(10), &Kind::Changed { script: 0 });
        assert_eq!(rest.due(SimTime(10), false), Some(SimTime(1_010)));
        assert_eq!(rest.due(SimTime(10), true), Some(SimTime(10)));
        rest.stir(SimTime(500));
        assert_eq!(rest.due(SimTime(10), false), Some(SimTime(1_500)));
        assert_eq!(rest.tell(SimTime(1_500)), SimTime(500));
        assert_eq!(rest.due(SimTime(1_500), false), None, "said once");
        rest.hear(SimTime(2_000), &Kind::Delivered);
        assert_eq!(rest.due(SimTime(2_000), false), None, "no change");
    }
}

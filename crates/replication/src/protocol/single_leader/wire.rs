//! What replicas of one partition, and the failover manager, say to one another.

use std::sync::Arc;

use smallvec::SmallVec;

use super::log::Entry;
use crate::engine::chance::Topic;
use crate::engine::time::LocalTime;
use crate::ids::{PartitionId, Position};
use crate::protocol::Message;
use crate::trace::{Carries, MessageKind};

/// What one says to another: of which log, in which epoch, and what.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope {
    pub(super) partition: PartitionId,
    pub(super) epoch: u32,
    pub(super) body: Body,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Body {
    /// These come after `previous`.
    Append {
        previous: Position,
        entries: SmallVec<[Entry; 1]>,
        committed: u32,
        attempt: u32,
    },
    /// The whole log up to here, as one state: the log that I can send no longer reaches back.
    Snapshot {
        entries: Arc<[Entry]>,
        committed: u32,
        attempt: u32,
    },
    /// My log is yours up to here.
    Ack { upto: Reached, repeats: u32 },
    /// My log is not yours at that point: try after this index. `asks`: I have just started, send me the rest.
    Reject {
        try_after: u32,
        asks: bool,
        repeats: u32,
    },
    /// I am alive.
    Heartbeat {
        pulse: Pulse,
        committed: u32,
        /// Up to here a replica that lags behind nothing shows the log.
        newest: u32,
        /// Whether to be answered.
        answer: bool,
    },
    /// I have heard this heartbeat.
    Alive(Pulse),
    /// Promise me this epoch.
    VoteRequest,
    /// Promised, on disk, and this is the end of my log.
    Vote { last: Position },
    /// Lead this epoch.
    Appoint,
    /// There is a higher epoch: the envelope's.
    Deposed { count: u32 },
    /// The manager: how far are you?
    Inspect { round: u32 },
    /// This is the end of my log; and whether I lead.
    Inspected {
        round: u32,
        last: Position,
        leads: bool,
    },
}

impl Body {
    /// Whether it comes from one who leads, or wants to: told of a higher epoch, it stops.
    pub(super) fn wants_a_follower(&self) -> bool {
        matches!(
            self,
            Body::Append { .. }
                | Body::Snapshot { .. }
                | Body::Heartbeat { .. }
                | Body::VoteRequest
                | Body::Appoint
        )
    }
}

/// How far a follower's log is its leader's: in memory, on disk, on show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Reached {
    /// On disk.
    pub(super) persisted: Position,
    /// What the setting in force calls acknowledged.
    pub(super) acknowledged: Position,
    /// In memory.
    pub(super) received: u32,
    /// On show.
    pub(super) applied: u32,
}

/// Which heartbeat it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pulse {
    /// Its number, among the regular ones or among those sent for a read.
    pub(super) number: u32,
    /// Whether it was sent for a read that waits to be confirmed.
    pub(super) for_read: bool,
    /// Its number among all of this leader's.
    pub(super) round: u32,
    /// When it was sent, by the leader's clock.
    pub(super) sent: LocalTime,
}

/// Set in the attempt of a heartbeat that was sent for a read. (The highest of 24 bits means: again.)
const FOR_READ: u32 = 1 << 22;

impl Message for Envelope {
    fn kind(&self) -> MessageKind {
        match self.body {
            Body::Append { .. } => MessageKind::Append,
            Body::Snapshot { .. } => MessageKind::Snapshot,
            Body::Ack { .. } | Body::Reject { .. } | Body::Deposed { .. } => MessageKind::Ack,
            Body::Heartbeat { .. } => MessageKind::Heartbeat,
            Body::Alive(_) => MessageKind::Alive,
            Body::VoteRequest => MessageKind::VoteRequest,
            Body::Vote { .. } => MessageKind::Vote,
            Body::Appoint => MessageKind::Appoint,
            Body::Inspect { .. } => MessageKind::Inspect,
            Body::Inspected { .. } => MessageKind::Inspected,
        }
    }

    fn topic(&self) -> Topic {
        let counted = |number, attempt| Topic {
            attempt,
            ..Topic::counted(number, self.partition)
        };
        match &self.body {
            Body::Append {
                previous,
                entries,
                attempt,
                ..
            } => match entries.first() {
                Some(Entry { row: Some(row), .. }) => Topic {
                    partition: self.partition,
                    attempt: *attempt,
                    ..Topic::of(row.op)
                },
                Some(_) => Topic {
                    origin: Topic::NO_OP,
                    ..counted(self.epoch, *attempt)
                },
                None => counted(previous.index, *attempt),
            },
            Body::Snapshot {
                entries, attempt, ..
            } => counted(entries.len() as u32, *attempt),
            Body::Ack { upto, repeats } => {
                counted(upto.persisted.index, self.epoch << 12 | repeats & 0xfff)
            }
            Body::Reject {
                try_after, repeats, ..
            } => counted(*try_after, self.epoch << 12 | repeats & 0xfff),
            Body::Heartbeat { pulse, .. } | Body::Alive(pulse) => {
                let kind = if pulse.for_read { FOR_READ } else { 0 };
                counted(pulse.number, self.epoch | kind)
            }
            Body::Deposed { count } => counted(*count, 0),
            Body::VoteRequest | Body::Vote { .. } | Body::Appoint => counted(self.epoch, 0),
            Body::Inspect { round } | Body::Inspected { round, .. } => counted(*round, 0),
        }
    }

    fn carries(&self) -> Carries {
        let of_partition = Carries {
            partition: Some(self.partition),
            ..Carries::default()
        };
        let upto = |position: &Position| Carries {
            upto: Some(*position),
            ..of_partition
        };
        let entries = |entries: &[Entry]| Carries {
            from: entries.first().map(|entry| entry.position),
            upto: entries.last().map(|entry| entry.position),
            write: entries.iter().rev().find_map(Entry::write),
            entries: entries.len().min(usize::from(u16::MAX)) as u16,
            ..of_partition
        };
        match &self.body {
            Body::Append { entries: some, .. } => entries(some),
            Body::Snapshot { entries: all, .. } => entries(all),
            Body::Ack { upto: reached, .. } => upto(&reached.acknowledged),
            Body::Vote { last } | Body::Inspected { last, .. } => upto(last),
            _ => of_partition,
        }
    }
}

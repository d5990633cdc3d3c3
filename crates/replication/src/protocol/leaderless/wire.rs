//! What coordinators, copies and those who stand in for them say to one another.

use crate::engine::chance::Topic;
use crate::ids::{KeyId, NodeId, OpId, PartitionId, WriteId};
use crate::protocol::Message;
use crate::protocol::leaderless::store::Siblings;
use crate::trace::{Carries, MessageKind};

/// A message between replicas, or of a proxy.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope(pub(super) Leg);

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Leg {
    /// Please store this (W).
    Store(Sent),
    /// It is on my disk (A).
    Stored(About),
    /// What have you got (R)?
    Fetch(About),
    /// This (S).
    Fetched(Sent),
    /// Please keep this for one who is away.
    Hint(Sent, NodeId),
    /// It is on my disk.
    Hinted(About, NodeId),
    /// This is yours, for the how many-th time.
    Handoff(Sent, u32),
    /// It is on my disk.
    HandedOff(About, u32),
    /// You lack this, for the how many-th time.
    Repair(Sent, u32),
    /// It is on my disk.
    Repaired(About),
    /// This is what I have of the keys that both of us store.
    Compare(u32, Vec<(KeyId, Siblings)>),
    /// And this is what you lack.
    Differ(u32, Vec<(KeyId, Siblings)>),
    /// Are you there?
    Ping(u32),
    /// I am.
    Pong(u32),
}

/// What a message is about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct About {
    pub op: OpId,
    pub key: KeyId,
    /// The write that it asks for, or answers for.
    pub write: Option<WriteId>,
}

/// Versions that are sent, and what that is about.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sent {
    pub about: About,
    pub versions: Siblings,
}

impl Message for Envelope {
    fn kind(&self) -> MessageKind {
        match self.0 {
            Leg::Store(..) => MessageKind::Store,
            Leg::Stored(..) => MessageKind::Stored,
            Leg::Fetch(..) => MessageKind::Fetch,
            Leg::Fetched(..) => MessageKind::Fetched,
            Leg::Hint(..) => MessageKind::Hint,
            Leg::Hinted(..) => MessageKind::Hinted,
            Leg::Handoff(..) => MessageKind::Handoff,
            Leg::HandedOff(..) => MessageKind::HandedOff,
            Leg::Repair(..) => MessageKind::Repair,
            Leg::Repaired(..) => MessageKind::Repaired,
            Leg::Compare(..) => MessageKind::Compare,
            Leg::Differ(..) => MessageKind::Differ,
            Leg::Ping(..) => MessageKind::Ping,
            Leg::Pong(..) => MessageKind::Pong,
        }
    }

    fn topic(&self) -> Topic {
        let of = |about: &About, part: u8, attempt: u32| Topic {
            partition: PartitionId(part),
            attempt,
            ..Topic::of(about.op)
        };
        match &self.0 {
            Leg::Store(Sent { about, .. }) | Leg::Stored(about) => of(about, 0, 0),
            // A view asks for several keys at once: each is a message of its own.
            Leg::Fetch(about) | Leg::Fetched(Sent { about, .. }) | Leg::Repaired(about) => {
                of(about, about.key.0, 0)
            }
            Leg::Repair(Sent { about, .. }, attempt) => of(about, about.key.0, *attempt),
            // One may stand in for several.
            Leg::Hint(Sent { about, .. }, home) | Leg::Hinted(about, home) => of(about, home.0, 0),
            Leg::Handoff(Sent { about, .. }, attempt) | Leg::HandedOff(about, attempt) => {
                of(about, 0, *attempt)
            }
            Leg::Compare(number, _)
            | Leg::Differ(number, _)
            | Leg::Ping(number)
            | Leg::Pong(number) => Topic::counted(*number, PartitionId(0)),
        }
    }

    fn carries(&self) -> Carries {
        let of = |about: &About| Carries {
            op: Some(about.op),
            key: Some(about.key),
            write: about.write,
            ..Carries::default()
        };
        match &self.0 {
            Leg::Fetched(Sent { about, versions }) | Leg::Repair(Sent { about, versions }, _) => {
                Carries {
                    write: latest(versions),
                    entries: beyond_one(versions.len()),
                    ..of(about)
                }
            }
            Leg::Store(sent) | Leg::Hint(sent, _) | Leg::Handoff(sent, _) => Carries {
                entries: beyond_one(sent.versions.len()),
                ..of(&sent.about)
            },
            Leg::Stored(about)
            | Leg::Fetch(about)
            | Leg::Hinted(about, _)
            | Leg::HandedOff(about, _)
            | Leg::Repaired(about) => of(about),
            Leg::Compare(_, sets) => Carries {
                entries: count(sets),
                ..Carries::default()
            },
            Leg::Differ(_, sets) => Carries {
                write: sets.iter().filter_map(|(_, set)| latest(set)).max(),
                entries: count(sets),
                ..Carries::default()
            },
            Leg::Ping(_) | Leg::Pong(_) => Carries::default(),
        }
    }
}

fn count(sets: &[(KeyId, Siblings)]) -> u16 {
    sets.iter().map(|(_, set)| set.len() as u16).sum()
}

fn latest(versions: &Siblings) -> Option<WriteId> {
    versions.iter().filter_map(|held| held.write).max()
}

/// How many a message carries, where that is worth saying.
fn beyond_one(count: usize) -> u16 {
    if count > 1 { count as u16 } else { 0 }
}

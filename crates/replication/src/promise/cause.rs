//! Why a read was answered without a write, in records and in words.

use std::fmt::{Display, from_fn};

use smallvec::{SmallVec, smallvec};

use crate::engine::time::SimTime;
use crate::ids::{KeyId, NodeId, Position, Version, WriteId};
use crate::promise::{Case, words};
use crate::trace::{Carries, Kind, Record, Seq};

/// What a read was answered with instead of what it should have shown.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    saw: Seq,
    missing: Missing,
    lacking: Lacking,
}

impl Answer {
    /// A value that was seen, and wasn't `missing` or something newer.
    pub fn of(case: &Case<'_>, saw: &Record, missing: Missing) -> Self {
        Answer {
            saw: saw.seq,
            missing,
            lacking: Lacking::of(case, saw, missing),
        }
    }

    /// The moment of which [`Answer::told`] tells.
    pub fn at(&self, case: &Case<'_>) -> SimTime {
        match self.lacking.0[..] {
            [(look, _)] => case.at(look.served),
            _ => case.at(self.saw),
        }
    }

    /// What happened, and why, without a full stop: "F2 answered Alice’s read of balance with 100 (#1): #2
    /// was on the wire to F2, due 312 ms later".
    pub fn told(&self, case: &Case<'_>) -> impl Display {
        let (names, missing) = (case.names(), self.missing);
        from_fn(move |f| {
            let Some(Record {
                kind: Kind::Saw { op, key, held, .. },
                ..
            }) = case.record(self.saw)
            else {
                return Ok(());
            };
            let (reader, key, shown) = (
                names.client(op.client),
                names.key(*key),
                words::shown(names, *held),
            );
            let since = match self.lacking.0[..] {
                [] => {
                    write!(f, "{reader} saw {key} = {shown}")?;
                    Since::JustTold
                }
                [(look, _)] => {
                    write!(
                        f,
                        "{} answered {reader}’s read of {key} with {shown}",
                        names.node(look.node)
                    )?;
                    Since::JustTold
                }
                ref several => {
                    let nodes: Vec<&str> = several
                        .iter()
                        .map(|(look, _)| names.node(look.node))
                        .collect();
                    write!(
                        f,
                        "{reader} saw {key} = {shown}, the newest that {} had",
                        words::listed(&nodes)
                    )?;
                    Since::Answered
                }
            };
            match self.lacking.told(case, missing, since) {
                Some(causes) => write!(f, ": {causes}"),
                None => write!(f, ", without {}", words::chip(missing.write)),
            }
        })
    }

    /// The records that it is told from; what was seen is among them.
    pub fn evidence(&self) -> impl Iterator<Item = Seq> {
        self.lacking.evidence().chain([self.saw])
    }
}

/// The replicas that made an answer, each with the reason why it lacked a write.
#[derive(Clone, Debug)]
pub(super) struct Lacking(SmallVec<[(Look, Cause); 3]>);

impl Lacking {
    /// Those that made the value that was seen.
    pub fn of(case: &Case<'_>, saw: &Record, missing: Missing) -> Self {
        let looks = case.looks(saw).into_iter();
        Lacking(
            looks
                .map(|look| (look, case.why_missing(look.node, missing, look.served)))
                .collect(),
        )
    }

    /// One replica at one moment.
    pub fn at(case: &Case<'_>, look: Look, missing: Missing) -> Self {
        Lacking(smallvec![(
            look,
            case.why_missing(look.node, missing, look.served)
        )])
    }

    /// Whether a leader without the write had been promoted before.
    pub fn is_left_behind(&self) -> bool {
        let left_behind = |(_, cause): &(Look, Cause)| matches!(cause, Cause::LeftBehind { .. });
        self.0.iter().any(left_behind)
    }

    /// The reasons in words, without a full stop; `None` where none is known.
    pub fn told(&self, case: &Case<'_>, missing: Missing, since: Since) -> Option<impl Display> {
        let is_told = |(_, cause): &&(Look, Cause)| *cause != Cause::Untold;
        self.0.iter().find(is_told)?;
        Some(from_fn(move |f| {
            for (number, (look, cause)) in self.0.iter().filter(is_told).enumerate() {
                let join = if number == 0 { "" } else { "; " };
                write!(f, "{join}{}", cause.clause(case, *look, missing, since))?;
            }
            Ok(())
        }))
    }

    /// The records that all this is told from.
    pub fn evidence(&self) -> impl Iterator<Item = Seq> {
        self.0
            .iter()
            .flat_map(|(look, cause)| cause.evidence().chain([look.served]))
    }
}

/// What "later" is later than.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Since {
    /// The event that the sentence has just told.
    JustTold,
    /// The replica's answer, to be named.
    Answered,
}

/// A write that a replica should have had.
#[derive(Clone, Copy, Debug)]
pub(super) struct Missing {
    /// Which.
    pub write: WriteId,
    /// Its key.
    pub key: KeyId,
    /// Its version.
    pub version: Version,
}

/// A replica at a moment: as a rule, looking a key up for a read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    /// Which replica.
    pub node: NodeId,
    /// The record of that moment.
    pub served: Seq,
}

/// Why a replica lacked a write at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// A leader of a higher epoch was promoted without it.
    LeftBehind { promoted: Seq },
    /// The replica had removed it from its log.
    Discarded { discarded: Seq },
    /// The replica had it in memory alone, and crashed.
    Forgotten { crashed: Seq },
    /// Nothing that carries it had been sent to the replica.
    NotSent,
    /// Leaderless: the replica was its coordinator, and had not stored it itself.
    NotStored,
    /// It was lost on the way.
    Lost { sent: Seq },
    /// It arrived while the replica was down.
    Undelivered { sent: Seq, undelivered: Seq },
    /// It was on the wire.
    InFlight { sent: Seq, arrives: SimTime },
    /// It had arrived before an earlier entry of the log, and could not be taken.
    Gap { sent: Seq },
    /// It was there, but not yet on the disk.
    Persisting { arrived: Seq },
    /// It was on the disk, but reads did not show it yet.
    NotShown { persisted: Seq },
    /// The look back was too long.
    Untold,
}

impl Missing {
    /// What a record that concerns the replica tells about the write there, if anything.
    pub(super) fn told_by(self, record: &Record, now: SimTime, so_far: Cause) -> Option<Cause> {
        let seq = record.seq;
        match record.kind {
            Kind::Sent {
                carries, arrives, ..
            } if self.is_carried_by(carries) => Some(match (arrives, self.version) {
                (None, _) => Cause::Lost { sent: seq },
                (Some(arrives), _) if arrives >= now => Cause::InFlight { sent: seq, arrives },
                (Some(_), Version::Log(_)) => Cause::Gap { sent: seq },
                (Some(_), Version::Stamp { .. }) => Cause::Persisting { arrived: seq },
            }),
            Kind::Undelivered => match so_far {
                Cause::Gap { sent } | Cause::Persisting { arrived: sent }
                    if record.cause == Some(sent) =>
                {
                    Some(Cause::Undelivered {
                        sent,
                        undelivered: seq,
                    })
                }
                _ => None,
            },
            Kind::Appended { position, .. } if self.is_at(position) => {
                Some(Cause::Persisting { arrived: seq })
            }
            Kind::Persisted { position, .. } if self.is_at(position) => {
                Some(Cause::NotShown { persisted: seq })
            }
            Kind::Stored { write, .. } if write == self.write => {
                Some(Cause::NotShown { persisted: seq })
            }
            Kind::Discarded { position, .. } if self.is_at(position) => {
                Some(Cause::Discarded { discarded: seq })
            }
            Kind::Crashed { .. } if matches!(so_far, Cause::Persisting { .. }) => {
                Some(Cause::Forgotten { crashed: seq })
            }
            _ => None,
        }
    }

    fn is_at(self, position: Position) -> bool {
        self.version == Version::Log(position)
    }

    fn is_carried_by(self, carries: Carries) -> bool {
        match self.version {
            Version::Stamp { .. } => carries.write == Some(self.write),
            Version::Log(position) => match (carries.entries, carries.from, carries.upto) {
                (0, _, _) | (_, _, None) => carries.write == Some(self.write),
                (_, from, Some(upto)) => {
                    let starts = from.map_or(upto.index, |from| from.index);
                    // An index may be used again in a later epoch: at the end of the batch one can tell.
                    (starts..=upto.index).contains(&position.index)
                        && position.epoch <= upto.epoch
                        && (position.index < upto.index || position == upto)
                }
            },
        }
    }
}

impl Cause {
    /// How near the write was to being shown: what was sent again doesn't hide how far it had come.
    pub(super) fn nears(self) -> u8 {
        match self {
            Cause::Untold | Cause::NotSent | Cause::NotStored => 0,
            Cause::Lost { .. } | Cause::Undelivered { .. } => 1,
            Cause::LeftBehind { .. } | Cause::Discarded { .. } | Cause::Forgotten { .. } => 1,
            Cause::Gap { .. } => 1,
            Cause::InFlight { .. } => 2,
            Cause::Persisting { .. } => 3,
            Cause::NotShown { .. } => 4,
        }
    }

    /// Whether the write had reached the replica, so that more may be told of it there.
    pub(super) fn has_arrived(self) -> bool {
        matches!(
            self,
            Cause::Gap { .. } | Cause::Persisting { .. } | Cause::NotShown { .. }
        )
    }

    /// The records that show it.
    pub(super) fn evidence(self) -> impl Iterator<Item = Seq> {
        let (one, other) = match self {
            Cause::LeftBehind { promoted: seq }
            | Cause::Discarded { discarded: seq }
            | Cause::Forgotten { crashed: seq }
            | Cause::Lost { sent: seq }
            | Cause::InFlight { sent: seq, .. }
            | Cause::Gap { sent: seq }
            | Cause::Persisting { arrived: seq }
            | Cause::NotShown { persisted: seq } => (Some(seq), None),
            Cause::Undelivered { sent, undelivered } => (Some(sent), Some(undelivered)),
            Cause::NotSent | Cause::NotStored | Cause::Untold => (None, None),
        };
        one.into_iter().chain(other)
    }

    /// The cause as a clause, without a full stop. An untold one is empty.
    fn clause(self, case: &Case<'_>, look: Look, missing: Missing, since: Since) -> impl Display {
        let names = case.names();
        let (write, replica) = (words::chip(missing.write), names.node(look.node));
        from_fn(move |f| match self {
            Cause::LeftBehind { promoted } => match case.record(promoted).map(|record| record.kind)
            {
                Some(Kind::Promoted { node, epoch, .. }) => {
                    let (leader, when) = (names.node(node), words::moment(case.at(promoted)));
                    write!(
                        f,
                        "{leader} had become leader of epoch {epoch} at {when} without {write}"
                    )
                }
                _ => Ok(()),
            },
            Cause::Discarded { discarded } => {
                write!(
                    f,
                    "{replica} had discarded {write} at {}",
                    words::moment(case.at(discarded))
                )
            }
            Cause::Forgotten { crashed } => {
                let when = words::moment(case.at(crashed));
                write!(
                    f,
                    "{replica} had crashed at {when}, before {write} was on its disk"
                )
            }
            Cause::NotSent => write!(f, "{write} had not been sent to {replica} yet"),
            Cause::NotStored => write!(f, "{replica} had not stored {write} yet"),
            Cause::Lost { .. } => write!(f, "{write} had been lost on the way to {replica}"),
            Cause::Undelivered { .. } => write!(f, "{write} had arrived while {replica} was down"),
            Cause::InFlight { arrives, .. } => {
                let wait = words::span(arrives.since_us(case.at(look.served)));
                write!(f, "{write} was on the wire to {replica}, due {wait} ")?;
                match since {
                    Since::JustTold => f.write_str("later"),
                    Since::Answered => write!(f, "after {replica} answered"),
                }
            }
            Cause::Gap { .. } => write!(
                f,
                "{write} had reached {replica}, but an entry before it had not"
            ),
            Cause::Persisting { .. } => write!(
                f,
                "{write} had reached {replica}, but was not on its disk yet"
            ),
            Cause::NotShown { .. } => write!(
                f,
                "{write} was on {replica}’s disk, but reads did not show it yet"
            ),
            Cause::Untold => Ok(()),
        })
    }
}

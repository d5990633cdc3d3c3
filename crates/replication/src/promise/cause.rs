//! Why a read was answered without a write, in records and in words.

use std::fmt::{Display, from_fn};

use smallvec::{SmallVec, smallvec};

use crate::engine::time::SimTime;
use crate::ids::{Held, KeyId, NodeId, Position, Version, WriteId};
use crate::promise::shown::Shown;
use crate::promise::{Case, words};
use crate::trace::{Carries, Kind, MessageKind, Record, Seq};

/// What a read was answered with instead of what it should have shown.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    shown: Shown,
    missing: Missing,
    lacking: Lacking,
    /// What of it is there all the same.
    instead: Instead,
}

/// What an answer has of a write that it should have shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Instead {
    /// Nothing.
    Nothing,
    /// The write itself, and not what it was merged with.
    Less,
    /// What the protocol puts after it, although it came before.
    Newer,
}

impl Answer {
    /// What was seen, and wasn't `missing`, nor what came after it.
    pub fn of(case: &Case<'_>, shown: Shown, missing: Missing) -> Self {
        let has_it = |held: Held| {
            held.version
                .is_some_and(|shown| shown.covers(&missing.version))
        };
        let instead = match (case.held(shown).any(has_it), missing.version) {
            (false, _) => Instead::Nothing,
            (true, Version::Dotted { .. }) => Instead::Less,
            (true, _) => Instead::Newer,
        };
        Answer {
            shown,
            missing,
            lacking: Lacking::of(case, shown, missing),
            instead,
        }
    }

    /// The moment of which [`Answer::told`] tells.
    pub fn at(&self, case: &Case<'_>) -> SimTime {
        match self.lacking.replicas[..] {
            [(look, _)] => case.at(look.served),
            _ => case.at(self.shown.last),
        }
    }

    /// What happened, and why, without a full stop: "F2 answered Alice’s read of balance with 100 (#1): #2
    /// was on the wire to F2, due 312 ms later".
    pub fn told(&self, case: &Case<'_>) -> impl Display {
        let (names, missing) = (case.names(), self.missing);
        from_fn(move |f| {
            let Some(Record {
                kind: Kind::Saw { op, key, .. },
                ..
            }) = case.record(self.shown.last)
            else {
                return Ok(());
            };
            let (reader, key, shown) = (
                names.client(op.client),
                names.key(*key),
                words::all_shown(names, case.held(self.shown)),
            );
            let since = match self.lacking.replicas[..] {
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
                        "{reader} saw {key} = {shown}, {} that {} had",
                        if self.shown.is_one() {
                            "the newest"
                        } else {
                            "all"
                        },
                        words::listed(&nodes)
                    )?;
                    Since::Answered
                }
            };
            let chip = words::chip(missing.write);
            match self.instead {
                Instead::Less => return write!(f, ", without all that was merged into {chip}"),
                Instead::Newer => return write!(f, ", which counts as newer than {chip}"),
                Instead::Nothing => {}
            }
            match self.lacking.told(case, missing, since) {
                Some(causes) => write!(f, ": {causes}"),
                None => write!(f, ", without {chip}"),
            }
        })
    }

    /// The records that it is told from; what was seen is among them.
    pub fn evidence(&self) -> impl Iterator<Item = Seq> {
        // Where it is there in some way it is told who answered, and not why.
        let causes = (self.instead == Instead::Nothing).then(|| self.lacking.causes());
        let looks = self.lacking.looks().chain(causes.into_iter().flatten());
        looks.chain(self.shown.seqs())
    }
}

/// The replicas that made an answer, each with the reason why it lacked a write.
#[derive(Clone, Debug)]
pub(super) struct Lacking {
    replicas: SmallVec<[(Look, Cause); 3]>,
    /// What shows that their responses were there when the answer was made.
    routes: SmallVec<[Seq; 4]>,
    /// The invocation of the write: causes are looked for from there on.
    invoked: Option<Seq>,
}

impl Lacking {
    /// Those that made what was seen.
    pub fn of(case: &Case<'_>, shown: Shown, missing: Missing) -> Self {
        let (looks, routes) = case.looks(shown);
        let with_cause = |look: Look| (look, case.why_missing(look.node, missing, look.served));
        Lacking {
            replicas: looks.into_iter().map(with_cause).collect(),
            routes,
            invoked: case.index.invoked(missing.write),
        }
    }

    /// One replica at one moment.
    pub fn at(case: &Case<'_>, look: Look, missing: Missing) -> Self {
        Lacking {
            replicas: smallvec![(look, case.why_missing(look.node, missing, look.served))],
            routes: SmallVec::new(),
            invoked: case.index.invoked(missing.write),
        }
    }

    /// The first promotion of a leader without the write, where there was one before.
    pub fn left_behind(&self) -> Option<Seq> {
        self.replicas.iter().find_map(|(_, cause)| match cause {
            Cause::LeftBehind { promoted } => Some(*promoted),
            _ => None,
        })
    }

    /// Whether the write had been on the disk of one of them.
    pub fn is_on_disk(&self) -> bool {
        let is_there = |(_, cause): &(Look, Cause)| matches!(cause, Cause::NotShown { .. });
        self.replicas.iter().any(is_there)
    }

    /// The reasons in words, without a full stop; `None` where none is known.
    pub fn told(&self, case: &Case<'_>, missing: Missing, since: Since) -> Option<impl Display> {
        let is_told = |(_, cause): &&(Look, Cause)| *cause != Cause::Untold;
        self.replicas.iter().find(is_told)?;
        Some(from_fn(move |f| {
            for (number, (look, cause)) in self.replicas.iter().filter(is_told).enumerate() {
                let join = if number == 0 { "" } else { "; " };
                write!(f, "{join}{}", cause.clause(case, *look, missing, since))?;
            }
            Ok(())
        }))
    }

    /// The records that all this is told from.
    pub fn evidence(&self) -> impl Iterator<Item = Seq> {
        self.looks().chain(self.causes())
    }

    /// The records that tell which replicas these are.
    fn looks(&self) -> impl Iterator<Item = Seq> {
        let served = self.replicas.iter().map(|(look, _)| look.served);
        served.chain(self.routes.iter().copied())
    }

    /// The records that the reasons are told from.
    fn causes(&self) -> impl Iterator<Item = Seq> {
        let is_told = |(_, cause): &(Look, Cause)| *cause != Cause::Untold;
        let invoked = self.invoked.filter(|_| self.replicas.iter().any(is_told));
        let causes = self.replicas.iter().flat_map(|(_, cause)| cause.evidence());
        causes.chain(invoked)
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
    Forgotten { arrived: Seq, crashed: Seq },
    /// Nothing that carries it had been sent to the replica.
    NotSent,
    /// Leaderless: the replica was its coordinator, and had not stored it itself.
    NotStored,
    /// It was lost on the way.
    Lost { sent: Seq },
    /// It was sent over a link that was cut.
    Cut { sent: Seq, lost: Seq },
    /// Somebody took it off the wire.
    Dropped { sent: Seq, dropped: Seq },
    /// The replica was down, and another keeps it for it.
    KeptElsewhere { kept: Seq },
    /// Another kept it for the replica, and dropped it for its age.
    Expired { gone: Seq },
    /// It arrived while the replica was paused, and the replica hadn't come to it yet.
    Waited {
        sent: Seq,
        delayed: Option<Seq>,
        paused: Seq,
        resumed: Seq,
    },
    /// The replica had had it on a disk that is lost.
    DiskLost { persisted: Seq, crashed: Seq },
    /// The replica had had it, and its disk was replaced by an older copy.
    DiskReplaced { had: Seq, restored: Seq },
    /// It arrived while the replica was down.
    Undelivered { sent: Seq, undelivered: Seq },
    /// It was on the wire, where somebody had held it up or not.
    InFlight {
        sent: Seq,
        arrives: SimTime,
        delayed: Option<Seq>,
    },
    /// It had arrived before an earlier entry of the log, and could not be taken.
    Gap { sent: Seq },
    /// The replica had stopped, since it could not apply the stream.
    Stopped { stopped: Seq },
    /// It was there, but not yet on the disk.
    Persisting { arrived: Seq },
    /// It was on the disk, but reads did not show it yet.
    NotShown { persisted: Seq },
    /// It may have been sent: what was does not say all that it carried.
    Unclear { sent: Seq },
    /// The look back was too long.
    Untold,
}

impl Missing {
    /// The replica or proxy that took it from its client, where its version says so.
    pub(super) fn taken_by(self) -> Option<NodeId> {
        match self.version {
            Version::Log(_) => None,
            Version::Stamp { coordinator, .. } => Some(coordinator),
            Version::Revision { node, .. } => Some(node),
            Version::Dotted { dot, .. } => Some(dot.node),
        }
    }

    /// Whether the replica's disk holds it, or what supersedes it, after a record that concerns the
    /// replica; `None` where the record doesn't say. Hints are apart.
    pub(super) fn is_held_after(self, record: &Record) -> Option<bool> {
        match record.kind {
            Kind::Persisted { position, .. } if self.is_at(position) => Some(true),
            Kind::Discarded { position, .. } if self.is_at(position) => Some(false),
            Kind::Stored {
                key,
                version,
                newest: true,
                ..
            } if key == self.key => match version.covers(&self.version) {
                true => Some(true),
                // One that is neither newer nor older stands beside it.
                false => self.version.covers(&version).then_some(false),
            },
            Kind::Crashed {
                disk_lost: true, ..
            }
            | Kind::Restored { .. } => Some(false),
            _ => None,
        }
    }

    /// What a record that concerns the replica tells about the write there, if anything.
    pub(super) fn told_by(
        self,
        record: &Record,
        of: NodeId,
        now: SimTime,
        so_far: Cause,
    ) -> Option<Cause> {
        let seq = record.seq;
        match record.kind {
            Kind::Sent {
                message,
                carries,
                arrives,
                ..
            } => match self.is_carried_by(message, carries) {
                Some(true) => Some(match (arrives, self.version) {
                    (None, _) => Cause::Lost { sent: seq },
                    (Some(arrives), _) if arrives >= now => Cause::InFlight {
                        sent: seq,
                        arrives,
                        delayed: None,
                    },
                    (Some(_), Version::Log(_)) => Cause::Gap { sent: seq },
                    (Some(_), _) => Cause::Persisting { arrived: seq },
                }),
                Some(false) => None,
                None => Some(Cause::Unclear { sent: seq }),
            },
            Kind::Lost { cut: true }
                if so_far
                    == (Cause::Lost {
                        sent: record.cause?,
                    }) =>
            {
                let sent = record.cause?;
                Some(Cause::Cut { sent, lost: seq })
            }
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
            Kind::Stopped { .. } => Some(Cause::Stopped { stopped: seq }),
            Kind::Crashed { disk_lost, .. } => match so_far {
                Cause::NotShown { persisted } if disk_lost => Some(Cause::DiskLost {
                    persisted,
                    crashed: seq,
                }),
                Cause::Persisting { arrived } => Some(Cause::Forgotten {
                    arrived,
                    crashed: seq,
                }),
                _ => None,
            },
            Kind::Restored { .. } => match so_far {
                Cause::NotShown { persisted: had } | Cause::Persisting { arrived: had } => {
                    Some(Cause::DiskReplaced { had, restored: seq })
                }
                _ => None,
            },
            Kind::HintKept { home, write, .. } if (home, write) == (of, self.write) => {
                Some(Cause::KeptElsewhere { kept: seq })
            }
            Kind::HintGone {
                home,
                write,
                expired: true,
                ..
            } if (home, write) == (of, self.write) => Some(Cause::Expired { gone: seq }),
            _ => None,
        }
    }

    fn is_at(self, position: Position) -> bool {
        self.version == Version::Log(position)
    }

    /// Whether a message carries it, as far as that can be told.
    fn is_carried_by(self, message: MessageKind, carries: Carries) -> Option<bool> {
        let is_last = carries.write == Some(self.write);
        match self.version {
            Version::Log(position) => Some(match (message, carries.from, carries.upto) {
                (MessageKind::Append, from, Some(upto)) if carries.entries > 0 => {
                    let starts = from.map_or(upto.index, |from| from.index);
                    // An index may be used again in a later epoch: at the end of the batch one can tell.
                    (starts..=upto.index).contains(&position.index)
                        && position.epoch <= upto.epoch
                        && (position.index < upto.index || position == upto)
                }
                (MessageKind::Snapshot, _, Some(upto)) => position <= upto,
                _ => is_last,
            }),
            // Of several updates a message names the last.
            _ => (is_last || carries.entries <= 1).then_some(is_last),
        }
    }
}

impl Cause {
    /// How near the write was to being shown: what was sent again doesn't hide how far it had come.
    pub(super) fn nears(self) -> u8 {
        match self {
            Cause::Untold | Cause::Unclear { .. } | Cause::NotSent | Cause::NotStored => 0,
            Cause::Lost { .. } | Cause::Cut { .. } | Cause::Dropped { .. } => 1,
            Cause::Undelivered { .. } => 1,
            Cause::KeptElsewhere { .. } | Cause::Expired { .. } | Cause::Waited { .. } => 1,
            Cause::DiskLost { .. } | Cause::DiskReplaced { .. } => 1,
            Cause::LeftBehind { .. } | Cause::Discarded { .. } | Cause::Forgotten { .. } => 1,
            Cause::Gap { .. } => 1,
            Cause::InFlight { .. } => 2,
            Cause::Persisting { .. } => 3,
            Cause::NotShown { .. } | Cause::Stopped { .. } => 4,
        }
    }

    /// Whether the write had reached the replica, so that more may be told of it there.
    pub(super) fn has_arrived(self) -> bool {
        matches!(
            self,
            Cause::Gap { .. }
                | Cause::Persisting { .. }
                | Cause::NotShown { .. }
                | Cause::Stopped { .. }
        )
    }

    /// Whether it is news whatever was known before: what the replica had is gone.
    pub(super) fn is_setback(self) -> bool {
        matches!(
            self,
            Cause::Undelivered { .. }
                | Cause::Stopped { .. }
                | Cause::Discarded { .. }
                | Cause::Forgotten { .. }
                | Cause::DiskLost { .. }
                | Cause::DiskReplaced { .. }
        )
    }

    /// The records that show it: of all that concern the replica these alone give it again.
    pub(super) fn evidence(self) -> impl Iterator<Item = Seq> {
        let mut further = None;
        let (one, two, three) = match self {
            Cause::LeftBehind { promoted: seq }
            | Cause::Discarded { discarded: seq }
            | Cause::Lost { sent: seq }
            | Cause::Unclear { sent: seq }
            | Cause::Gap { sent: seq }
            | Cause::Stopped { stopped: seq }
            | Cause::Persisting { arrived: seq }
            | Cause::KeptElsewhere { kept: seq }
            | Cause::Expired { gone: seq }
            | Cause::NotShown { persisted: seq } => (Some(seq), None, None),
            Cause::InFlight { sent, delayed, .. } => (Some(sent), delayed, None),
            Cause::Undelivered {
                sent: one,
                undelivered: two,
            }
            | Cause::Dropped {
                sent: one,
                dropped: two,
            }
            | Cause::Cut {
                sent: one,
                lost: two,
            }
            | Cause::Forgotten {
                arrived: one,
                crashed: two,
            }
            | Cause::DiskLost {
                persisted: one,
                crashed: two,
            }
            | Cause::DiskReplaced {
                had: one,
                restored: two,
            } => (Some(one), Some(two), None),
            Cause::Waited {
                sent,
                delayed,
                paused,
                resumed,
            } => {
                further = delayed;
                (Some(sent), Some(paused), Some(resumed))
            }
            Cause::NotSent | Cause::NotStored | Cause::Untold => (None, None, None),
        };
        [one, two, three, further].into_iter().flatten()
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
            Cause::Stopped { stopped } => {
                let when = words::moment(case.at(stopped));
                write!(
                    f,
                    "{replica} had stopped at {when}, since it can’t apply the log of another storage version"
                )
            }
            Cause::Forgotten { crashed, .. } => {
                let when = words::moment(case.at(crashed));
                write!(
                    f,
                    "{replica} had crashed at {when}, before {write} was on its disk"
                )
            }
            Cause::NotSent => write!(f, "{write} had not been sent to {replica} yet"),
            Cause::NotStored => write!(f, "{replica} had not stored {write} yet"),
            Cause::Lost { .. } => write!(f, "{write} had been lost on the way to {replica}"),
            Cause::Cut { .. } => {
                write!(
                    f,
                    "{write} had been sent to {replica} over a link that was cut"
                )
            }
            Cause::Dropped { dropped, .. } => {
                let when = words::moment(case.at(dropped));
                write!(
                    f,
                    "{write} had been dropped on its way to {replica} at {when}"
                )
            }
            Cause::KeptElsewhere { kept } | Cause::Expired { gone: kept } => {
                match case.record(kept).map(|record| record.kind) {
                    Some(Kind::HintKept { node, .. }) => {
                        let keeper = names.node(node);
                        write!(
                            f,
                            "{keeper} kept {write} for {replica}, which had seemed gone"
                        )
                    }
                    Some(Kind::HintGone { node, .. }) => {
                        let (keeper, when) = (names.node(node), words::moment(case.at(kept)));
                        write!(
                            f,
                            "{keeper}, which had kept {write} for {replica}, had dropped it for its age at {when}"
                        )
                    }
                    _ => Ok(()),
                }
            }
            Cause::Waited { paused, .. } => {
                let when = words::moment(case.at(paused));
                write!(
                    f,
                    "{write} had arrived after {replica} was paused at {when}, and {replica} had not come to it yet"
                )
            }
            Cause::DiskLost { crashed, .. } => {
                let when = words::moment(case.at(crashed));
                write!(
                    f,
                    "{replica} had lost its disk at {when}, and {write} with it"
                )
            }
            Cause::DiskReplaced { restored, .. } => {
                write!(f, "{}, without {write}", words::restored(case, restored))
            }
            Cause::Undelivered { .. } => write!(f, "{write} had arrived while {replica} was down"),
            Cause::InFlight {
                arrives, delayed, ..
            } => {
                let wait = words::span(arrives.since_us(case.at(look.served)));
                let delayed = match delayed {
                    Some(_) => ", where it had been held up",
                    None => "",
                };
                write!(
                    f,
                    "{write} was on the wire to {replica}{delayed}, due {wait} "
                )?;
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
            Cause::Unclear { sent } => write!(
                f,
                "{write} may have been among what was sent to {replica} at {}",
                words::moment(case.at(sent))
            ),
            Cause::Untold => Ok(()),
        })
    }
}

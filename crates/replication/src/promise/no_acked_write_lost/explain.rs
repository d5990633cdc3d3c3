//! How an acknowledged write was lost, in records and in words.

use std::fmt::{Display, from_fn};

use smallvec::SmallVec;

use crate::ids::NodeId;
use crate::promise::cause::{Lacking, Look, Missing, Since};
use crate::promise::evidence::in_order;
use crate::promise::no_acked_write_lost::holdings::{Holding, cover, of_node};
use crate::promise::no_acked_write_lost::{Acked, Finding};
use crate::promise::sessions::Again;
use crate::promise::{Case, Promise, Violation, words};
use crate::trace::{Kind, Record, Seq};

pub(super) fn violation(case: &Case<'_>, finding: &Finding) -> Violation {
    let Finding {
        acked,
        at,
        promoted,
    } = *finding;
    let mut evidence = vec![acked.invoked, acked.ended, at];
    evidence.extend(acked.again.map(|again| again.seq));
    let mut sentence = String::new();
    if let Some(Record {
        kind: Kind::Ended { op, .. },
        ..
    }) = case.record(acked.ended)
    {
        sentence = format!(
            "{} was told “done” for {}{} at {}",
            case.names().client(op.client),
            case.write_in_words(acked.write, acked.invoked),
            Again::told(acked.again),
            words::moment(case.at(acked.ended)),
        );
        let said = Said::of(case, &acked);
        if let Some(said) = said {
            evidence.push(said.seq);
            sentence += &format!(" by {}", case.names().node(said.node));
        }
        let lost = Lost {
            acked,
            missing: Missing {
                write: acked.write,
                key: acked.key,
                version: acked.version,
            },
            said,
            at,
        };
        sentence += &match promoted {
            Some(promoted) => lost.to_a_leader(case, promoted, &mut evidence),
            None if at == acked.ended => lost.before_it_was_told(case, &mut evidence),
            None => lost.with_its_disks(case, &mut evidence),
        };
    }
    Violation {
        promise: Promise::NoAckedWriteLost,
        at,
        evidence: in_order(evidence),
        title: "An acknowledged write is gone".to_owned(),
        sentence,
    }
}

/// Who said "done".
#[derive(Clone, Copy, Debug)]
struct Said {
    node: NodeId,
    seq: Seq,
}

impl Said {
    fn of(case: &Case<'_>, acked: &Acked) -> Option<Said> {
        let said = case.index.acknowledged(acked.write);
        let said = case.record(said.filter(|said| *said < acked.ended)?)?;
        match said.kind {
            Kind::Acknowledged { node, .. } => Some(Said {
                node,
                seq: said.seq,
            }),
            _ => None,
        }
    }
}

/// An acknowledged write that is lost.
#[derive(Clone, Copy, Debug)]
struct Lost {
    acked: Acked,
    missing: Missing,
    said: Option<Said>,
    at: Seq,
}

const ON_ITS_DISK: &str = ", which had it on its disk.";

impl Lost {
    /// What became of the replica that had it, and the leader that took over without it, and why.
    fn to_a_leader(self, case: &Case<'_>, promoted: Seq, evidence: &mut Vec<Seq>) -> String {
        let Lost { acked, missing, .. } = self;
        // Who follows a leader without it lacks it for that.
        let lacking = self.lacking(case, promoted);
        let left_behind = lacking.as_ref().and_then(Lacking::left_behind);
        if let Some(earlier) = left_behind
            && promoted < acked.ended
        {
            return self.to_a_leader(case, earlier, evidence);
        }
        let Some(Record {
            at,
            kind: Kind::Promoted { node, epoch, .. },
            ..
        }) = case.record(promoted)
        else {
            return ".".to_owned();
        };
        evidence.push(promoted);
        let (mut told, held_until) = self.at_who_said_done(case, *node, evidence);
        if acked.ended < promoted
            && let Some(from) = held_until
        {
            evidence.extend(self.held_elsewhere(case, from, *node));
        }
        let (leader, when) = (case.names().node(*node), words::moment(*at));
        let (but, became) = match promoted < acked.ended {
            true => ("But ", "had become"),
            false => ("", "became"),
        };
        told += &format!(
            " {but}{leader} {became} leader of epoch {epoch} at {when}, without {}",
            words::chip(acked.write)
        );
        if let Some(lacking) = lacking
            && let Some(cause) = lacking.told(case, missing, Since::JustTold)
        {
            told += &format!(": {cause}");
            evidence.extend(lacking.evidence());
        }
        told.push('.');
        told
    }

    /// Whether who said "done" had it, and what became of that replica then: ", which had it on its disk. L
    /// crashed at 4.1 s." And from when on others must have had it, if they must.
    fn at_who_said_done(
        self,
        case: &Case<'_>,
        leader: NodeId,
        evidence: &mut Vec<Seq>,
    ) -> (String, Option<Seq>) {
        let ended = self.acked.ended;
        let Some(said) = self.said else {
            return (".".to_owned(), Some(ended));
        };
        let on_disk = case.persisted(said.node, self.missing, ended);
        evidence.extend(on_disk);
        let mut told = on_disk.map_or(".", |_| ON_ITS_DISK).to_owned();
        let mut held_until = on_disk.map_or(Some(ended), |_| None);
        // Of the new leader that is told as the cause.
        if said.node != leader
            && let Some(crashed) = self.crashed(case, said.node)
        {
            evidence.push(crashed.seq);
            let disk_lost = matches!(crashed.kind, Kind::Crashed { disk_lost, .. } if disk_lost);
            if disk_lost {
                held_until = Some(ended.max(crashed.seq));
            }
            told += &format!(
                " {} crashed at {}{}.",
                case.names().node(said.node),
                words::moment(crashed.at),
                if disk_lost {
                    ", and its disk was lost"
                } else {
                    ""
                },
            );
        }
        (told, held_until)
    }

    /// Why a leader lacked it; `None` where it was written only later.
    fn lacking(self, case: &Case<'_>, promoted: Seq) -> Option<Lacking> {
        let kind = case.record(promoted).map(|record| record.kind);
        let Some(Kind::Promoted { node, .. }) = kind else {
            return None;
        };
        let served = promoted;
        let lacking = || Lacking::at(case, Look { node, served }, self.missing);
        (self.acked.invoked < promoted).then(lacking)
    }

    /// The crash from which a replica had not recovered.
    fn crashed<'a>(self, case: &Case<'a>, node: NodeId) -> Option<&'a Record> {
        let partition = case.scenario.partition_of(self.missing.key);
        case.record(case.crashed(node, partition, self.acked.invoked, self.at)?)
    }

    /// What shows that a disk held it at a record, other than that of who said "done", and of who leads.
    fn held_elsewhere(self, case: &Case<'_>, from: Seq, leader: NodeId) -> SmallVec<[Seq; 4]> {
        let said = self.said.map(|said| said.node);
        let nodes = case.scenario.structure.replicas();
        let mut others = nodes
            .filter(|node| *node != leader && Some(*node) != said)
            .flat_map(|node| of_node(case, node, self.missing, (None, self.at)));
        match others.find(|holding| holding.since < from) {
            Some(holding) => SmallVec::from_iter([holding.since]),
            None => cover(case, self.missing, (from, self.at), None, None)
                .iter()
                .flat_map(|holding| [Some(holding.since), holding.until])
                .flatten()
                .collect(),
        }
    }

    /// How the disks that held it ceased to, one after the other.
    fn with_its_disks(self, case: &Case<'_>, evidence: &mut Vec<Seq>) -> String {
        let Lost {
            acked, missing, at, ..
        } = self;
        let first = self.said.and_then(|said| self.held_by(case, said.node));
        let last = case.record(at).and_then(|record| node_of(record.kind));
        let chain = cover(case, missing, (acked.ended, at), first, last);
        let mut told = first.map_or(".", |_| ON_ITS_DISK).to_owned();
        for holding in &chain {
            evidence.push(holding.since);
            let Some(until) = holding.until else {
                continue;
            };
            evidence.push(until);
            let end = if until == at {
                ", and no disk holds it."
            } else {
                "."
            };
            told += &format!(" {}{end}", gone(case, until, Tense::Told));
        }
        told
    }

    /// The disk that had held it was gone when a client was told.
    fn before_it_was_told(self, case: &Case<'_>, evidence: &mut Vec<Seq>) -> String {
        let of_said = self.said.and_then(|said| self.held_by(case, said.node));
        let nodes = case.scenario.structure.replicas();
        let mut all = nodes.flat_map(|node| of_node(case, node, self.missing, (None, self.at)));
        let gone_last = || {
            all.by_ref().fold(None, |last: Option<Holding>, holding| {
                match last.is_some_and(|last| last.until >= holding.until) {
                    true => last,
                    false => Some(holding),
                }
            })
        };
        match of_said.or_else(gone_last) {
            Some(Holding {
                since,
                until: Some(until),
                ..
            }) => {
                evidence.extend([since, until]);
                let gone = gone(case, until, Tense::Before);
                format!(". But {gone}, and no disk held it.")
            }
            _ => ". No disk held it.".to_owned(),
        }
    }

    /// A replica's disk held the write itself when the client was told, or before.
    fn held_by(self, case: &Case<'_>, node: NodeId) -> Option<Holding> {
        let all = of_node(case, node, self.missing, (None, self.at));
        let mut before = all
            .into_iter()
            .filter(|holding| holding.is_itself && holding.since < self.acked.ended);
        before.next()
    }
}

/// The replica that a record is about.
fn node_of(kind: Kind) -> Option<NodeId> {
    match kind {
        Kind::Discarded { node, .. }
        | Kind::Crashed { node, .. }
        | Kind::Restored { node, .. }
        | Kind::Stored { node, .. }
        | Kind::HintGone { node, .. } => Some(node),
        _ => None,
    }
}

/// Whether it is told as what happens next, or as what had happened before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tense {
    Told,
    Before,
}

/// How a disk ceased to hold it, without a full stop: "A lost its disk at 4.1 s".
fn gone(case: &Case<'_>, until: Seq, tense: Tense) -> impl Display {
    let names = case.names();
    let record = case.record(until).copied();
    let had = if tense == Tense::Before { "had " } else { "" };
    from_fn(move |f| {
        let Some(Record { at, kind, .. }) = record else {
            return Ok(());
        };
        let when = words::moment(at);
        match kind {
            Kind::Discarded { node, .. } => {
                write!(f, "{} {had}discarded it at {when}", names.node(node))
            }
            Kind::Crashed { node, .. } => {
                write!(f, "{} {had}lost its disk at {when}", names.node(node))
            }
            Kind::Restored { node, as_of } => write!(
                f,
                "{}’s disk {} replaced at {when} by a copy of {}",
                names.node(node),
                if had.is_empty() { "was" } else { "had been" },
                words::moment(as_of)
            ),
            Kind::Stored { node, write, .. } => write!(
                f,
                "{} {had}put {}, which is older, in its place at {when}",
                names.node(node),
                words::chip(write)
            ),
            Kind::HintGone {
                node,
                home,
                expired,
                ..
            } => write!(
                f,
                "{}, which had kept it for {}, {had}{} at {when}",
                names.node(node),
                names.node(home),
                if expired {
                    "dropped it for its age"
                } else {
                    "delivered it"
                }
            ),
            _ => Ok(()),
        }
    })
}

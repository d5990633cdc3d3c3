//! How a replica came to hold a write without one that comes before it, in records and in words.

use std::fmt::from_fn;

use crate::ids::{KeyId, NodeId, Position, Version, WriteId};
use crate::promise::arrivals::{Arrivals, Earlier, Finding, bit, place};
use crate::promise::cause::{Lacking, Look, Missing, Since};
use crate::promise::{Case, words};
use crate::trace::{Kind, Record, Seq};

impl Arrivals {
    /// How the replica came to hold the one without the other, as a sentence, and the records that show it.
    pub fn told(
        &self,
        case: &Case<'_>,
        finding: &Finding,
        earlier: Earlier,
        evidence: &mut Vec<Seq>,
    ) -> String {
        let Finding {
            later, node, at, ..
        } = *finding;
        evidence.push(at);
        let Some(record) = case.record(at) else {
            return String::new();
        };
        let (replica, when) = (case.names().node(node), words::moment(record.at));
        let (later_chip, chip) = (words::chip(later), words::chip(earlier.write));
        let missing = Missing {
            write: earlier.write,
            key: earlier.key,
            version: earlier.version,
        };
        match record.kind {
            Kind::Discarded {
                position,
                write: Some(gone),
                ..
            } => {
                self.show_loss(case, finding, missing, position, evidence);
                let gone_chip = words::chip(gone);
                if gone == earlier.write {
                    let lacking = Lacking::at(case, Look { node, served: at }, missing);
                    let cause =
                        lacking
                            .left_behind()
                            .and(lacking.told(case, missing, Since::JustTold));
                    if cause.is_some() {
                        evidence.extend(lacking.evidence());
                    }
                    format!(
                        "{replica} had both on its disk, and at {when} it discarded {chip} and kept {later_chip}{}.",
                        from_fn(|f| match &cause {
                            Some(cause) => write!(f, ": {cause}"),
                            None => Ok(()),
                        })
                    )
                } else {
                    format!(
                        "{replica} had {later_chip} on its disk, and {gone_chip}, which supersedes {chip}; at {when} \
                         it discarded {gone_chip} and kept {later_chip}."
                    )
                }
            }
            Kind::Stored { write, .. } if write != later => {
                let held = self.on_disk(case, node, later, Seq(0), at);
                evidence.extend(held);
                evidence.extend(stored(case, node, earlier.key, held.unwrap_or(at)));
                let came = words::chip(write);
                format!(
                    "{replica} had both on its disk, or what supersedes them, and at {when} it let {came} take the \
                     place of {chip}."
                )
            }
            _ if self.holds(node, earlier.write) => {
                evidence.extend(self.on_disk(case, node, earlier.write, Seq(0), at));
                evidence.extend(self.begun(earlier.write).map(|begun| begun.invoked));
                format!(
                    "{replica} had {later_chip} on its disk at {when}, without all that was merged into {chip}."
                )
            }
            _ => format!(
                "{replica} had {later_chip} on its disk at {when}, without {chip}{}.",
                why(case, finding, missing, evidence)
            ),
        }
    }

    /// The records that show that a replica had what covers a write for as long as it held the later one,
    /// until it discarded the last entry that did.
    fn show_loss(
        &self,
        case: &Case<'_>,
        finding: &Finding,
        missing: Missing,
        discarded: Position,
        evidence: &mut Vec<Seq>,
    ) {
        let Finding {
            later, node, at, ..
        } = *finding;
        let Some(held) = self.on_disk(case, node, later, Seq(0), at) else {
            return;
        };
        evidence.push(held);
        // The entries that cover it, from the last back to one that was there already when the later write came.
        let covers = |position: Position, write: WriteId| {
            let of_key = self
                .begun(write)
                .is_some_and(|begun| begun.key == missing.key);
            of_key && Version::Log(position).covers(&missing.version)
        };
        let mut gone = vec![(discarded, at)];
        let mut stays: Vec<Stay> = Vec::new();
        let partition = case.scenario.partition_of(missing.key);
        for record in case.of_replica(node, partition, Seq(0), at).rev() {
            match record.kind {
                Kind::Discarded {
                    position,
                    write: Some(write),
                    ..
                } if covers(position, write) => gone.push((position, record.seq)),
                Kind::Persisted {
                    position,
                    write: Some(write),
                    ..
                } if covers(position, write) => {
                    let left = gone.iter().rfind(|(other, _)| *other == position);
                    let Some((_, until)) = left.copied() else {
                        continue;
                    };
                    let from = record.seq;
                    stays.push(Stay { write, from, until });
                    if record.at <= case.at(held) && until == at {
                        break;
                    }
                }
                _ => {}
            }
        }
        // One after another, each as late as possible: so none can be left out.
        let mut covered = held;
        while covered < at {
            let next = stays
                .iter()
                .filter(|stay| case.at(stay.from) <= case.at(covered) && covered < stay.until)
                .max_by_key(|stay| stay.until);
            let Some(stay) = next else { return };
            evidence.extend([stay.from, stay.until]);
            evidence.extend(self.begun(stay.write).map(|begun| begun.invoked));
            covered = stay.until;
        }
    }

    /// The last record between two by which a write came to be on a replica's disk.
    fn on_disk(
        &self,
        case: &Case<'_>,
        node: NodeId,
        write: WriteId,
        after: Seq,
        before: Seq,
    ) -> Option<Seq> {
        let partition = case.scenario.partition_of(self.begun(write)?.key);
        let mut records = case.of_replica(node, partition, after, before);
        let is_it = |record: &&Record| match record.kind {
            Kind::Persisted { write: of, .. } => of == Some(write),
            Kind::Stored {
                write: of,
                newest: true,
                ..
            } => of == write,
            _ => false,
        };
        records.rfind(is_it).map(|record| record.seq)
    }

    fn holds(&self, node: NodeId, write: WriteId) -> bool {
        let write = self.writes.get(place(write));
        write.is_some_and(|write| write.held_by & bit(node) != 0)
    }
}

/// An entry on a disk, from when until when.
#[derive(Clone, Copy, Debug)]
struct Stay {
    write: WriteId,
    from: Seq,
    until: Seq,
}

/// The last record up to the moment of another by which a version of a key came to be on a disk.
fn stored(case: &Case<'_>, node: NodeId, key: KeyId, moment: Seq) -> Option<Seq> {
    let partition = case.scenario.partition_of(key);
    let records = case.of_replica(node, partition, Seq(0), Seq(u32::MAX));
    let records = records.take_while(|record| record.at <= case.at(moment));
    let is_it = |record: &&Record| matches!(record.kind, Kind::Stored { key: of, newest: true, .. } if of == key);
    records.filter(is_it).last().map(|record| record.seq)
}

/// Why the replica lacked it, as the end of a sentence: ": #1 was on the wire to F1, due 40 ms later".
fn why(case: &Case<'_>, finding: &Finding, missing: Missing, evidence: &mut Vec<Seq>) -> String {
    let look = Look {
        node: finding.node,
        served: finding.at,
    };
    let lacking = Lacking::at(case, look, missing);
    if lacking.is_on_disk()
        && let Some((replaced, by)) = last(case, finding.node, missing.key, finding.at)
        && by != missing.write
    {
        evidence.extend(lacking.evidence().chain([replaced]));
        return format!(": {} had taken its place", words::chip(by));
    }
    evidence.extend(lacking.evidence());
    let told = lacking.told(case, missing, Since::JustTold);
    told.map_or(String::new(), |cause| format!(": {cause}"))
}

/// The last version of a key that has come to a disk: the record by which it did, and which write it is.
fn last(case: &Case<'_>, node: NodeId, key: KeyId, now: Seq) -> Option<(Seq, WriteId)> {
    let partition = case.scenario.partition_of(key);
    let records = case.of_replica(node, partition, Seq(0), Seq(now.0 + 1));
    records.rev().find_map(|record| match record.kind {
        Kind::Stored {
            key: of,
            write,
            newest: true,
            ..
        } if of == key => Some((record.seq, write)),
        _ => None,
    })
}

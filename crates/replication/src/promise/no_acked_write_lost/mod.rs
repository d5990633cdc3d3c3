//! No acknowledged write lost: what a client was told "done" stays.
//!
//! Acknowledged means that the client was told: an acknowledgement that never arrived promises nothing.
//! A crashed replica's disk counts as holding what is on it.
//!
//! *One leader.* An entry is lost from the moment on which a leader of a higher epoch than its own is
//! promoted without it; where the client is told later, from then on. Being on other disks doesn't help
//! it, since they will follow that leader; nor does a newer entry for the same key, since that leader
//! can't have seen this one. Should a still later leader bring it back, it was gone for a while, and the
//! violation stays.
//! At risk while a majority of all replicas is up and lacks an acknowledged entry, so that they could
//! elect a leader without it, or while it is on one disk only. In a log the newest acknowledged entry is
//! on the fewest disks, so that one is looked at. A single replica is never at risk: there is nobody to
//! leave it behind, and a crash keeps its disk.
//!
//! An entry that is on no disk any more is lost too, once the last disk with it is lost, or replaced by a
//! copy from before it. A log that is trimmed still holds what it trimmed.
//!
//! *Many leaders, or none.* A version is lost once no disk holds it nor one that supersedes it; a hint on
//! a disk holds it as well. Under last write wins, and highest version wins, what the protocol orders
//! before another acknowledged write counts as replaced by that, whoever wrote it and whatever they had
//! seen, and whether or not that is lost later: a silent overwrite is another promise's. At risk while
//! one disk alone of several copies holds an acknowledged version that none supersedes.
//!
//! That no disk holds a write is what all disks show together, and no few records can prove it. What the
//! evidence proves is that a client was told "done" for the write; and that a leader without it took over;
//! or how each disk that is needed to have held it from then on ceased to, the last of them now. That no
//! other disk held it is the monitor's word.

use crate::ids::{KeyId, Position, Version, WriteId};
use crate::promise::no_acked_write_lost::logs::Logs;
use crate::promise::no_acked_write_lost::registers::Registers;
use crate::promise::sessions::{Again, Sessions};
use crate::promise::{Case, Heard, Monitor, Violation};
use crate::scenario::{ProtocolKind, Scenario};
use crate::trace::{Action, Kind, Outcome, Record, Seq};

mod explain;
mod holdings;
mod logs;
mod registers;
#[cfg(test)]
mod tests;

/// The monitor.
#[derive(Clone, Debug)]
pub(super) struct NoAckedWriteLost {
    sessions: Sessions,
    disks: Disks,
    checked: u32,
}

/// Who holds what.
#[derive(Clone, Debug)]
enum Disks {
    Logs(Logs),
    Registers(Registers),
}

/// An acknowledged write.
#[derive(Clone, Copy, Debug)]
struct Acked {
    write: WriteId,
    key: KeyId,
    version: Version,
    again: Option<Again>,
    invoked: Seq,
    ended: Seq,
}

impl Acked {
    /// Where in the log.
    fn position(&self) -> Option<Position> {
        match self.version {
            Version::Log(position) => Some(position),
            _ => None,
        }
    }
}

/// An acknowledged write that is lost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Finding {
    acked: Acked,
    at: Seq,
    /// The promotion of the leader without it; where there is none, no disk holds it.
    promoted: Option<Seq>,
}

impl NoAckedWriteLost {
    /// A monitor that has seen nothing yet.
    pub fn new(scenario: &Scenario) -> Self {
        let structure = &scenario.structure;
        NoAckedWriteLost {
            sessions: Sessions::new(scenario.clients.len()),
            disks: match structure.kind {
                ProtocolKind::SingleLeader => Disks::Logs(Logs::new(structure)),
                ProtocolKind::MultiLeader | ProtocolKind::Leaderless => {
                    Disks::Registers(Registers::new(structure))
                }
            },
            checked: 0,
        }
    }
}

impl Monitor for NoAckedWriteLost {
    type Finding = Finding;
    const HEARS: Heard = Heard::CLIENTS.and(Heard::DISKS);

    fn observe(&mut self, what: &[Record], found: &mut Vec<Finding>) {
        let record = &what[0];
        match record.kind {
            Kind::Invoked { op, action } => self.sessions.begin(op, action, record.seq),
            Kind::Recognised { op, earlier, .. } => {
                self.sessions.recognise(op, earlier, record.seq)
            }
            Kind::Ended { op, outcome } => {
                let Some(open) = self.sessions.end(op) else {
                    return;
                };
                if let (Action::Write { write, key, .. }, Outcome::Written { version }) =
                    (open.action, outcome)
                {
                    let acked = Acked {
                        write: open.again.map_or(write, |again| again.earlier),
                        again: open.again,
                        key,
                        version,
                        invoked: open.invoked,
                        ended: record.seq,
                    };
                    self.checked += 1;
                    match &mut self.disks {
                        Disks::Logs(logs) => logs.acknowledge(acked, found),
                        Disks::Registers(registers) => registers.acknowledge(acked, found),
                    }
                }
            }
            _ => match &mut self.disks {
                Disks::Logs(logs) => logs.observe(what, found),
                Disks::Registers(registers) => registers.observe(what, found),
            },
        }
    }

    fn checked(&self) -> u32 {
        self.checked
    }

    fn at_risk(&self) -> bool {
        match &self.disks {
            Disks::Logs(logs) => logs.at_risk > 0,
            Disks::Registers(registers) => registers.at_risk > 0,
        }
    }

    fn explain(&self, finding: &Finding, case: &Case<'_>) -> Violation {
        explain::violation(case, finding)
    }
}

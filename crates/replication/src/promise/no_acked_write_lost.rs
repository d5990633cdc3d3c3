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
//! *Leaderless.* A version is lost once no disk holds it nor a newer one of its key. What a newer one
//! replaced isn't lost, whoever wrote that and whatever they had seen: a silent overwrite is another
//! promise's. At risk while one disk alone of several copies holds a key's newest acknowledged version
//! or a newer one.

use crate::ids::{KeyId, NodeId, PartitionId, Position, Version, WriteId};
use crate::promise::cause::{Lacking, Look, Missing, Since};
use crate::promise::evidence::in_order;
use crate::promise::sessions::Sessions;
use crate::promise::{Case, Monitor, Promise, Violation, words};
use crate::scenario::{ProtocolKind, Scenario, Structure};
use crate::trace::{Action, Kind, Outcome, Record, Seq};

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
    invoked: Seq,
    ended: Seq,
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
                ProtocolKind::Leaderless => Disks::Registers(Registers::new(structure)),
            },
            checked: 0,
        }
    }
}

impl Monitor for NoAckedWriteLost {
    type Finding = Finding;

    fn observe(&mut self, record: &Record, found: &mut Vec<Finding>) {
        match record.kind {
            Kind::Invoked { op, action } => self.sessions.begin(op, action, record.seq),
            Kind::Ended { op, outcome } => {
                let Some(open) = self.sessions.end(op) else {
                    return;
                };
                if let (Action::Write { write, key, .. }, Outcome::Written { version }) =
                    (open.action, outcome)
                {
                    let acked = Acked {
                        write,
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
                Disks::Logs(logs) => logs.observe(record, found),
                Disks::Registers(registers) => registers.observe(record, found),
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
        let Finding {
            acked,
            at,
            promoted,
        } = *finding;
        let missing = Missing {
            write: acked.write,
            key: acked.key,
            version: acked.version,
        };
        let mut evidence = vec![acked.invoked, acked.ended, at];
        let mut sentence = String::new();
        if let Some(Record {
            kind: Kind::Ended { op, .. },
            ..
        }) = case.record(acked.ended)
        {
            sentence = format!(
                "{} was told “done” for {} at {}",
                case.names().client(op.client),
                case.write_in_words(acked.write, acked.invoked),
                words::moment(case.at(acked.ended)),
            );
            sentence += &told_by(case, acked, missing, at, &mut evidence);
            sentence += &match promoted {
                Some(promoted) => told_promotion(case, acked, missing, promoted, &mut evidence),
                None => told_discarded(case, at),
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
}

/// Who said "done", and what became of that replica: " by L, which had it on its disk. L crashed at 4.1 s."
fn told_by(
    case: &Case<'_>,
    acked: Acked,
    missing: Missing,
    at: Seq,
    evidence: &mut Vec<Seq>,
) -> String {
    let names = case.names();
    let said = case
        .index
        .acknowledged(acked.write)
        .filter(|said| *said < acked.ended);
    let Some(said) = said.and_then(|said| case.record(said)) else {
        return ".".to_owned();
    };
    let Kind::Acknowledged {
        node, partition, ..
    } = said.kind
    else {
        return ".".to_owned();
    };
    evidence.push(said.seq);
    let mut told = format!(" by {}", names.node(node));
    if let Some(persisted) = case.persisted(node, missing, acked.ended) {
        evidence.push(persisted);
        told += ", which had it on its disk";
    }
    told.push('.');
    if let Some(crashed) = case.crashed(node, partition, acked.invoked, at) {
        evidence.push(crashed);
        told += &format!(
            " {} crashed at {}.",
            names.node(node),
            words::moment(case.at(crashed))
        );
    }
    told
}

/// The leader that was promoted without the write, and why it lacked it.
fn told_promotion(
    case: &Case<'_>,
    acked: Acked,
    missing: Missing,
    promoted: Seq,
    evidence: &mut Vec<Seq>,
) -> String {
    evidence.push(promoted);
    let Some(Record {
        at,
        kind: Kind::Promoted { node, epoch, .. },
        ..
    }) = case.record(promoted)
    else {
        return String::new();
    };
    let (leader, when, chip) = (
        case.names().node(*node),
        words::moment(*at),
        words::chip(acked.write),
    );
    let mut told = if promoted < acked.ended {
        format!(" But {leader} had become leader of epoch {epoch} at {when}, without {chip}")
    } else {
        format!(" {leader} became leader of epoch {epoch} at {when}, without {chip}")
    };
    if acked.invoked < promoted {
        let lacking = Lacking::at(
            case,
            Look {
                node: *node,
                served: promoted,
            },
            missing,
        );
        // An earlier leader without it proves the same once more, and explains nothing.
        if let Some(cause) = lacking.told(case, missing, Since::JustTold)
            && !lacking.is_left_behind()
        {
            told += &format!(": {cause}");
            evidence.extend(lacking.evidence());
        }
    }
    told.push('.');
    told
}

/// That no disk holds the write, and who dropped it last.
fn told_discarded(case: &Case<'_>, at: Seq) -> String {
    match case.record(at) {
        Some(Record {
            at,
            kind: Kind::Discarded { node, .. },
            ..
        }) => {
            format!(
                " {} discarded it at {}, and no disk holds it.",
                case.names().node(*node),
                words::moment(*at)
            )
        }
        _ => " No disk holds it.".to_owned(),
    }
}

// --- One leader ---

/// The logs of a system with one leader.
#[derive(Clone, Debug)]
struct Logs {
    nodes: usize,
    partitions: usize,
    majority: usize,
    /// By node.
    up: Vec<bool>,
    /// By node and partition.
    logs: Vec<Log>,
    /// By partition.
    shares: Vec<Share>,
    /// How many partitions are at risk.
    at_risk: usize,
}

/// A replica's log, by index from 1.
#[derive(Clone, Debug, Default)]
struct Log(Vec<Option<Entry>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    epoch: u32,
    on_disk: bool,
}

/// What is known of a partition.
#[derive(Clone, Debug, Default)]
struct Share {
    leader: Option<Leader>,
    /// The acknowledged entries that aren't lost, in the order of the log.
    acked: Vec<Acked>,
    at_risk: bool,
}

/// The leader of the highest epoch so far.
#[derive(Clone, Copy, Debug)]
struct Leader {
    node: NodeId,
    epoch: u32,
    promoted: Seq,
}

impl Logs {
    fn new(structure: &Structure) -> Self {
        let (nodes, partitions) = (
            usize::from(structure.nodes),
            usize::from(structure.partitions),
        );
        Logs {
            nodes,
            partitions,
            majority: structure.majority(),
            up: vec![true; nodes],
            logs: vec![Log::default(); nodes * partitions],
            shares: vec![Share::default(); partitions],
            at_risk: 0,
        }
    }

    fn observe(&mut self, record: &Record, found: &mut Vec<Finding>) {
        match record.kind {
            Kind::Appended {
                node,
                partition,
                position,
                ..
            } => self.log(node, partition).append(position),
            Kind::Persisted {
                node,
                partition,
                position,
                ..
            } => {
                self.log(node, partition).persist(position);
                if self.newest(partition) == Some(position) {
                    self.weigh(partition);
                }
            }
            Kind::Discarded {
                node,
                partition,
                position,
                ..
            } => {
                self.log(node, partition).discard(position);
                self.lose_undisked(partition, position, record.seq, found);
                if self.newest(partition) == Some(position) {
                    self.weigh(partition);
                }
            }
            Kind::Promoted {
                node,
                partition,
                epoch,
                last,
            } => {
                let leader = Leader {
                    node,
                    epoch,
                    promoted: record.seq,
                };
                self.promote(partition, leader, last, found);
            }
            Kind::Crashed { node } | Kind::Restarted { node } => self.turn(node, record.kind),
            _ => {}
        }
    }

    /// A client is told "done".
    fn acknowledge(&mut self, acked: Acked, found: &mut Vec<Finding>) {
        let Version::Log(position) = acked.version else {
            return;
        };
        let partition = PartitionId(acked.key.0 % self.partitions as u8);
        let leader = self.shares[usize::from(partition.0)].leader;
        let behind = leader.filter(|leader| {
            leader.epoch > position.epoch && !self.log_of(leader.node, partition).has(position)
        });
        if behind.is_some() || self.on_disks(partition, position) == 0 {
            found.push(Finding {
                acked,
                at: acked.ended,
                promoted: behind.map(|leader| leader.promoted),
            });
            return;
        }
        let entries = &mut self.shares[usize::from(partition.0)].acked;
        let place = entries.partition_point(|other| other.version < acked.version);
        entries.insert(place, acked);
        self.weigh(partition);
    }

    /// A leader of a higher epoch loses what it lacks.
    fn promote(
        &mut self,
        partition: PartitionId,
        leader: Leader,
        last: Position,
        found: &mut Vec<Finding>,
    ) {
        let share = &mut self.shares[usize::from(partition.0)];
        if share
            .leader
            .is_some_and(|other| other.epoch >= leader.epoch)
        {
            return;
        }
        share.leader = Some(leader);
        let log =
            &self.logs[usize::from(leader.node.0) * self.partitions + usize::from(partition.0)];
        share.acked.retain(|acked| {
            let Version::Log(position) = acked.version else {
                return false;
            };
            let kept = position.index <= last.index && log.has(position);
            if !kept {
                found.push(Finding {
                    acked: *acked,
                    at: leader.promoted,
                    promoted: Some(leader.promoted),
                });
            }
            kept
        });
        self.weigh(partition);
    }

    /// An acknowledged entry that is on no disk any more is lost.
    fn lose_undisked(
        &mut self,
        partition: PartitionId,
        position: Position,
        at: Seq,
        found: &mut Vec<Finding>,
    ) {
        let share = &self.shares[usize::from(partition.0)];
        let place = share
            .acked
            .binary_search_by_key(&Version::Log(position), |acked| acked.version);
        if let Ok(place) = place
            && self.on_disks(partition, position) == 0
        {
            let acked = self.shares[usize::from(partition.0)].acked.remove(place);
            found.push(Finding {
                acked,
                at,
                promoted: None,
            });
            self.weigh(partition);
        }
    }

    /// A replica stops, and its memory is gone; or it starts again.
    fn turn(&mut self, node: NodeId, kind: Kind) {
        let crashed = matches!(kind, Kind::Crashed { .. });
        // A proxy has no log.
        let Some(up) = self.up.get_mut(usize::from(node.0)) else {
            return;
        };
        *up = !crashed;
        for partition in (0..self.partitions as u8).map(PartitionId) {
            if crashed {
                self.log(node, partition).forget();
            }
            self.weigh(partition);
        }
    }

    /// Whether the partition is at risk now.
    fn weigh(&mut self, partition: PartitionId) {
        let at_risk = self.newest(partition).is_some_and(|position| {
            let lack = (0..self.nodes as u8).map(NodeId).filter(|node| {
                self.up[usize::from(node.0)] && !self.log_of(*node, partition).has_on_disk(position)
            });
            self.nodes > 1
                && (lack.count() >= self.majority || self.on_disks(partition, position) <= 1)
        });
        let share = &mut self.shares[usize::from(partition.0)];
        self.at_risk = self.at_risk + usize::from(at_risk) - usize::from(share.at_risk);
        share.at_risk = at_risk;
    }

    /// The newest acknowledged entry.
    fn newest(&self, partition: PartitionId) -> Option<Position> {
        match self.shares[usize::from(partition.0)].acked.last()?.version {
            Version::Log(position) => Some(position),
            Version::Stamp { .. } => None,
        }
    }

    fn on_disks(&self, partition: PartitionId, position: Position) -> usize {
        let nodes = (0..self.nodes as u8).map(NodeId);
        nodes
            .filter(|node| self.log_of(*node, partition).has_on_disk(position))
            .count()
    }

    fn log_of(&self, node: NodeId, partition: PartitionId) -> &Log {
        &self.logs[usize::from(node.0) * self.partitions + usize::from(partition.0)]
    }

    fn log(&mut self, node: NodeId, partition: PartitionId) -> &mut Log {
        &mut self.logs[usize::from(node.0) * self.partitions + usize::from(partition.0)]
    }
}

impl Log {
    fn append(&mut self, position: Position) {
        // What is on the disk stays there.
        if !self.has(position) {
            self.put(position, false);
        }
    }

    fn persist(&mut self, position: Position) {
        self.put(position, true);
    }

    fn put(&mut self, position: Position, on_disk: bool) {
        let length = position.index as usize;
        if self.0.len() < length {
            self.0.resize(length, None);
        }
        self.0[length - 1] = Some(Entry {
            epoch: position.epoch,
            on_disk,
        });
    }

    fn discard(&mut self, position: Position) {
        if self.has(position) {
            self.0[position.index as usize - 1] = None;
            self.trim();
        }
    }

    fn trim(&mut self) {
        while self.0.last() == Some(&None) {
            self.0.pop();
        }
    }

    /// What isn't on the disk dies in a crash.
    fn forget(&mut self) {
        for entry in &mut self.0 {
            *entry = entry.filter(|entry| entry.on_disk);
        }
        self.trim();
    }

    fn entry(&self, position: Position) -> Option<Entry> {
        let entry = *self.0.get((position.index as usize).checked_sub(1)?)?;
        entry.filter(|entry| entry.epoch == position.epoch)
    }

    fn has(&self, position: Position) -> bool {
        self.entry(position).is_some()
    }

    fn has_on_disk(&self, position: Position) -> bool {
        self.entry(position).is_some_and(|entry| entry.on_disk)
    }
}

// --- Leaderless ---

/// The registers of a leaderless system.
#[derive(Clone, Debug)]
struct Registers {
    nodes: usize,
    keys: usize,
    copies: usize,
    /// By node and key.
    disks: Vec<Option<Version>>,
    /// By key: the newest acknowledged version that isn't lost.
    acked: Vec<Option<Acked>>,
    /// By key.
    risks: Vec<bool>,
    /// How many keys are at risk.
    at_risk: usize,
}

impl Registers {
    fn new(structure: &Structure) -> Self {
        let (nodes, keys) = (usize::from(structure.nodes), usize::from(structure.keys));
        Registers {
            nodes,
            keys,
            copies: usize::from(structure.copies),
            disks: vec![None; nodes * keys],
            acked: vec![None; keys],
            risks: vec![false; keys],
            at_risk: 0,
        }
    }

    fn observe(&mut self, record: &Record, found: &mut Vec<Finding>) {
        let Kind::Stored {
            node,
            key,
            version,
            newest: true,
            ..
        } = record.kind
        else {
            return;
        };
        let disk = &mut self.disks[usize::from(node.0) * self.keys + usize::from(key.0)];
        let went_back = *disk > Some(version);
        *disk = Some(version);
        let acked = self.acked[usize::from(key.0)];
        if let Some(acked) =
            acked.filter(|acked| went_back && self.on_disks(key, acked.version) == 0)
        {
            self.acked[usize::from(key.0)] = None;
            found.push(Finding {
                acked,
                at: record.seq,
                promoted: None,
            });
        }
        self.weigh(key);
    }

    fn acknowledge(&mut self, acked: Acked, found: &mut Vec<Finding>) {
        if self.on_disks(acked.key, acked.version) == 0 {
            found.push(Finding {
                acked,
                at: acked.ended,
                promoted: None,
            });
            return;
        }
        let newest = &mut self.acked[usize::from(acked.key.0)];
        if newest.is_none_or(|newest| newest.version < acked.version) {
            *newest = Some(acked);
        }
        self.weigh(acked.key);
    }

    /// Whether the key is at risk now.
    fn weigh(&mut self, key: KeyId) {
        let at_risk = self.acked[usize::from(key.0)]
            .is_some_and(|acked| self.copies > 1 && self.on_disks(key, acked.version) == 1);
        let risk = &mut self.risks[usize::from(key.0)];
        self.at_risk = self.at_risk + usize::from(at_risk) - usize::from(*risk);
        *risk = at_risk;
    }

    /// How many disks hold the version or a newer one.
    fn on_disks(&self, key: KeyId, version: Version) -> usize {
        let disks = (0..self.nodes).map(|node| self.disks[node * self.keys + usize::from(key.0)]);
        disks.filter(|held| *held >= Some(version)).count()
    }
}

#[cfg(test)]
mod tests {
    use crate::ids::NodeId;
    use crate::promise::testing::*;
    use crate::promise::{Promise, State};
    use crate::trace::{Kind, Outcome};

    const PROMISE: Promise = Promise::NoAckedWriteLost;

    /// Alice's write is on the leader's disk, and the leader has said "done".
    fn on_the_leader(history: &mut History) -> Written {
        let write = history.at(4_000).writes(ALICE, BALANCE);
        history.at(4_010).appended(L, write);
        history.at(4_020).persisted(L, write);
        history.acknowledged(L, write, 1);
        write
    }

    fn on_disk(history: &mut History, node: NodeId, write: Written) {
        history.appended(node, write);
        history.persisted(node, write);
    }

    #[test]
    fn a_leader_promoted_without_it_loses_it() {
        let mut history = History::of(one_leader(3));
        let write = on_the_leader(&mut history);
        history.appends(L, F1, write, Some(4_500));
        history.at(4_045).told_done(write);
        history.at(4_121).crashed(L);
        let before = history.trace.len();
        history.at(4_350).promoted(F1, 2, 0);
        let violation = history.violation(PROMISE);
        assert_eq!(violation.title, "An acknowledged write is gone");
        assert_eq!(
            violation.sentence,
            "Alice was told “done” for balance = 10 (#1) at 4.045 s by L, which had it on its disk. L crashed at \
             4.121 s. F1 became leader of epoch 2 at 4.350 s, without #1: #1 was on the wire to F1, due 150 ms later."
        );
        let watch = history.watched();
        assert_eq!(watch.verdict(PROMISE, before).state, State::AtRisk);
        assert_eq!(watch.verdict(PROMISE, before + 1).state, State::Broken);
    }

    #[test]
    fn told_by_a_deposed_leader_it_is_lost_from_then_on() {
        let mut history = History::of(one_leader(3));
        let write = on_the_leader(&mut history);
        history.at(4_030).promoted(F1, 2, 0);
        assert_eq!(history.verdict(PROMISE).state, State::Unknown);
        history.at(4_045).told_done(write);
        assert_eq!(
            history.violation(PROMISE).sentence,
            "Alice was told “done” for balance = 10 (#1) at 4.045 s by L, which had it on its disk. But F1 had become \
             leader of epoch 2 at 4.030 s, without #1: #1 had not been sent to F1 yet."
        );
    }

    #[test]
    fn a_write_that_nobody_was_told_of_is_not_lost() {
        let mut history = History::of(one_leader(3));
        let write = on_the_leader(&mut history);
        history.at(4_300).told(write.op, Outcome::Unknown);
        history.at(4_350).promoted(F1, 2, 0);
        assert_eq!(history.verdict(PROMISE).state, State::Unknown);
    }

    #[test]
    fn a_leader_that_has_it_keeps_it_even_where_it_is_not_on_its_disk_yet() {
        for persisted in [true, false] {
            let mut history = History::of(one_leader(3));
            let write = on_the_leader(&mut history);
            history.appended(F1, write);
            if persisted {
                history.persisted(F1, write);
            }
            history.at(4_045).told_done(write);
            history.at(4_121).crashed(L);
            history.at(4_350).promoted(F1, 2, 1);
            assert_eq!(history.verdict(PROMISE).violations, 0);
        }
    }

    #[test]
    fn what_was_only_in_memory_dies_in_a_crash() {
        let mut history = History::of(one_leader(3));
        let write = on_the_leader(&mut history);
        history.appended(F1, write);
        history.at(4_045).told_done(write);
        history.at(4_100).crashed(F1);
        history.at(4_200).restarted(F1);
        history.at(4_350).promoted(F1, 2, 0);
        assert!(
            history
                .violation(PROMISE)
                .sentence
                .ends_with("F1 had crashed at 4.100 s, before #1 was on its disk.")
        );
    }

    #[test]
    fn a_newer_write_to_its_key_does_not_excuse_it() {
        let mut history = History::of(one_leader(3));
        let lost = on_the_leader(&mut history);
        history.at(4_045).told_done(lost);
        history.at(4_350).promoted(F1, 2, 0);
        let mut newer = history.at(4_400).writes(BOB, BALANCE);
        newer.position.epoch = 2;
        on_disk(&mut history, F1, newer);
        history.at(4_500).told_done(newer);
        let verdict = history.verdict(PROMISE);
        assert_eq!(
            (verdict.state, verdict.checked, verdict.violations),
            (State::Broken, 2, 1)
        );
    }

    #[test]
    fn each_write_is_lost_once() {
        let mut history = History::of(one_leader(3));
        let write = on_the_leader(&mut history);
        history.at(4_045).told_done(write);
        history.at(4_350).promoted(F1, 2, 0);
        history.at(4_400).promoted(F2, 3, 0);
        history.at(4_500).discarded(L, write);
        assert_eq!(history.verdict(PROMISE).violations, 1);
    }

    #[test]
    fn a_leader_that_is_promoted_too_late_loses_nothing() {
        let mut history = History::of(one_leader(3));
        let write = on_the_leader(&mut history);
        on_disk(&mut history, F1, write);
        history.at(4_045).told_done(write);
        history.at(4_300).promoted(F1, 3, 1);
        history.at(4_350).promoted(F2, 2, 0);
        assert_eq!(history.verdict(PROMISE).violations, 0);
        history.at(4_400).promoted(F2, 4, 0);
        let sentence = history.violation(PROMISE).sentence;
        assert!(
            sentence.ends_with(
                " F2 became leader of epoch 4 at 4.400 s, without #1: #1 had not been sent to F2 yet."
            ),
            "{sentence}"
        );
    }

    #[test]
    fn an_entry_that_its_last_disk_discards_is_lost() {
        let mut history = History::of(one_leader(3));
        let write = on_the_leader(&mut history);
        history.at(4_045).told_done(write);
        history.at(4_100).discarded(L, write);
        let sentence = history.violation(PROMISE).sentence;
        assert!(
            sentence.ends_with(" L discarded it at 4.100 s, and no disk holds it."),
            "{sentence}"
        );
    }

    /// How a promise stands once an acknowledged write is on the disks of these replicas, and these are down.
    fn state_with(nodes: u8, holders: &[NodeId], down: &[NodeId]) -> State {
        let mut history = History::of(one_leader(nodes));
        let write = history.at(10).writes(ALICE, BALANCE);
        for node in holders {
            on_disk(&mut history, *node, write);
        }
        history.at(20).told_done(write);
        for node in down {
            history.at(30).crashed(*node);
        }
        history.verdict(PROMISE).state
    }

    #[test]
    fn it_is_at_risk_while_a_majority_could_elect_without_it() {
        let [f3, f4] = [NodeId(3), NodeId(4)];
        assert_eq!(state_with(3, &[L], &[]), State::AtRisk);
        assert_eq!(state_with(3, &[L, F1], &[]), State::Kept);
        assert_eq!(state_with(5, &[L, F1], &[]), State::AtRisk);
        assert_eq!(state_with(5, &[L, F1, F2], &[]), State::Kept);
        // With one of those that lack it down, the others are no majority.
        assert_eq!(state_with(5, &[L, F1], &[f3]), State::Kept);
        // A disk holds what it holds while its replica is down.
        assert_eq!(state_with(5, &[L, F1, F2], &[F1, F2]), State::Kept);
        assert_eq!(state_with(2, &[L], &[]), State::AtRisk, "on one disk only");
        assert_eq!(
            state_with(3, &[L], &[F2, f4].map(|_| F2)),
            State::AtRisk,
            "on one disk only"
        );
        assert_eq!(
            state_with(1, &[L], &[]),
            State::Kept,
            "nobody to leave it behind"
        );
    }

    #[test]
    fn risk_passes_once_another_replica_has_it() {
        let mut history = History::of(one_leader(3));
        let write = on_the_leader(&mut history);
        history.at(4_045).told_done(write);
        let at_risk = history.trace.len();
        history.at(4_100).appended(F1, write);
        history.at(4_110).persisted(F1, write);
        let watch = history.watched();
        let states =
            (at_risk - 1..=at_risk + 2).map(|happened| watch.verdict(PROMISE, happened).state);
        assert_eq!(
            states.collect::<Vec<_>>(),
            [State::Unknown, State::AtRisk, State::AtRisk, State::Kept]
        );
    }

    fn stored(history: &mut History, node: NodeId, write: Written) {
        let (key, version, write) = (write.key, write.stamp(), write.write);
        history.push(
            None,
            Kind::Stored {
                node,
                key,
                version,
                write,
                newest: true,
            },
        );
    }

    #[test]
    fn leaderless_one_disk_of_several_is_a_risk_and_a_newer_version_replaces() {
        let mut history = History::of(leaderless(1, 1));
        let write = history.at(10).writes(ALICE, BALANCE);
        stored(&mut history, L, write);
        history.at(20).told(
            write.op,
            Outcome::Written {
                version: write.stamp(),
            },
        );
        assert_eq!(history.verdict(PROMISE).state, State::AtRisk);
        let newer = history.at(30).writes(BOB, BALANCE);
        stored(&mut history, F1, newer);
        assert_eq!(
            history.verdict(PROMISE).state,
            State::Kept,
            "a newer one counts as holding it"
        );
        stored(&mut history, L, newer);
        assert_eq!(history.verdict(PROMISE).violations, 0, "replaced, not lost");
    }

    #[test]
    fn leaderless_what_no_disk_holds_is_lost() {
        let mut history = History::of(leaderless(1, 1));
        let older = history.at(5).writes(BOB, BALANCE);
        stored(&mut history, F1, older);
        let write = history.at(10).writes(ALICE, BALANCE);
        stored(&mut history, L, write);
        history.at(20).told(
            write.op,
            Outcome::Written {
                version: write.stamp(),
            },
        );
        // A replica that lets an older version replace a newer one.
        history.at(30);
        stored(&mut history, L, older);
        let watch = history.watched();
        assert_eq!(watch.violations().len(), 1);
        assert!(
            watch.violations()[0]
                .sentence
                .ends_with(" No disk holds it.")
        );
    }
}

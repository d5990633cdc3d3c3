//! Convergence: left in peace, all copies come to hold the same.
//!
//! Broken when all nodes are up, no link between them is cut, repair is on, the stream is deterministic,
//! all is quiet, and replicas differ. Quiet is [`Kind::Rested`]: no client waits, no data is on the wire,
//! and nothing has changed for as long as any repair of this configuration may take. A slow link is
//! only slow: it takes longer until all is quiet.
//!
//! Differ means that one replica holds a write of a key that nobody has replaced, and another copy of it does
//! not. One leader: that a write is in one log and not in another. What is compared is what is on the
//! disks; by the time that all is quiet, reads show it.
//!
//! Repair is on with a log or updates that are sent until they are acknowledged, and without a leader with
//! read repair, anti-entropy, or hinted handoff: with a sloppy quorum, or where a replica that coordinates
//! keeps hints. Read repair alone leaves different what nobody reads, hints are lost, or too old, and
//! nobody notices a restored disk: replicas that differ then break the promise, since nothing is left to
//! make them equal, and its fix is anti-entropy.
//!
//! Each rest after something was written tests it once, and is one violation at the most: for a difference
//! that was not there at the rest before. Unknown, since it was not tested: where the cluster never
//! rests; while a node is down, paused or cut off, or has stopped at a log that it can't apply; without any
//! repair; once a replica has evaluated a function for itself; and where all that could be missing is on
//! a disk about which the records can't say (of a replica that crashed while it was paused, or before a
//! truncation had reached its disk).
//!
//! Vogels, "Eventually consistent" (2009): "if no new updates are made, eventually all accesses will return
//! the last updated value".

use crate::engine::faults::Faults;
use crate::ids::{Change, NodeId, Place, Position, WriteId};
use crate::promise::cause::{Cause, Lacking, Look, Missing, Since};
use crate::promise::convergence::disks::{Apart, Disks};
use crate::promise::evidence::in_order;
use crate::promise::{Case, Heard, Monitor, Promise, Violation, words};
use crate::scenario::{
    Act, Coordinator, Deed, Does, Intervention, ProtocolKind, Repair, Scenario, Settings,
};
use crate::trace::{Kind, Record, Seq};

#[cfg(test)]
mod brute_force;
mod disks;
#[cfg(test)]
mod tests;

/// The monitor.
#[derive(Clone, Debug)]
pub(super) struct Convergence {
    partitions: usize,
    disks: Disks,
    /// Nodes that are down or paused, as bits.
    away: u16,
    paused: u16,
    /// Nodes whose disks may hold more than is known, as bits.
    unsure: u16,
    faults: Faults,
    /// By node and partition, the entry that it can't apply.
    stopped: Vec<Option<Position>>,
    /// Whether some write is a function, which a replica that evaluates it gets another value for.
    has_functions: bool,
    has_evaluated: bool,
    repairs: bool,
    /// The change that turned repair on, where it was off at first.
    repairs_since: Option<Seq>,
    repaired_at_first: bool,
    /// By entry of the script, whether repair is on from then.
    changes: Vec<(u16, bool)>,
    /// Where replicas differed at the last rest.
    apart: Vec<(WriteId, u16)>,
    checked: u32,
}

/// A difference that is there for good.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    apart: Apart,
    rested: Seq,
    repairs_since: Option<Seq>,
}

impl Convergence {
    /// A monitor that has seen nothing yet.
    pub fn new(scenario: &Scenario) -> Self {
        let structure = &scenario.structure;
        let repairs = |settings: &Settings| {
            structure.kind != ProtocolKind::Leaderless
                || structure.coordinator == Coordinator::Node
                || settings.repair != Repair::Off
                || settings.anti_entropy_us.is_some()
                || settings.sloppy.is_some()
        };
        let changes = scenario
            .script
            .iter()
            .filter_map(|entry| match &entry.does {
                Intervention::Set(settings) => Some((entry.entry, repairs(settings))),
                _ => None,
            });
        // One more, for a proxy or a manager.
        let nodes = usize::from(structure.nodes) + 1;
        let partitions = usize::from(structure.partitions);
        Convergence {
            partitions,
            disks: Disks::new(structure),
            away: 0,
            paused: 0,
            unsure: 0,
            faults: Faults::default(),
            stopped: vec![None; nodes * partitions],
            has_functions: has_functions(scenario),
            has_evaluated: false,
            repairs: repairs(&scenario.settings),
            repairs_since: None,
            repaired_at_first: repairs(&scenario.settings),
            changes: changes.collect(),
            apart: Vec::new(),
            checked: 0,
        }
    }

    /// Whether nothing keeps replicas from becoming equal.
    fn is_well(&self) -> bool {
        let between_nodes =
            |one: Place, other: Place| matches!((one, other), (Place::Node(_), Place::Node(_)));
        let links = self.faults.links();
        self.away | self.paused == 0
            && self.repairs
            && !self.has_evaluated
            && self.stopped.iter().all(Option::is_none)
            && !links
                .iter()
                .any(|link| link.cut && between_nodes(link.from, link.to))
    }

    fn rest(&mut self, rested: Seq, found: &mut Vec<Finding>) {
        if !self.is_well() || self.disks.are_empty() {
            return;
        }
        let apart = self.disks.apart();
        let is_certain = |apart: &Apart| apart.is_certain && self.unsure & apart.lacking == 0;
        if !apart.is_empty() && !apart.iter().any(is_certain) {
            return;
        }
        self.checked += 1;
        let is_new = |apart: &Apart| {
            let mut before = self.apart.iter();
            let there = before.find(|(write, _)| *write == apart.write);
            there.is_none_or(|(_, lacking)| apart.lacking & !lacking != 0)
        };
        let first = apart
            .iter()
            .find(|apart| is_certain(apart) && is_new(apart));
        found.extend(first.map(|apart| Finding {
            apart: apart.clone(),
            rested,
            repairs_since: self.repairs_since,
        }));
        let pairs = apart.iter().map(|apart| (apart.write, apart.lacking));
        self.apart = pairs.collect();
    }

    /// The logs of a replica.
    fn stopped_of(&mut self, node: NodeId) -> &mut [Option<Position>] {
        let first = usize::from(node.0) * self.partitions;
        &mut self.stopped[first..first + self.partitions]
    }
}

impl Monitor for Convergence {
    type Finding = Finding;
    const HEARS: Heard = Heard::DISKS.and(Heard::REST);

    fn observe(&mut self, what: &[Record], found: &mut Vec<Finding>) {
        let record = &what[0];
        match record.kind {
            Kind::Rested { .. } => return self.rest(record.seq, found),
            Kind::Persisted {
                node,
                partition,
                position,
                ..
            } => {
                let stopped = &mut self.stopped_of(node)[usize::from(partition.0)];
                *stopped = stopped.filter(|at| position.index < at.index);
            }
            Kind::Stopped {
                node,
                partition,
                position,
            } => self.stopped_of(node)[usize::from(partition.0)] = Some(position),
            Kind::Promoted {
                node, partition, ..
            } => self.stopped_of(node)[usize::from(partition.0)] = None,
            Kind::Crashed { node, disk_lost } => {
                self.away |= bit(node);
                // What its disk had done by then it has not said.
                self.unsure |= self.paused & bit(node);
                self.paused &= !bit(node);
                if disk_lost {
                    self.unsure &= !bit(node);
                }
            }
            Kind::Restored { node, .. } => self.unsure &= !bit(node),
            Kind::Restarted { node } => {
                self.away &= !bit(node);
                self.stopped_of(node).fill(None);
            }
            Kind::Paused { node } => self.paused |= bit(node),
            Kind::Resumed { node } => self.paused &= !bit(node),
            Kind::Cut { .. } | Kind::Healed { .. } => self.faults.follow_cuts(&record.kind),
            Kind::Evaluated { .. } => self.has_evaluated |= self.has_functions,
            Kind::Changed { script } => {
                let change = self.changes.iter().find(|(entry, _)| *entry == script);
                let repairs = change.map_or(self.repairs, |(_, repairs)| *repairs);
                if repairs && !self.repairs && !self.repaired_at_first {
                    self.repairs_since = Some(record.seq);
                }
                self.repairs = repairs;
            }
            _ => {}
        }
        self.disks.observe(what);
    }

    fn checked(&self) -> u32 {
        self.checked
    }

    fn explain(&self, finding: &Finding, case: &Case<'_>) -> Violation {
        let Finding {
            apart,
            rested,
            repairs_since,
        } = finding;
        let names = case.names();
        let mut evidence: Vec<Seq> = apart.held.to_vec();
        evidence.push(*rested);
        evidence.extend(repairs_since);
        let mut what = words::chip(apart.write).to_string();
        if let Some(invoked) = case.index.invoked(apart.write) {
            evidence.push(invoked);
            what = case.write_in_words(apart.write, invoked).to_string();
        }
        let cause = Told::of(case, finding);
        evidence.extend(&cause.evidence);
        let on_disk = |seq: &Seq| match case.record(*seq)?.kind {
            Kind::Persisted { node, .. } | Kind::Stored { node, .. } => Some(names.node(node)),
            _ => None,
        };
        let holders: Vec<&str> = apart.held.iter().filter_map(on_disk).collect();
        let holders = words::listed(&holders);
        // Who says nothing at all can't be named.
        let mut lacking: Vec<&str> = Vec::new();
        let mut unnamed = 0;
        for node in lacking_nodes(apart) {
            let is_named = cause.evidence.iter().any(|seq| case.names_node(*seq, node));
            let says = match is_named {
                true => None,
                false => case.says_something(node, *rested),
            };
            match is_named || says.is_some() {
                true => lacking.push(names.node(node)),
                false => unnamed += 1,
            }
            evidence.extend(says);
        }
        let is_named = !lacking.is_empty();
        let verb = match lacking.len() + unnamed {
            1 => "stays",
            _ => "stay",
        };
        match unnamed {
            0 => {}
            1 => lacking.push("another copy"),
            _ => lacking.push("others"),
        }
        let lacking = words::listed(&lacking);
        let mut title = format!("{lacking} {verb} different from {holders}");
        // Names are written as they are.
        if !is_named {
            title[..1].make_ascii_uppercase();
        }
        let mut sentence = String::new();
        if let Some(Record {
            at,
            kind: Kind::Rested { since },
            ..
        }) = case.record(*rested)
        {
            sentence = format!(
                "By {} nothing had changed for {}, with all replicas up and no link between them cut. {holders} held \
                 {what}, {lacking} did not{}.",
                words::moment(*at),
                words::span(at.since_us(*since)),
                cause.clause,
            );
        }
        Violation {
            promise: Promise::Convergence,
            at: *rested,
            evidence: in_order(evidence),
            title,
            sentence,
        }
    }
}

/// Whether a client may write what a function gives.
fn has_functions(scenario: &Scenario) -> bool {
    let is_call = |act: &Act| matches!(act.deed, Deed::Write(_, Change::Call(_)));
    let listed = scenario.clients.iter().any(|plan| match &plan.does {
        Does::Steps(steps) => steps.iter().any(|step| is_call(&step.act)),
        Does::Random { .. } => false,
    });
    listed
        || scenario
            .script
            .iter()
            .any(|entry| matches!(&entry.does, Intervention::Do { act, .. } if is_call(act)))
}

/// The replicas that lack a write.
fn lacking_nodes(apart: &Apart) -> impl Iterator<Item = NodeId> {
    let lacking = apart.lacking;
    (0..16)
        .map(NodeId)
        .filter(move |node| lacking & bit(*node) != 0)
}

/// Why a replica lacks a write for good: a clause that begins with a colon, or nothing.
#[derive(Default)]
struct Told {
    clause: String,
    evidence: Vec<Seq>,
}

impl Told {
    /// Why the first of those lacks it.
    fn of(case: &Case<'_>, finding: &Finding) -> Self {
        let Finding { apart, rested, .. } = finding;
        let invoked = case.index.invoked(apart.write);
        let (Some((_, key, _)), Some(node)) = (
            invoked.and_then(|invoked| case.write(invoked)),
            lacking_nodes(apart).next(),
        ) else {
            return Told::default();
        };
        let missing = Missing {
            write: apart.write,
            key,
            version: apart.version,
        };
        match case.why_missing(node, missing, *rested) {
            // That it has not been sent yet, is about to come, or is not shown yet: that is not why.
            Cause::Untold
            | Cause::NotSent
            | Cause::NotStored
            | Cause::InFlight { .. }
            | Cause::Gap { .. }
            | Cause::Persisting { .. }
            | Cause::NotShown { .. }
            | Cause::Stopped { .. }
            | Cause::Waited { .. } => return Told::default(),
            _ => {}
        }
        let look = Look {
            node,
            served: *rested,
        };
        let lacking = Lacking::at(case, look, missing);
        let Some(clause) = lacking.told(case, missing, Since::JustTold) else {
            return Told::default();
        };
        let clause = format!(": {clause}");
        let mut evidence: Vec<Seq> = lacking.evidence().collect();
        // Whoever is told to have stopped has started again.
        let restarts = evidence.iter().filter_map(|seq| case.started_again(*seq));
        let restarts: Vec<Seq> = restarts.collect();
        evidence.extend(restarts);
        Told { clause, evidence }
    }
}

impl Case<'_> {
    /// Whether a record of the evidence tells whom one speaks of.
    fn names_node(&self, seq: Seq, node: NodeId) -> bool {
        self.record(seq).is_some_and(|record| match record.kind {
            Kind::Sent { from, to, .. } => [from, to].contains(&Place::Node(node)),
            Kind::HintKept { node: at, home, .. } | Kind::HintGone { node: at, home, .. } => {
                [at, home].contains(&node)
            }
            Kind::Crashed { node: of, .. }
            | Kind::Restored { node: of, .. }
            | Kind::Restarted { node: of }
            | Kind::Promoted { node: of, .. }
            | Kind::Discarded { node: of, .. }
            | Kind::Persisted { node: of, .. }
            | Kind::Stored { node: of, .. } => of == node,
            _ => false,
        })
    }

    /// The last message of a replica before a record.
    fn says_something(&self, node: NodeId, before: Seq) -> Option<Seq> {
        let end = self.trace.partition_point(|record| record.seq < before);
        let from_it = |record: &&Record| match record.kind {
            Kind::Sent { from, .. } => from == Place::Node(node),
            _ => false,
        };
        let mut records = self.trace[..end].iter().rev().take(LOOK_BACK);
        records.find(from_it).map(|record| record.seq)
    }

    /// Where a record tells of a crash: the restart after it.
    fn started_again(&self, crashed: Seq) -> Option<Seq> {
        let Kind::Crashed { node, .. } = self.record(crashed)?.kind else {
            return None;
        };
        let from = self.trace.partition_point(|record| record.seq < crashed);
        let mut after = self.trace[from..].iter();
        let restarted = after.find(|record| record.kind == Kind::Restarted { node });
        restarted.map(|record| record.seq)
    }
}

/// How many records one look back visits at the most.
const LOOK_BACK: usize = 4_000;

fn bit(node: NodeId) -> u16 {
    1 << node.0
}

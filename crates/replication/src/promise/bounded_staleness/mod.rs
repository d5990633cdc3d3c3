//! Bounded staleness: no answer is staler than its read path's budget allows.
//!
//! Broken when the answer to a read lacks an acknowledged write to the key that, at the instant of
//! answering, had been acknowledged for longer than the path allows; or lacks more acknowledged writes
//! to the key than the path allows. Per key: what a replica lacks of other keys makes no answer staler.
//!
//! *Acknowledged*: a leader or coordinator has said "done"; that the word is still on its way to the
//! client makes the write no younger. A write counts from then on for ever, also one that a failover
//! loses. What equals or supersedes it stands for it; of siblings one is enough.
//!
//! *The instant of answering* is when the replica that answers looks the key up. A leaderless read of
//! several copies is as of the first look made for it: a write that is acknowledged while it goes from
//! copy to copy may be missed.
//!
//! *The budget* is that of the read's path when the read was invoked, as the scenario has it. Where a
//! scenario writes read paths down, they are what is promised wherever reads are sent; the router of the
//! policy `lag_budget` only tries to keep it, from what replicas last reported. Where it writes none,
//! that policy has a path of its own, and under any other nothing is promised: unknown.
//!
//! Tested by each answer that could have broken it: something had been acknowledged for longer than the
//! path allows, or more than it allows had been acknowledged.
//!
//! Terry, "Replicated data consistency explained through baseball" (2013).

use smallvec::SmallVec;

use crate::engine::time::SimTime;
use crate::ids::{ClientId, Held, KeyId, NodeId, OpId, Vector, Version, WriteId};
use crate::promise::bounded_staleness::budgets::{Budget, Budgets};
use crate::promise::cause::{Lacking, Look, Missing, Since};
use crate::promise::evidence::in_order;
use crate::promise::shown::{self, Shown};
use crate::promise::{Case, Heard, Monitor, Promise, Violation, words};
use crate::scenario::Scenario;
use crate::trace::{Action, Kind, Record, Seq};

mod budgets;
#[cfg(test)]
mod tests;

/// How many missing writes a sentence names.
const NAMED_MAX: usize = 3;

/// The monitor.
#[derive(Clone, Debug)]
pub(super) struct BoundedStaleness {
    budgets: Budgets,
    /// By client: its open read, where that has a budget.
    reads: Vec<Option<Reading>>,
    /// By client: who has looked a key up for its open read, in order.
    looks: Vec<Vec<Looked>>,
    /// By write, from #1: those that are not acknowledged yet.
    open: Vec<Option<(KeyId, Seq)>>,
    /// By key: the acknowledged writes, in order.
    acked: Vec<Vec<Acked>>,
    checked: u32,
}

/// An open read.
#[derive(Clone, Copy, Debug)]
struct Reading {
    op: OpId,
    invoked: Seq,
    budget: Budget,
}

/// A replica has looked a key up.
#[derive(Clone, Copy, Debug)]
struct Looked {
    node: NodeId,
    key: KeyId,
    held: Held,
    seq: Seq,
    at: SimTime,
}

/// An acknowledged write.
#[derive(Clone, Copy, Debug)]
struct Acked {
    write: WriteId,
    version: Version,
    invoked: Seq,
    seq: Seq,
    at: SimTime,
    /// The newest of it and all before it, where versions are in one order.
    newest: Option<Version>,
    /// At least all dots of it and of all before it, where they are not.
    dots: Vector,
}

/// An answer that was too stale.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    read: Seq,
    key: KeyId,
    budget: Budget,
    look: Looked,
    shown: Shown,
    /// One that is too old to be missing; or so many that not all may be.
    missing: SmallVec<[Acked; 1]>,
}

impl BoundedStaleness {
    /// A monitor that has seen nothing yet.
    pub fn new(scenario: &Scenario) -> Self {
        let (clients, keys) = (scenario.clients.len(), usize::from(scenario.structure.keys));
        BoundedStaleness {
            budgets: Budgets::new(scenario),
            reads: vec![None; clients],
            looks: vec![Vec::new(); clients],
            open: Vec::new(),
            acked: vec![Vec::new(); keys],
            checked: 0,
        }
    }

    fn invoke(&mut self, op: OpId, action: Action, record: &Record) {
        let client = usize::from(op.client.0);
        self.reads[client] = None;
        match action {
            Action::Read { .. } => {
                self.looks[client].clear();
                let (seq, budget) = (record.seq, self.budgets.of(op, record.at));
                self.reads[client] = budget.map(|budget| Reading {
                    op,
                    invoked: seq,
                    budget,
                });
            }
            Action::Write { write, key, .. } => {
                let number = write.0 as usize;
                if self.open.len() < number {
                    self.open.resize(number, None);
                }
                self.open[number - 1] = Some((key, record.seq));
            }
        }
    }

    /// Somebody has said "done": for the first time, or again.
    fn acknowledge(&mut self, write: WriteId, version: Version, record: &Record) {
        let open = self.open.get_mut(write.0 as usize - 1);
        let Some((key, invoked)) = open.and_then(Option::take) else {
            return;
        };
        let acked = &mut self.acked[usize::from(key.0)];
        let (newest, mut dots) = match acked.last() {
            Some(last) => (last.newest, last.dots),
            None => (None, Vector::default()),
        };
        // The same write, sent again under its idempotency key, is no other one.
        if newest.is_some_and(|newest| newest.covers(&version))
            && acked.iter().any(|acked| acked.version == version)
        {
            return;
        }
        let newest = match version {
            Version::Dotted { dot, .. } => {
                dots.cover(dot);
                newest
            }
            _ => newest
                .filter(|newest| newest.covers(&version))
                .or(Some(version)),
        };
        acked.push(Acked {
            write,
            version,
            invoked,
            seq: record.seq,
            at: record.at,
            newest,
            dots,
        });
    }

    /// Judges an answer.
    fn judge(&mut self, what: &[Record], found: &mut Vec<Finding>) {
        let Kind::Saw {
            op,
            key,
            from,
            held,
        } = what[0].kind
        else {
            return;
        };
        let client = usize::from(op.client.0);
        let Some(read) = self.reads[client].filter(|read| read.op == op) else {
            return;
        };
        let mut looks = self.looks[client].iter().filter(|look| look.key == key);
        // A request that arrives twice is answered twice; one that arrives late, after the answer.
        let look = match read.budget.one_answers {
            true => looks.find(|look| look.node == from && look.held == held),
            false => looks.next(),
        };
        let Some(look) = look.copied() else {
            return;
        };
        let acked = &self.acked[usize::from(key.0)];
        let acked = &acked[..acked.partition_point(|acked| acked.seq < look.seq)];
        let old = read.budget.max_us.map_or(0, |max_us| {
            acked.partition_point(|acked| look.at.since_us(acked.at) > max_us)
        });
        let entries = read.budget.max_entries.map(|entries| entries as usize);
        let too_many = entries.is_some_and(|entries| acked.len() > entries);
        if old == 0 && !too_many {
            return;
        }
        self.checked += 1;
        let answer = Answer::of(what);
        let mut missing: SmallVec<[Acked; 1]> = SmallVec::new();
        if !answer.has_all(&acked[..old]) {
            missing.extend(answer.lacks(&acked[..old]).next());
        } else if let Some(entries) = entries.filter(|_| too_many && !answer.has_all(acked)) {
            missing.extend(answer.lacks(acked).take(entries + 1));
            if missing.len() <= entries {
                missing.clear();
            }
        }
        if !missing.is_empty() {
            found.push(Finding {
                read: read.invoked,
                key,
                budget: read.budget,
                look,
                shown: Shown::of(what),
                missing,
            });
        }
    }
}

/// What a read returned of a key.
struct Answer<'a> {
    saws: &'a [Record],
    /// Dots that it has for certain; what it has besides is found out one by one.
    dots: Vector,
}

impl<'a> Answer<'a> {
    fn of(saws: &'a [Record]) -> Self {
        let mut dots = Vector::default();
        let versions = || shown::held(saws).filter_map(|held| held.version);
        for version in versions() {
            if let Version::Dotted { seen, .. } = version {
                dots.join(&seen);
            }
        }
        for version in versions() {
            if let Version::Dotted { dot, .. } = version
                && dots.0[usize::from(dot.node.0)] + 1 == dot.counter
            {
                dots.cover(dot);
            }
        }
        Answer { saws, dots }
    }

    /// Whether it lacks none of these.
    fn has_all(&self, acked: &[Acked]) -> bool {
        let Some(last) = acked.last() else {
            return true;
        };
        match last.newest {
            Some(newest) => shown::covers(self.saws, newest),
            None => self.dots.covers_all(&last.dots) || self.lacks(acked).next().is_none(),
        }
    }

    /// Those that it lacks.
    fn lacks(&self, acked: &[Acked]) -> impl Iterator<Item = Acked> {
        // In one order, nothing is missing before the newest so far is.
        let has = |acked: &Acked| {
            let newest = acked.newest;
            newest.is_some_and(|newest| shown::covers(self.saws, newest))
        };
        let rest = acked[acked.partition_point(has)..].iter();
        rest.filter(|acked| !shown::covers(self.saws, acked.version))
            .copied()
    }
}

impl Monitor for BoundedStaleness {
    type Finding = Finding;
    const HEARS: Heard = Heard::CLIENTS.and(Heard::DONE).and(Heard::SERVED);

    fn observe(&mut self, what: &[Record], found: &mut Vec<Finding>) {
        if !self.budgets.are_set() {
            return;
        }
        let record = &what[0];
        match record.kind {
            Kind::Invoked { op, action } => self.invoke(op, action, record),
            Kind::Acknowledged { write, version, .. } => self.acknowledge(write, version, record),
            Kind::Served {
                node,
                op,
                key,
                held,
            } => {
                let client = usize::from(op.client.0);
                if self.reads[client].is_some_and(|read| read.op == op) {
                    self.looks[client].push(Looked {
                        node,
                        key,
                        held,
                        seq: record.seq,
                        at: record.at,
                    });
                }
            }
            Kind::Saw { .. } => self.judge(what, found),
            Kind::Ended { op, .. } => {
                let read = &mut self.reads[usize::from(op.client.0)];
                *read = read.filter(|read| read.op != op);
            }
            _ => {}
        }
    }

    fn checked(&self) -> u32 {
        self.checked
    }

    fn explain(&self, finding: &Finding, case: &Case<'_>) -> Violation {
        let Finding {
            read,
            key,
            budget,
            look,
            shown,
            ref missing,
        } = *finding;
        let (names, oldest) = (case.names(), missing[0]);
        let lacked = Missing {
            write: oldest.write,
            key,
            version: oldest.version,
        };
        let served = Look {
            node: look.node,
            served: look.seq,
        };
        let lacking = Lacking::at(case, served, lacked);
        let reader = match case.record(read).map(|record| record.kind) {
            Some(Kind::Invoked { op, .. }) => names.client(op.client),
            _ => "",
        };
        let (acker, writer) = match case.record(oldest.seq).map(|record| record.kind) {
            Some(Kind::Acknowledged { node, op, .. }) => (node, op.client),
            _ => (look.node, ClientId(0)),
        };
        let (key, node) = (names.key(key), names.node(look.node));
        let path = names_path(case.scenario, budget.path);
        let saw = words::all_shown(names, case.held(shown));
        let answered = match budget.one_answers {
            true => format!("{node} answered {reader}’s read of {key} with {saw}"),
            false => {
                format!(
                    "{reader}’s read of {key} came to {node} first, and was answered with {saw}"
                )
            }
        };
        let mut sentence = match budget.max_us {
            Some(max_us) if look.at.since_us(oldest.at) > max_us => format!(
                "{} said “done” to {}’s {} at {}. {} later {answered}, though “{path}” allows {}",
                names.node(acker),
                names.client(writer),
                case.write_in_words(oldest.write, oldest.invoked),
                words::moment(oldest.at),
                words::span(look.at.since_us(oldest.at)),
                words::span(max_us),
            ),
            _ => {
                let allowed = missing.len() - 1;
                let chips: Vec<String> = missing
                    .iter()
                    .take(NAMED_MAX)
                    .map(|acked| words::chip(acked.write).to_string())
                    .collect();
                let mut chips: Vec<&str> = chips.iter().map(String::as_str).collect();
                if missing.len() > NAMED_MAX {
                    chips.push("others");
                }
                format!(
                    "At {} {answered}, without {}, for which “done” had been said, though “{path}” allows \
                     {allowed} to be missing",
                    words::moment(look.at),
                    words::listed(&chips),
                )
            }
        };
        if let Some(cause) = lacking.told(case, lacked, Since::JustTold) {
            sentence.push_str(&format!(": {cause}"));
        }
        sentence.push('.');
        let mut evidence = vec![read, look.seq];
        evidence.extend(missing.iter().flat_map(|acked| [acked.invoked, acked.seq]));
        evidence.extend(lacking.evidence().chain(shown.seqs()));
        Violation {
            promise: Promise::BoundedStaleness,
            at: shown.last,
            evidence: in_order(evidence),
            title: format!("{reader}’s read of {key} was too stale"),
            sentence,
        }
    }
}

/// What a read path is called; its name can't change within a run.
fn names_path(scenario: &Scenario, path: u8) -> &str {
    let path = scenario.settings.paths.get(usize::from(path));
    path.map_or("", |path| path.name.as_str())
}

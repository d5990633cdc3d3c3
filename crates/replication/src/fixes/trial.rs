//! One run to its end: how each promise stands, what it cost, and what is true then.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::engine::time::SimTime;
use crate::ids::{Held, KeyId, NodeId, OpId, PartitionId, Place};
use crate::measure::{Latency, Operations, measure};
use crate::ordered::Ordered;
use crate::promise::{Promise, State};
use crate::run::{self, NodeView, Role, Run};
use crate::scenario::{ProtocolKind, Scenario};
use crate::trace::{Action, Kind, MessageKind, Outcome, Record};

/// What one run gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// How each promise stands at the end, in the order of [`Promise::ALL`].
    pub promises: Vec<Standing>,
    /// What the run cost.
    pub price: Price,
    /// What is true at the end, by key.
    pub truth: Vec<Truth>,
}

/// How a promise stands at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// How it stands.
    pub state: State,
    /// How often it was tested.
    pub checked: u32,
    /// How often it was broken.
    pub violations: u32,
    /// What happened the first time that it was broken, in a sentence or two.
    pub first: Option<String>,
}

/// What a run cost its clients and its busiest replica.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// From invoking a write to hearing "done"; `None` where none was.
    pub write_latency_us: Option<Latency>,
    /// From invoking a read to its answer; `None` where none was.
    pub read_latency_us: Option<Latency>,
    /// How writes ended.
    pub writes: Operations,
    /// How reads ended.
    pub reads: Operations,
    /// Who had the most to do; `None` where nobody had anything to.
    pub busiest: Option<Load>,
}

/// The replica that had the most to do: with leaders, of the clients' requests; without, of looking up and
/// storing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// Its name.
    pub node: String,
    /// How much of it came to this one.
    pub handled: u32,
    /// How much there was.
    pub of: u32,
}

impl Load {
    /// Its share, in percent.
    pub fn percent(&self) -> u32 {
        (u64::from(self.handled) * 100 / u64::from(self.of.max(1))) as u32
    }
}

/// What a key is in truth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Truth {
    /// The key's name.
    pub key: String,
    /// Its value in words: with one leader what that shows, else the highest version that anybody shows.
    /// Several are siblings.
    pub values: Vec<String>,
}

impl Trial {
    /// How a promise stood.
    pub fn of(&self, promise: Promise) -> &Standing {
        let place = Promise::ALL.iter().position(|other| *other == promise);
        &self.promises[place.expect("all promises are among all")]
    }

    /// What a run gave that has been to its end.
    pub fn of_run(run: &dyn Run) -> Self {
        Trial {
            promises: Promise::ALL.map(|promise| standing(run, promise)).into(),
            price: price(run),
            truth: truth(run),
        }
    }
}

/// Runs a scenario to its end, watches and measures.
pub fn trial(scenario: &Arc<Scenario>, seed: u64) -> Trial {
    let mut run = run::open(Arc::clone(scenario), seed);
    run.seek(SimTime(u64::MAX));
    Trial::of_run(run.as_ref())
}

fn standing(run: &dyn Run, promise: Promise) -> Standing {
    let verdict = run.verdict(promise);
    let mut violations = run.violations().iter();
    let first = violations.find(|violation| violation.promise == promise);
    Standing {
        state: verdict.state,
        checked: verdict.checked,
        violations: verdict.violations,
        first: first.map(|violation| violation.sentence.clone()),
    }
}

fn price(run: &dyn Run) -> Price {
    let records = &run.records()[..run.happened()];
    let metrics = measure(records, run.violations(), run.now());
    let (writes, reads) = outcomes(records);
    Price {
        write_latency_us: metrics.write_latency_us,
        read_latency_us: metrics.read_latency_us,
        writes,
        reads,
        busiest: busiest(records, run.scenario()),
    }
}

/// How writes ended, and how reads did.
fn outcomes(records: &[Record]) -> (Operations, Operations) {
    let mut open: Ordered<OpId, bool> = Ordered::default();
    let mut ended = [Operations::default(); 2];
    for record in records {
        match record.kind {
            Kind::Invoked { op, action } => {
                let reads = matches!(action, Action::Read { .. });
                open.insert(op, reads);
                ended[usize::from(reads)].pending += 1;
            }
            Kind::Ended { op, outcome } => {
                let Some(reads) = open.remove(op) else {
                    continue;
                };
                let counts = &mut ended[usize::from(reads)];
                counts.pending -= 1;
                match outcome {
                    Outcome::Written { .. } | Outcome::Answered => counts.ok += 1,
                    Outcome::Refused | Outcome::PositionLost => counts.refused += 1,
                    Outcome::Unknown => counts.unknown += 1,
                }
            }
            _ => {}
        }
    }
    let [writes, reads] = ended;
    (writes, reads)
}

fn busiest(records: &[Record], scenario: &Scenario) -> Option<Load> {
    let leaderless = scenario.structure.kind == ProtocolKind::Leaderless;
    let mut by_node = vec![0u32; scenario.names.nodes.len()];
    for record in records {
        let node = match record.kind {
            Kind::Served { node, .. } | Kind::Stored { node, .. } if leaderless => node,
            // At a replica that is down nothing is delivered.
            Kind::Delivered if !leaderless => {
                let sent = record.cause.map(|sent| records[sent.index()].kind);
                match sent {
                    Some(Kind::Sent {
                        from: Place::Client(_),
                        to: Place::Node(node),
                        message: MessageKind::Write | MessageKind::Read,
                        ..
                    }) => node,
                    _ => continue,
                }
            }
            _ => continue,
        };
        by_node[usize::from(node.0)] += 1;
    }
    let of = by_node.iter().sum();
    // Of several, the first.
    let handled = by_node.iter().copied().max()?;
    let node = by_node.iter().position(|count| *count == handled)?;
    (of > 0).then(|| Load {
        node: scenario.names.node(NodeId(node as u8)).to_owned(),
        handled,
        of,
    })
}

fn truth(run: &dyn Run) -> Vec<Truth> {
    let (nodes, scenario) = (run.nodes(), run.scenario());
    let names = &scenario.names;
    let keys = (0..scenario.structure.keys).map(KeyId);
    keys.map(|key| {
        let leader = leader_of(&nodes, scenario.partition_of(key));
        let held = match leader {
            Some(leader) => vec![leader.held[usize::from(key.0)]],
            None => newest(&nodes, key),
        };
        Truth {
            key: names.key(key).to_owned(),
            values: held.iter().map(|held| names.value(held.value)).collect(),
        }
    })
    .collect()
}

/// The leader of the highest epoch that runs, where there is one leader.
fn leader_of(nodes: &[NodeView], partition: PartitionId) -> Option<&NodeView> {
    let epoch = |node: &NodeView| {
        let log = node.logs.iter().find(|log| log.partition == partition)?;
        (node.up && log.role == Role::Leader).then_some(log.epoch)
    };
    let leading = nodes.iter().filter(|node| epoch(node).is_some());
    leading.max_by_key(|node| epoch(node))
}

/// What nothing that a replica shows, running or not, supersedes.
fn newest(nodes: &[NodeView], key: KeyId) -> Vec<Held> {
    let mut newest: Vec<Held> = Vec::new();
    for node in nodes {
        let held = node.held.get(usize::from(key.0)).copied();
        let siblings = node.siblings.iter().filter(|(other, _)| *other == key);
        for held in held.into_iter().chain(siblings.map(|(_, held)| *held)) {
            let covers = |one: &Held, other: &Held| match (one.version, other.version) {
                (Some(one), Some(other)) => one.covers(&other),
                (_, None) => true,
                (None, Some(_)) => false,
            };
            if !newest.iter().any(|other| covers(other, &held)) {
                newest.retain(|other| !covers(&held, other));
                newest.push(held);
            }
        }
    }
    newest
}

//! Clients: each a sequential session that does one thing after another and never retries by itself.
//!
//! An operation ends with an answer or a timeout. After a timeout the outcome is unknown, and stays
//! so: the write may have happened, and may still. "I am not the leader", or a timeout, makes the
//! client ask who is.

use std::collections::VecDeque;

use crate::engine::chance::{Address, Chance, Choice};
use crate::engine::time::SimTime;
use crate::ids::{
    Change, ClientId, Held, KeyId, KeySet, NodeId, OpId, PartitionId, Value, WriteId,
};
use crate::protocol::routing::{self, Knows};
use crate::protocol::{KnownLeader, Reply, Request};
use crate::run::ClientView;
use crate::scenario::{Act, Does, ProtocolKind, Scenario, Settings, Structure};
use crate::trace::{Action, Kind, Outcome};

/// A client, at a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Client {
    id: ClientId,
    /// The next step of its list, or how many random operations it has begun.
    step: u32,
    /// When that is due; `None` while an operation of the list is under way, or where there is none.
    due: Option<SimTime>,
    /// When its last random operation began.
    last_began: SimTime,
    scripted: VecDeque<Act>,
    scripted_begun: u32,
    busy: Option<Busy>,
    /// Who leads, by partition.
    leaders: Vec<KnownLeader>,
    sticky: Option<NodeId>,
    /// Replicas that did not answer, as bits.
    silent: u16,
    asked: u32,
    asked_at: SimTime,
    seen: Vec<Held>,
    believes: Vec<Value>,
}

#[derive(Clone, Debug, PartialEq)]
struct Busy {
    op: OpId,
    action: Action,
    /// Whom each part was sent to, until it has answered.
    parts: Vec<(PartitionId, NodeId)>,
    /// Whether it is of its list, so that the next step waits for it.
    planned: bool,
}

/// What a client has at hand while it handles something.
pub struct ClientCtx<'a> {
    /// True time: a client's clock matters to nothing here.
    pub now: SimTime,
    /// What is run.
    pub scenario: &'a Scenario,
    /// What is in force now.
    pub settings: &'a Settings,
    /// Chance, by address.
    pub chance: &'a mut Chance,
    /// How many writes there have been, by all clients.
    pub writes: &'a mut u32,
    /// How many operations there have been, by all clients.
    pub operations: &'a mut u32,
    /// What it wants done, in order.
    pub effects: &'a mut Vec<ClientEffect>,
}

/// What a client wants done.
#[derive(Debug)]
pub enum ClientEffect {
    /// Send to a replica.
    Send(NodeId, Request),
    /// Wake it at this time.
    WakeAt(SimTime),
    /// Tell it when it has waited for this operation for so many microseconds.
    Timeout(OpId, u64),
    /// Let it be known that this happened.
    Note(Kind),
}

impl Client {
    /// A client that has done nothing yet.
    pub fn new(id: ClientId, structure: &Structure) -> Self {
        let first_leader = KnownLeader {
            epoch: 0,
            node: Some(NodeId(0)),
        };
        Client {
            id,
            step: 0,
            due: None,
            last_began: SimTime::ZERO,
            scripted: VecDeque::new(),
            scripted_begun: 0,
            busy: None,
            leaders: vec![first_leader; usize::from(structure.partitions)],
            sticky: None,
            silent: 0,
            asked: 0,
            asked_at: SimTime::ZERO,
            seen: vec![Held::default(); usize::from(structure.keys)],
            believes: vec![Value::Absent; usize::from(structure.keys)],
        }
    }

    /// The run starts.
    pub fn on_start(&mut self, ctx: &mut ClientCtx<'_>) {
        self.plan_next(ctx);
    }

    /// A step may be due.
    pub fn on_wake(&mut self, ctx: &mut ClientCtx<'_>) {
        self.go_on(ctx);
    }

    /// The settings have changed: its pace may have.
    pub fn on_settings(&mut self, ctx: &mut ClientCtx<'_>) {
        let random = matches!(
            ctx.scenario.clients[usize::from(self.id.0)].does,
            Does::Random { .. }
        );
        if random && !self.busy.as_ref().is_some_and(|busy| busy.planned) {
            self.plan_next(ctx);
        }
    }

    /// Somebody has it do something out of its list.
    pub fn on_scripted(&mut self, act: Act, ctx: &mut ClientCtx<'_>) {
        self.scripted.push_back(act);
        self.go_on(ctx);
    }

    /// An answer arrives; one for an operation that is over is ignored.
    pub fn on_reply(&mut self, from: NodeId, reply: Reply, ctx: &mut ClientCtx<'_>) {
        self.silent &= !bit(from);
        match reply {
            Reply::Done { op, version } => {
                let Some(busy) = self.busy.as_ref().filter(|busy| busy.op == op) else {
                    return;
                };
                if let Action::Write { key, change, .. } = busy.action {
                    let believed = &mut self.believes[usize::from(key.0)];
                    *believed = change.applied_to(*believed);
                }
                self.end(Outcome::Written { version }, ctx);
            }
            Reply::Answer {
                op,
                partition,
                items,
            } => {
                let Some(busy) = self.busy.as_mut().filter(|busy| busy.op == op) else {
                    return;
                };
                busy.parts.retain(|(part, _)| *part != partition);
                let done = busy.parts.is_empty();
                for (key, from, held) in items {
                    self.seen[usize::from(key.0)] = held;
                    self.believes[usize::from(key.0)] = held.value;
                    ctx.effects.push(ClientEffect::Note(Kind::Saw {
                        op,
                        key,
                        from,
                        held,
                    }));
                }
                if done {
                    self.end(Outcome::Answered, ctx);
                }
            }
            Reply::NotLeader {
                op,
                partition,
                leader,
            } => {
                self.hear_of(partition, leader);
                if leader.node.is_none() {
                    self.ask_all(ctx);
                }
                if self.busy.as_ref().is_some_and(|busy| busy.op == op) {
                    self.end(Outcome::Refused, ctx);
                }
            }
            Reply::Told { leaders, .. } => {
                for (i, leader) in leaders.into_iter().enumerate() {
                    self.hear_of(PartitionId(i as u8), leader);
                }
            }
        }
    }

    /// It has waited long enough.
    pub fn on_timeout(&mut self, op: OpId, ctx: &mut ClientCtx<'_>) {
        let Some(busy) = self.busy.as_ref().filter(|busy| busy.op == op) else {
            return;
        };
        let silent = busy
            .parts
            .iter()
            .fold(0, |bits, (_, node)| bits | bit(*node));
        self.silent |= silent;
        if let Some(sticky) = self.sticky
            && silent & bit(sticky) != 0
        {
            self.sticky = Some(routing::next_answering(
                sticky,
                self.silent,
                &ctx.scenario.structure,
            ));
        }
        self.ask_all(ctx);
        self.end(Outcome::Unknown, ctx);
    }

    /// What it looks like.
    pub fn view(&self) -> ClientView {
        ClientView {
            id: self.id,
            busy: self.busy.as_ref().map(|busy| busy.op),
            seen: self.seen.clone(),
            believes: self.believes.clone(),
        }
    }

    /// Begins what is due, if it is free.
    fn go_on(&mut self, ctx: &mut ClientCtx<'_>) {
        while self.busy.is_none() {
            if let Some(act) = self.scripted.pop_front() {
                let number = OpId::SCRIPTED + self.scripted_begun;
                self.scripted_begun += 1;
                self.begin(act, number, false, ctx);
            } else if self.due.is_some_and(|due| due <= ctx.now) {
                self.due = None;
                self.begin_planned(ctx);
            } else {
                return;
            }
        }
    }

    fn begin_planned(&mut self, ctx: &mut ClientCtx<'_>) {
        let number = self.step;
        self.step += 1;
        match &ctx.scenario.clients[usize::from(self.id.0)].does {
            Does::Steps(steps) => {
                let step = &steps[number as usize];
                let as_seen =
                    |(key, value): &(KeyId, Value)| self.seen[usize::from(key.0)].value == *value;
                if step.when_saw.iter().all(as_seen) {
                    self.begin(step.act, number, true, ctx);
                } else {
                    self.plan_next(ctx);
                }
            }
            Does::Random { keys } => {
                self.last_began = ctx.now;
                let op = OpId {
                    client: self.id,
                    number,
                };
                let rates = ctx.settings.rates[usize::from(self.id.0)];
                let total = rates.writes_per_s + rates.reads_per_s;
                let writes =
                    ctx.chance
                        .draw(Address::choice(Choice::WriteOrRead, op, PartitionId(0)));
                let act = if writes.uniform() * total < rates.writes_per_s {
                    let key = keys[writes.pick(keys.len())];
                    // Its own number: unique, and what the chip shows.
                    Act::Write(key, Change::Set(Value::Number(i64::from(*ctx.writes) + 1)))
                } else {
                    Act::Read(keys.iter().copied().collect())
                };
                self.begin(act, number, true, ctx);
            }
        }
    }

    /// Sees to it that it wakes for the next step.
    fn plan_next(&mut self, ctx: &mut ClientCtx<'_>) {
        self.due = match &ctx.scenario.clients[usize::from(self.id.0)].does {
            Does::Steps(steps) => steps
                .get(self.step as usize)
                .map(|step| ctx.now.after_us(step.wait_us)),
            Does::Random { .. } => {
                let rates = ctx.settings.rates[usize::from(self.id.0)];
                let per_s = rates.writes_per_s + rates.reads_per_s;
                let op = OpId {
                    client: self.id,
                    number: self.step,
                };
                let pace = ctx
                    .chance
                    .draw(Address::choice(Choice::Pace, op, PartitionId(0)));
                // A Poisson process, but for one thing: an operation waits for the one before.
                let gap_us = -libm::log1p(-pace.uniform()) / per_s * 1e6;
                (per_s > 0.0).then(|| self.last_began.after_us(gap_us as u64).max(ctx.now))
            }
        };
        if let Some(due) = self.due {
            ctx.effects.push(ClientEffect::WakeAt(due));
        }
    }

    fn begin(&mut self, act: Act, number: u32, planned: bool, ctx: &mut ClientCtx<'_>) {
        let (structure, op) = (
            &ctx.scenario.structure,
            OpId {
                client: self.id,
                number,
            },
        );
        *ctx.operations += 1;
        let (action, keys) = match act {
            Act::Write(key, change) => {
                *ctx.writes += 1;
                let change = match (structure.kind, change) {
                    // No replica there adds: the application reads, adds, and sets.
                    (ProtocolKind::Leaderless, Change::Add(_)) => {
                        Change::Set(change.applied_to(self.believes[usize::from(key.0)]))
                    }
                    _ => change,
                };
                (
                    Action::Write {
                        write: WriteId(*ctx.writes),
                        key,
                        change,
                    },
                    KeySet::from_iter([key]),
                )
            }
            Act::Read(keys) => (Action::Read { keys }, keys),
        };
        ctx.effects
            .push(ClientEffect::Note(Kind::Invoked { op, action }));
        let mut parts = Vec::new();
        for partition in (0..structure.partitions).map(PartitionId) {
            let here: KeySet = keys
                .iter()
                .filter(|key| structure.partition_of(*key) == partition)
                .collect();
            if here.is_empty() {
                continue;
            }
            let part = match action {
                Action::Read { .. } => Action::Read { keys: here },
                write => write,
            };
            let knows = self.knows(partition, structure, ctx.chance);
            let (node, by_leader) = routing::target(
                op,
                action,
                partition,
                knows,
                structure,
                ctx.settings,
                ctx.chance,
            );
            parts.push((partition, node));
            ctx.effects.push(ClientEffect::Send(
                node,
                Request::Do {
                    op,
                    action: part,
                    partition,
                    by_leader,
                },
            ));
        }
        self.busy = Some(Busy {
            op,
            action,
            parts,
            planned,
        });
        ctx.effects
            .push(ClientEffect::Timeout(op, ctx.settings.client_timeout_us));
        if self.silent != 0 && ctx.now.since_us(self.asked_at) >= ctx.settings.client_timeout_us {
            // Perhaps they are back.
            self.ask(self.silent, ctx);
        }
    }

    fn end(&mut self, outcome: Outcome, ctx: &mut ClientCtx<'_>) {
        let Some(busy) = self.busy.take() else { return };
        ctx.effects.push(ClientEffect::Note(Kind::Ended {
            op: busy.op,
            outcome,
        }));
        if busy.planned {
            self.plan_next(ctx);
        }
        self.go_on(ctx);
    }

    fn knows(
        &mut self,
        partition: PartitionId,
        structure: &Structure,
        chance: &mut Chance,
    ) -> Knows {
        let session = OpId {
            client: self.id,
            number: 0,
        };
        let sticky = *self.sticky.get_or_insert_with(|| {
            let draw = chance.draw(Address::choice(Choice::Target, session, PartitionId(0xff)));
            NodeId(draw.pick(usize::from(structure.nodes)) as u8)
        });
        let leader = self.leaders[usize::from(partition.0)]
            .node
            .unwrap_or(NodeId(0));
        Knows {
            leader,
            sticky,
            silent: self.silent,
        }
    }

    fn hear_of(&mut self, partition: PartitionId, leader: KnownLeader) {
        if let Some(known) = self.leaders.get_mut(usize::from(partition.0))
            && leader.node.is_some()
            && leader.epoch >= known.epoch
        {
            *known = leader;
        }
    }

    fn ask_all(&mut self, ctx: &mut ClientCtx<'_>) {
        self.ask(u16::MAX, ctx);
    }

    fn ask(&mut self, whom: u16, ctx: &mut ClientCtx<'_>) {
        let structure = &ctx.scenario.structure;
        if structure.proxy().is_some() {
            // There is nobody else to go to.
            return;
        }
        let request = Request::Ask {
            client: self.id,
            number: self.asked,
        };
        self.asked += 1;
        self.asked_at = ctx.now;
        for node in structure.replicas().filter(|node| whom & bit(*node) != 0) {
            ctx.effects.push(ClientEffect::Send(node, request));
        }
    }
}

fn bit(node: NodeId) -> u16 {
    1 << node.0
}

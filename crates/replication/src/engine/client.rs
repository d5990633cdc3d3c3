//! Clients: each a sequential session that does one thing after another and never retries by itself.
//!
//! An operation ends with an answer or a timeout. After a timeout the outcome is unknown, and stays
//! so: the write may have happened, and may still. "I am not the leader", or a timeout, makes the
//! client ask who is.

use std::collections::VecDeque;

use crate::engine::chance::{Address, Chance, Choice};
use crate::engine::time::SimTime;
use crate::ids::{
    Change, ClientId, Dot, Held, IdempotencyKey, ItemId, KeyId, KeySet, NodeId, OpId, PartitionId,
    Position, Value, Vector, Version, WriteId,
};
use crate::protocol::routing::{self, Knows};
use crate::protocol::{Items, KnownLeader, Lag, Reply, Request, Terms};
use crate::run::ClientView;
use crate::scenario::{
    Act, Deed, Does, ProtocolKind, RandomChanges, ReadPolicy, Scenario, Settings, Structure, When,
};
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
    /// Whether what it did last of its list got no answer.
    unanswered: bool,
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
    /// When it last wrote, or was told that a write was done.
    wrote_at: Option<SimTime>,
    seen: Vec<Held>,
    siblings: Vec<(KeyId, Held)>,
    believes: Vec<Value>,
    /// Version vectors: by key, what it has seen and written.
    contexts: Vec<Vector>,
    /// By partition, the latest entry that it was told of or saw.
    tokens: Vec<Position>,
    reported: Reported,
    /// Under which idempotency keys it was told "done".
    told_done: Vec<IdempotencyKey>,
}

/// What replicas have told a client of their lag.
#[derive(Clone, Debug, Default, PartialEq)]
struct Reported {
    /// By partition and replica.
    lags: Vec<Vec<Option<Lag>>>,
    /// Those past the hard bound, as bits.
    evicted: u16,
    /// When to ask again.
    due: Option<SimTime>,
}

#[derive(Clone, Debug, PartialEq)]
struct Busy {
    op: OpId,
    action: Action,
    act: Act,
    /// How often a part of it was sent elsewhere.
    attempt: u8,
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
            unanswered: false,
            scripted: VecDeque::new(),
            scripted_begun: 0,
            busy: None,
            leaders: vec![first_leader; usize::from(structure.partitions)],
            sticky: None,
            silent: 0,
            asked: 0,
            asked_at: SimTime::ZERO,
            wrote_at: None,
            seen: vec![Held::default(); usize::from(structure.keys)],
            siblings: Vec::new(),
            contexts: vec![Vector::default(); usize::from(structure.keys)],
            tokens: vec![Position::default(); usize::from(structure.partitions)],
            reported: Reported {
                lags: vec![
                    vec![None; usize::from(structure.nodes)];
                    usize::from(structure.partitions)
                ],
                ..Reported::default()
            },
            believes: vec![Value::Absent; usize::from(structure.keys)],
            told_done: Vec::new(),
        }
    }

    /// The run starts.
    pub fn on_start(&mut self, ctx: &mut ClientCtx<'_>) {
        self.plan_next(ctx);
        self.ask_for_lags(ctx);
    }

    /// A step may be due.
    pub fn on_wake(&mut self, ctx: &mut ClientCtx<'_>) {
        self.ask_for_lags(ctx);
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
        self.ask_for_lags(ctx);
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
                    let again = busy.act.idempotency_key;
                    if again.is_none_or(|again| !self.told_done.contains(&again)) {
                        let believed = &mut self.believes[usize::from(key.0)];
                        *believed = change.applied_to(*believed);
                    }
                    self.told_done.extend(again);
                    if !self.would_hide_others(key, version) {
                        self.know(key, version, ctx.scenario);
                    }
                    self.wrote_at = Some(ctx.now);
                }
                self.end(Outcome::Written { version }, ctx);
            }
            Reply::Answer {
                op,
                partition,
                items,
                upto,
            } => {
                let Some(busy) = self.busy.as_mut().filter(|busy| busy.op == op) else {
                    return;
                };
                busy.parts.retain(|(part, _)| *part != partition);
                let done = busy.parts.is_empty();
                let token = &mut self.tokens[usize::from(partition.0)];
                *token = (*token).max(upto);
                self.see(op, &items, ctx);
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
            Reply::TooStale { op, partition } => self.turn_to_leader(op, partition, ctx),
            Reply::PositionLost { op, .. } => {
                if self.busy.as_ref().is_some_and(|busy| busy.op == op) {
                    // What it names is gone for good: from now on it starts from what there is.
                    self.tokens.fill(Position::default());
                    self.end(Outcome::PositionLost, ctx);
                }
            }
            Reply::Refused { op } => {
                if self.busy.as_ref().is_some_and(|busy| busy.op == op) {
                    self.end(Outcome::Refused, ctx);
                }
            }
            Reply::Told { leaders, lags, .. } => {
                for (i, leader) in leaders.into_iter().enumerate() {
                    self.hear_of(PartitionId(i as u8), leader);
                }
                self.hear_of_lags(from, &lags, ctx);
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
            siblings: self.siblings.clone(),
            tokens: self.tokens.clone(),
            evicted: self.reported.evicted,
            believes: self.believes.clone(),
        }
    }

    /// Takes in what a read returned; siblings stand after one another.
    fn see(&mut self, op: OpId, items: &Items, ctx: &mut ClientCtx<'_>) {
        let mut last = None;
        for (key, from, held) in items.iter().copied() {
            let at = usize::from(key.0);
            if last == Some(key) {
                self.siblings.push((key, held));
                self.believes[at] = both(self.believes[at], held.value);
            } else {
                self.siblings.retain(|(other, _)| *other != key);
                self.seen[at] = held;
                self.believes[at] = held.value;
            }
            last = Some(key);
            if let Some(version) = held.version {
                self.know(key, version, ctx.scenario);
            }
            ctx.effects.push(ClientEffect::Note(Kind::Saw {
                op,
                key,
                from,
                held,
            }));
        }
    }

    /// A version that it was told of or saw is part of what it knows from now on.
    fn know(&mut self, key: KeyId, version: Version, scenario: &Scenario) {
        match version {
            Version::Log(position) => {
                let token = &mut self.tokens[usize::from(scenario.partition_of(key).0)];
                *token = (*token).max(position);
            }
            Version::Dotted { dot, seen } => {
                let context = &mut self.contexts[usize::from(key.0)];
                context.join(&seen);
                context.cover(dot);
            }
            Version::Stamp { .. } | Version::Revision { .. } => {}
        }
    }

    /// Version vectors: whether to know of its own write would be to claim that it has seen what others
    /// wrote at that node before. A vector can't leave those out; the next read shows them all.
    fn would_hide_others(&self, key: KeyId, version: Version) -> bool {
        let Version::Dotted { dot, .. } = version else {
            return false;
        };
        let before = Dot {
            counter: dot.counter.saturating_sub(1),
            ..dot
        };
        !self.contexts[usize::from(key.0)].covers(before)
    }

    /// A replica does not have what the session token names: the leader is asked.
    fn turn_to_leader(&mut self, op: OpId, partition: PartitionId, ctx: &mut ClientCtx<'_>) {
        let leader = self.leaders[usize::from(partition.0)]
            .node
            .unwrap_or(NodeId(0));
        let Some(busy) = self.busy.as_mut().filter(|busy| busy.op == op) else {
            return;
        };
        let Some(part) = busy.parts.iter_mut().find(|(part, _)| *part == partition) else {
            return;
        };
        part.1 = leader;
        busy.attempt = busy.attempt.saturating_add(1);
        let (act, attempt) = (busy.act, busy.attempt);
        self.send_part(op, act, partition, leader, true, attempt, ctx);
    }

    fn hear_of_lags(&mut self, from: NodeId, lags: &[Lag], ctx: &mut ClientCtx<'_>) {
        for (of_partition, lag) in self.reported.lags.iter_mut().zip(lags) {
            if let Some(known) = of_partition.get_mut(usize::from(from.0)) {
                *known = Some(*lag);
            }
        }
        let ReadPolicy::LagBudget {
            evict_us,
            return_us,
            ..
        } = ctx.settings.reads
        else {
            return;
        };
        let (client, node) = (self.id, from);
        let lag_us = lags.iter().map(|lag| lag.us).max().unwrap_or(0);
        let is_out = self.reported.evicted & bit(from) != 0;
        if !is_out && lag_us > evict_us {
            self.reported.evicted |= bit(from);
            ctx.effects.push(ClientEffect::Note(Kind::Evicted {
                client,
                node,
                lag_us,
            }));
        } else if is_out && lag_us <= return_us {
            self.reported.evicted &= !bit(from);
            ctx.effects
                .push(ClientEffect::Note(Kind::LetBack { client, node }));
        }
    }

    /// Lag budget: asks every replica for its lag, again and again.
    fn ask_for_lags(&mut self, ctx: &mut ClientCtx<'_>) {
        let ReadPolicy::LagBudget { report_us, .. } = ctx.settings.reads else {
            self.reported.due = None;
            return;
        };
        if ctx.scenario.structure.kind == ProtocolKind::SingleLeader
            && self.reported.due.is_none_or(|due| due <= ctx.now)
        {
            let due = ctx.now.after_us(report_us);
            self.reported.due = Some(due);
            ctx.effects.push(ClientEffect::WakeAt(due));
            self.ask_all(ctx);
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
                let as_seen = |(key, value): &(KeyId, Value)| self.sees(*key) == *value;
                let When { saw, unanswered } = &step.when;
                if saw.iter().all(as_seen) && (self.unanswered || !unanswered) {
                    self.begin(step.act, number, true, ctx);
                } else {
                    self.plan_next(ctx);
                }
            }
            Does::Random { keys, changes } => {
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
                let deed = if writes.uniform() * total < rates.writes_per_s {
                    let key = keys[writes.pick(keys.len())];
                    Deed::Write(key, self.random_change(op, *changes, ctx))
                } else {
                    Deed::Read(keys.iter().copied().collect())
                };
                let act = Act {
                    deed,
                    quorum: None,
                    path: 0,
                    idempotency_key: None,
                };
                self.begin(act, number, true, ctx);
            }
        }
    }

    fn random_change(&self, op: OpId, changes: RandomChanges, ctx: &mut ClientCtx<'_>) -> Change {
        match changes {
            // Its own number: unique, and what the chip shows.
            RandomChanges::Write => Change::Set(Value::Number(i64::from(*ctx.writes) + 1)),
            RandomChanges::Add => Change::Add(1),
            RandomChanges::Items => {
                let draw = ctx
                    .chance
                    .draw(Address::choice(Choice::Item, op, PartitionId(0)));
                let item = ItemId(draw.pick(ctx.scenario.names.items.len().max(1)) as u8);
                // Twice as often in as out.
                if draw.oddity % 3 < 2 {
                    Change::Insert(item)
                } else {
                    Change::Remove(item)
                }
            }
        }
    }

    /// What it last saw of a key, as one value.
    fn sees(&self, key: KeyId) -> Value {
        let siblings = self.siblings.iter().filter(|(other, _)| *other == key);
        siblings.fold(self.seen[usize::from(key.0)].value, |value, (_, held)| {
            both(value, held.value)
        })
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
        let (action, keys) = match act.deed {
            Deed::Write(key, change) => {
                *ctx.writes += 1;
                self.wrote_at = Some(ctx.now);
                let change = match (structure.kind, change) {
                    (_, Change::Set(_)) => change,
                    // No replica there adds: the application reads, adds, and sets.
                    (ProtocolKind::Leaderless, _) => {
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
            Deed::Read(keys) => (Action::Read { keys }, keys),
        };
        ctx.effects
            .push(ClientEffect::Note(Kind::Invoked { op, action }));
        let mut parts = Vec::new();
        for partition in (0..structure.partitions).map(PartitionId) {
            let first = keys
                .iter()
                .find(|key| structure.partition_of(*key) == partition);
            let Some(key) = first else { continue };
            let sticky = self.sticky(structure, ctx.chance);
            let knows = Knows {
                client: self.id,
                leader: self.leaders[usize::from(partition.0)]
                    .node
                    .unwrap_or(NodeId(0)),
                sticky,
                silent: self.silent,
                since_write_us: self.wrote_at.map(|at| ctx.now.since_us(at)),
                lags: &self.reported.lags[usize::from(partition.0)],
                evicted: self.reported.evicted,
            };
            let (node, by_leader) = routing::target(
                op,
                act,
                (partition, key),
                knows,
                structure,
                ctx.settings,
                ctx.chance,
            );
            parts.push((partition, node, by_leader));
        }
        self.busy = Some(Busy {
            op,
            action,
            act,
            attempt: 0,
            parts: parts
                .iter()
                .map(|(partition, node, _)| (*partition, *node))
                .collect(),
            planned,
        });
        for (partition, node, by_leader) in parts {
            self.send_part(op, act, partition, node, by_leader, 0, ctx);
        }
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
            self.unanswered = outcome == Outcome::Unknown;
            self.plan_next(ctx);
        }
        self.go_on(ctx);
    }

    /// Sends the part of an operation that concerns one partition.
    #[allow(clippy::too_many_arguments)]
    fn send_part(
        &mut self,
        op: OpId,
        act: Act,
        partition: PartitionId,
        node: NodeId,
        by_leader: bool,
        attempt: u8,
        ctx: &mut ClientCtx<'_>,
    ) {
        let Some(busy) = &self.busy else { return };
        let structure = &ctx.scenario.structure;
        let mut terms = Terms {
            quorum: act.quorum,
            attempt,
            ..Terms::default()
        };
        let action = match busy.action {
            Action::Read { keys } => {
                if let ReadPolicy::SessionToken { .. } = ctx.settings.reads
                    && structure.kind == ProtocolKind::SingleLeader
                {
                    terms.token = Some(self.tokens[usize::from(partition.0)]);
                }
                let here = keys
                    .iter()
                    .filter(|key| structure.partition_of(*key) == partition);
                Action::Read {
                    keys: here.collect(),
                }
            }
            Action::Write { write, key, change } => {
                let context = self.contexts[usize::from(key.0)];
                terms.seen = (context != Vector::default()).then(|| Box::new(context));
                terms.idempotency_key = act.idempotency_key;
                Action::Write { write, key, change }
            }
        };
        ctx.effects.push(ClientEffect::Send(
            node,
            Request::Do {
                op,
                action,
                partition,
                by_leader,
                terms,
            },
        ));
    }

    /// The replica that it sticks to, drawn once.
    fn sticky(&mut self, structure: &Structure, chance: &mut Chance) -> NodeId {
        let session = OpId {
            client: self.id,
            number: 0,
        };
        *self.sticky.get_or_insert_with(|| {
            let draw = chance.draw(Address::choice(Choice::Target, session, PartitionId(0xff)));
            NodeId(draw.pick(usize::from(structure.nodes)) as u8)
        })
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
            ctx.effects.push(ClientEffect::Send(node, request.clone()));
        }
    }
}

fn bit(node: NodeId) -> u16 {
    1 << node.0
}

/// What an application makes of two siblings: of sets all that is in either, else the greater.
fn both(one: Value, other: Value) -> Value {
    match (one, other) {
        (Value::Set(one), Value::Set(other)) => Value::Set(one.union(other)),
        _ => one.max(other),
    }
}

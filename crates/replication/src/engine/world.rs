//! The world: replicas, clients and the network between them, advanced one event at a time.
//!
//! A world holds everything that the future depends on and nothing of the past: the trace lives in
//! the sink, so that a world can be kept as a checkpoint. The script is pulled as time reaches it and
//! never enqueued up front, so that what will be done later can't change what happens before.

use std::sync::Arc;

use crate::engine::chance::{Address, Chance, Topic};
use crate::engine::client::{Client, ClientCtx, ClientEffect};
use crate::engine::queue::Queue;
use crate::engine::time::{LocalTime, SimTime};
use crate::ids::{ClientId, NodeId, OpId, PartitionId, Place, WriteId};
use crate::ordered::{Ordered, sort_by_key};
use crate::protocol::{Ctx, Disk, Effect, Message, Replica, Reply, Request};
use crate::run::{ClientView, End, NodeView, Role};
use crate::scenario::{Intervention, Scenario, Settings, Target};
use crate::trace::{Carries, Kind, MessageKind, Record, Seq, Sink};

/// A simulated system at a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct World<R: Replica> {
    scenario: Arc<Scenario>,
    settings: Arc<Settings>,
    chance: Chance,
    now: SimTime,
    queue: Queue<Event<R>>,
    nodes: Vec<Node<R>>,
    clients: Vec<Client>,
    /// When the last message on an ordered link arrives.
    ordered: Ordered<(NodeId, NodeId, PartitionId), SimTime>,
    scripted: usize,
    crashed_leader: Option<NodeId>,
    records: u32,
    operations: u32,
    writes: u32,
    in_flight: u32,
    ended: Option<End>,
    scratch: Scratch<R>,
}

/// Room for effects, kept to save allocations. Always empty between steps: no part of the state.
#[derive(Debug)]
struct Scratch<R: Replica>(Vec<Effect<R>>);

impl<R: Replica> Clone for Scratch<R> {
    fn clone(&self) -> Self {
        Scratch(Vec::new())
    }
}

impl<R: Replica> PartialEq for Scratch<R> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// A place for a replica: the machine, with its disk.
#[derive(Clone, Debug, PartialEq)]
struct Node<R: Replica> {
    /// `None` while it is down.
    replica: Option<R>,
    disk: R::Disk,
    /// How often it has crashed: what an earlier life set going does not reach a later one.
    life: u32,
    /// When the disk has done what was asked of it so far.
    disk_free: SimTime,
    timers: Ordered<R::Timer, Armed>,
}

/// A timer. Most are set anew before they go off, so it has one event in the queue, which when it
/// comes too early is put off.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Armed {
    /// When it goes off; `None` once cancelled.
    at: Option<SimTime>,
    /// When its event comes.
    queued: SimTime,
}

#[derive(Clone, Debug, PartialEq)]
struct Event<R: Replica> {
    cause: Option<Seq>,
    what: What<R>,
}

#[derive(Clone, Debug, PartialEq)]
enum What<R: Replica> {
    Deliver {
        to: Place,
        packet: Packet<R::Message>,
    },
    /// A lost message ends.
    Lose,
    Timer {
        node: NodeId,
        life: u32,
        timer: R::Timer,
    },
    Persisted {
        node: NodeId,
        life: u32,
        change: <R::Disk as Disk>::Change,
    },
    ClientWake {
        client: ClientId,
    },
    ClientTimeout {
        op: OpId,
    },
}

#[derive(Clone, Debug, PartialEq)]
enum Packet<M> {
    Request(Request),
    Reply { from: NodeId, reply: Reply },
    Peer { from: NodeId, message: M },
}

impl<R: Replica> World<R> {
    /// A world at the start of a run.
    pub fn new(scenario: Arc<Scenario>, seed: u64) -> Self {
        let structure = &scenario.structure;
        let places = structure.replicas().chain(structure.proxy());
        let nodes = places
            .map(|id| Node {
                replica: Some(R::new(id, structure)),
                disk: R::Disk::empty(structure),
                life: 0,
                disk_free: SimTime::ZERO,
                timers: Ordered::default(),
            })
            .collect();
        let clients = (0..scenario.clients.len())
            .map(|i| Client::new(ClientId(i as u8), structure))
            .collect();
        World {
            settings: Arc::new(scenario.settings.clone()),
            chance: Chance::new(seed),
            now: SimTime::ZERO,
            queue: Queue::new(),
            nodes,
            clients,
            ordered: Ordered::default(),
            scripted: 0,
            crashed_leader: None,
            records: 0,
            operations: 0,
            writes: 0,
            in_flight: 0,
            ended: None,
            scratch: Scratch(Vec::new()),
            scenario,
        }
    }

    /// Starts every replica and client. Call it once, before the first step.
    pub fn start(&mut self, sink: &mut dyn Sink) {
        let mut step = Step {
            world: self,
            sink,
            cause: None,
        };
        for i in 0..step.world.nodes.len() {
            step.replica(NodeId(i as u8), |replica, ctx| replica.on_start(ctx));
        }
        for i in 0..step.world.clients.len() {
            step.client(ClientId(i as u8), Client::on_start);
        }
    }

    /// When the next thing happens, if anything does.
    pub fn next_at(&self) -> Option<SimTime> {
        let scripted = self
            .scenario
            .script
            .get(self.scripted)
            .map(|entry| entry.at);
        match (scripted, self.queue.next_at()) {
            (Some(script), Some(event)) => Some(script.min(event)),
            (script, event) => script.or(event),
        }
    }

    /// Lets the next thing happen. Returns whether anything did: `false` once the run has ended.
    pub fn step(&mut self, sink: &mut dyn Sink) -> bool {
        if self.ended.is_some() {
            return false;
        }
        let Some(at) = self.next_at() else {
            self.ended = Some(End::Quiet);
            return false;
        };
        if at > self.scenario.limits.time {
            self.now = self.scenario.limits.time;
            self.ended = Some(End::Time);
            return false;
        }
        self.now = at;
        let scripted = self
            .scenario
            .script
            .get(self.scripted)
            .is_some_and(|entry| entry.at == at);
        if scripted {
            self.scripted += 1;
            let scenario = Arc::clone(&self.scenario);
            let entry = &scenario.script[self.scripted - 1];
            Step {
                world: self,
                sink,
                cause: None,
            }
            .intervene(entry.entry, &entry.does);
        } else if let Some((_, event)) = self.queue.pop() {
            Step {
                world: self,
                sink,
                cause: event.cause,
            }
            .happen(event.what);
        }
        let limits = self.scenario.limits;
        if self.records >= limits.records {
            self.ended = Some(End::Records);
        } else if self.operations >= limits.operations {
            self.ended = Some(End::Operations);
        } else if self.in_flight >= limits.in_flight {
            self.ended = Some(End::InFlight);
        }
        true
    }

    /// The same world under a scenario that differs in its future script alone.
    pub fn under(&self, scenario: Arc<Scenario>) -> Self {
        World {
            scenario,
            ended: None,
            ..self.clone()
        }
    }

    /// When the last thing happened; the end of the run once it has ended.
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// Why the run has ended, if it has.
    pub fn ended(&self) -> Option<End> {
        self.ended
    }

    /// The settings in force.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// How many records it has made.
    pub fn records(&self) -> u32 {
        self.records
    }

    /// What the replicas look like, and last the proxy where there is one.
    pub fn nodes(&self) -> Vec<NodeView> {
        let structure = &self.scenario.structure;
        let view = |(i, node): (usize, &Node<R>)| {
            let id = NodeId(i as u8);
            match &node.replica {
                Some(replica) => replica.view(&self.settings),
                // What is on the disk of one that is down is what it would start again with.
                None => NodeView {
                    up: false,
                    ..R::recover(id, structure, &self.settings, &node.disk).view(&self.settings)
                },
            }
        };
        self.nodes.iter().enumerate().map(view).collect()
    }

    /// What the clients look like.
    pub fn clients(&self) -> Vec<ClientView> {
        self.clients.iter().map(Client::view).collect()
    }

    /// The records of what is on the wire, oldest first.
    pub fn in_flight(&self) -> Vec<Seq> {
        let on_the_wire = |event: &Event<R>| match event.what {
            What::Deliver { .. } | What::Lose => event.cause,
            _ => None,
        };
        let mut sent: Vec<Seq> = self.queue.events().filter_map(on_the_wire).collect();
        sort_by_key(&mut sent, |seq| (0, seq.0.into()));
        sent
    }

    /// Bytes, by estimate.
    pub fn bytes(&self) -> usize {
        let disks: usize = self.nodes.iter().map(|node| 2 * node.disk.bytes()).sum();
        disks + self.queue.len() * (size_of::<Event<R>>() + 16) + size_of::<Self>()
    }
}

/// One step: the world, where its records go, and what caused them.
struct Step<'a, R: Replica> {
    world: &'a mut World<R>,
    sink: &'a mut dyn Sink,
    cause: Option<Seq>,
}

impl<R: Replica> Step<'_, R> {
    fn happen(&mut self, what: What<R>) {
        match what {
            What::Deliver { to, packet } => {
                self.world.in_flight -= 1;
                self.deliver(to, packet);
            }
            What::Lose => {
                self.world.in_flight -= 1;
                self.record(Kind::Lost);
            }
            What::Timer { node, life, timer } => self.timer(node, life, timer),
            What::Persisted { node, life, change } => {
                let machine = &mut self.world.nodes[index(node)];
                if machine.life == life && machine.replica.is_some() {
                    machine.disk.apply(&change);
                    self.replica(node, |replica, ctx| replica.on_persisted(change, ctx));
                }
            }
            What::ClientWake { client } => self.client(client, Client::on_wake),
            What::ClientTimeout { op } => {
                self.client(op.client, |client, ctx| client.on_timeout(op, ctx))
            }
        }
    }

    fn timer(&mut self, node: NodeId, life: u32, timer: R::Timer) {
        let now = self.world.now;
        let machine = &mut self.world.nodes[index(node)];
        let Some(armed) = machine
            .timers
            .get_mut(timer)
            .filter(|armed| machine.life == life && armed.queued == now)
        else {
            return;
        };
        match armed.at {
            Some(at) if at > now => {
                armed.queued = at;
                self.world.queue.push(
                    at,
                    Event {
                        cause: self.cause,
                        what: What::Timer { node, life, timer },
                    },
                );
            }
            at => {
                machine.timers.remove(timer);
                if at.is_some() {
                    self.replica(node, |replica, ctx| replica.on_timer(timer, ctx));
                }
            }
        }
    }

    fn set_timer(&mut self, node: NodeId, timer: R::Timer, at: SimTime) {
        let machine = &mut self.world.nodes[index(node)];
        let life = machine.life;
        if let Some(armed) = machine.timers.get_mut(timer) {
            armed.at = Some(at);
            if armed.queued <= at {
                return;
            }
        }
        machine.timers.insert(
            timer,
            Armed {
                at: Some(at),
                queued: at,
            },
        );
        self.world.queue.push(
            at,
            Event {
                cause: self.cause,
                what: What::Timer { node, life, timer },
            },
        );
    }

    fn deliver(&mut self, to: Place, packet: Packet<R::Message>) {
        let Place::Node(node) = to else {
            let Place::Client(client) = to else { return };
            self.cause = Some(self.record(Kind::Delivered));
            if let Packet::Reply { from, reply } = packet {
                self.client(client, |client, ctx| client.on_reply(from, reply, ctx));
            }
            return;
        };
        if self.world.nodes[index(node)].replica.is_none() {
            self.record(Kind::Undelivered);
            return;
        }
        self.cause = Some(self.record(Kind::Delivered));
        match packet {
            Packet::Request(request) => {
                self.replica(node, |replica, ctx| replica.on_request(request, ctx))
            }
            Packet::Peer { from, message } => {
                self.replica(node, |replica, ctx| replica.on_message(from, message, ctx))
            }
            Packet::Reply { .. } => {}
        }
    }

    fn intervene(&mut self, entry: u16, does: &Intervention) {
        match does {
            Intervention::Crash(target) => {
                let node = match target {
                    Target::Node(node) => Some(*node),
                    Target::Leader => self.world.leader(),
                };
                if let Some(node) = node {
                    if *target == Target::Leader {
                        self.world.crashed_leader = Some(node);
                    }
                    self.crash(node);
                }
            }
            Intervention::Restart(target) => {
                let node = match target {
                    Target::Node(node) => Some(*node),
                    Target::Leader => self.world.crashed_leader,
                };
                if let Some(node) = node {
                    self.restart(node);
                }
            }
            Intervention::Set(settings) => {
                self.world.settings = Arc::new(settings.as_ref().clone());
                self.cause = Some(self.record(Kind::Changed { script: entry }));
                for i in 0..self.world.clients.len() {
                    self.client(ClientId(i as u8), Client::on_settings);
                }
            }
            Intervention::Do { client, act } => {
                self.client(*client, |client, ctx| client.on_scripted(*act, ctx))
            }
        }
    }

    fn crash(&mut self, node: NodeId) {
        let machine = &mut self.world.nodes[index(node)];
        if machine.replica.take().is_some() {
            machine.life += 1;
            machine.timers.clear();
            machine.disk_free = SimTime::ZERO;
            self.record(Kind::Crashed { node });
        }
    }

    fn restart(&mut self, node: NodeId) {
        let (structure, settings) = (&self.world.scenario.structure, &self.world.settings);
        let machine = &mut self.world.nodes[index(node)];
        if machine.replica.is_none() {
            machine.replica = Some(R::recover(node, structure, settings, &machine.disk));
            self.cause = Some(self.record(Kind::Restarted { node }));
            self.replica(node, |replica, ctx| replica.on_start(ctx));
        }
    }

    /// Has a replica handle something, if it is up, and performs what it wants done.
    fn replica(&mut self, node: NodeId, handle: impl FnOnce(&mut R, &mut Ctx<'_, R>)) {
        let world = &mut *self.world;
        let Some(replica) = &mut world.nodes[index(node)].replica else {
            return;
        };
        let mut effects = std::mem::take(&mut world.scratch.0);
        let mut ctx = Ctx {
            now: LocalTime(world.now.0 as i64),
            structure: &world.scenario.structure,
            settings: &world.settings,
            chance: &mut world.chance,
            effects: &mut effects,
        };
        handle(replica, &mut ctx);
        for effect in effects.drain(..) {
            self.perform(node, effect);
        }
        self.world.scratch.0 = effects;
    }

    fn perform(&mut self, node: NodeId, effect: Effect<R>) {
        let cause = self.cause;
        match effect {
            Effect::Send(to, message) => {
                let (kind, topic, carries) = (message.kind(), message.topic(), message.carries());
                self.send(
                    Place::Node(node),
                    Place::Node(to),
                    kind,
                    topic,
                    carries,
                    Packet::Peer {
                        from: node,
                        message,
                    },
                );
            }
            Effect::Reply(client, reply) => {
                let (kind, topic, carries) = describe_reply(&reply);
                self.send(
                    Place::Node(node),
                    Place::Client(client),
                    kind,
                    topic,
                    carries,
                    Packet::Reply { from: node, reply },
                );
            }
            Effect::SetTimer(timer, after_us) => {
                let at = self.world.now.after_us(after_us);
                self.set_timer(node, timer, at);
            }
            Effect::CancelTimer(timer) => {
                if let Some(armed) = self.world.nodes[index(node)].timers.get_mut(timer) {
                    armed.at = None;
                }
            }
            Effect::Persist(change) => {
                let (now, disk_us) = (self.world.now, self.world.settings.disk_us);
                let machine = &mut self.world.nodes[index(node)];
                // In the order asked for, even where the disk was made faster in between.
                machine.disk_free = machine.disk_free.max(now.after_us(disk_us));
                let (at, life) = (machine.disk_free, machine.life);
                self.world.queue.push(
                    at,
                    Event {
                        cause,
                        what: What::Persisted { node, life, change },
                    },
                );
            }
            Effect::Note(kind) => {
                self.record(kind);
            }
        }
    }

    /// Has a client handle something, and performs what it wants done.
    fn client(&mut self, client: ClientId, handle: impl FnOnce(&mut Client, &mut ClientCtx<'_>)) {
        let world = &mut *self.world;
        let mut effects = Vec::new();
        let mut ctx = ClientCtx {
            now: world.now,
            scenario: &world.scenario,
            settings: &world.settings,
            chance: &mut world.chance,
            writes: &mut world.writes,
            operations: &mut world.operations,
            effects: &mut effects,
        };
        handle(&mut world.clients[usize::from(client.0)], &mut ctx);
        for effect in effects {
            match effect {
                ClientEffect::Send(to, request) => {
                    let (kind, topic, carries) = describe_request(&request);
                    self.send(
                        Place::Client(client),
                        Place::Node(to),
                        kind,
                        topic,
                        carries,
                        Packet::Request(request),
                    );
                }
                ClientEffect::WakeAt(at) => {
                    let event = Event {
                        cause: self.cause,
                        what: What::ClientWake { client },
                    };
                    self.world.queue.push(at.max(self.world.now), event);
                }
                ClientEffect::Timeout(op, after_us) => {
                    self.later(after_us, What::ClientTimeout { op }, self.cause)
                }
                ClientEffect::Note(kind) => self.cause = Some(self.record(kind)),
            }
        }
    }

    fn send(
        &mut self,
        from: Place,
        to: Place,
        message: MessageKind,
        topic: Topic,
        carries: Carries,
        packet: Packet<R::Message>,
    ) {
        let world = &mut *self.world;
        let draw = world
            .chance
            .draw(Address::message(message, from, to, topic));
        let network = &world.settings.network;
        let flight_us = delay(network, message).at(draw.size);
        // Loss and delay are both drawn always; a million parts of 2^32 is where the loss begins.
        let lost = (u64::from(draw.which) * 1_000_000) >> 32 < u64::from(network.loss_ppm);
        let mut arrives = world.now.after_us(flight_us);
        if let (MessageKind::Append, Place::Node(from), Place::Node(to)) = (message, from, to)
            && !lost
        {
            let last = world
                .ordered
                .or_insert((from, to, topic.partition), SimTime::ZERO);
            arrives = arrives.max(last.after_us(1));
            *last = arrives;
        }
        let flight_us = arrives.since_us(world.now);
        world.in_flight += 1;
        let lost_at = world.now.after_us(flight_us / 2);
        let sent = self.record(Kind::Sent {
            from,
            to,
            message,
            carries,
            arrives: (!lost).then_some(arrives),
            flight_us,
        });
        let (at, what) = if lost {
            (lost_at, What::Lose)
        } else {
            (arrives, What::Deliver { to, packet })
        };
        self.world.queue.push(
            at,
            Event {
                cause: Some(sent),
                what,
            },
        );
    }

    fn later(&mut self, after_us: u64, what: What<R>, cause: Option<Seq>) {
        let at = self.world.now.after_us(after_us);
        self.world.queue.push(at, Event { cause, what });
    }

    fn record(&mut self, kind: Kind) -> Seq {
        let seq = Seq(self.world.records);
        self.world.records += 1;
        self.sink.record(&Record {
            seq,
            at: self.world.now,
            cause: self.cause,
            kind,
        });
        seq
    }
}

impl<R: Replica> World<R> {
    /// Who leads the first partition: of those that are up and think so, the one of the highest epoch.
    fn leader(&self) -> Option<NodeId> {
        let leads = |node: &Node<R>| {
            let view = node.replica.as_ref()?.view(&self.settings);
            let log = view.logs.first()?;
            (log.role == Role::Leader).then_some((log.epoch, view.id))
        };
        self.nodes
            .iter()
            .filter_map(leads)
            .max()
            .map(|(_, node)| node)
    }
}

fn index(node: NodeId) -> usize {
    usize::from(node.0)
}

fn delay(
    network: &crate::scenario::NetworkSettings,
    message: MessageKind,
) -> &crate::engine::delay::Delay {
    use MessageKind as M;
    match message {
        M::Write | M::Read | M::Done | M::Answer | M::NotLeader | M::Ask | M::Told => {
            &network.client
        }
        M::Append => &network.replication,
        M::Ack | M::Heartbeat | M::VoteRequest | M::Vote | M::Appoint => &network.peer,
        M::Store => &network.w,
        M::Stored => &network.a,
        M::Fetch => &network.r,
        M::Fetched => &network.s,
    }
}

fn describe_request(request: &Request) -> (MessageKind, Topic, Carries) {
    use crate::trace::Action;
    match *request {
        Request::Do {
            op,
            action,
            partition,
            ..
        } => {
            let topic = Topic {
                partition,
                ..Topic::of(op)
            };
            let carries = Carries {
                op: Some(op),
                partition: Some(partition),
                ..Carries::default()
            };
            match action {
                Action::Write { write, .. } => (
                    MessageKind::Write,
                    topic,
                    Carries {
                        write: Some(write),
                        ..carries
                    },
                ),
                Action::Read { .. } => (MessageKind::Read, topic, carries),
            }
        }
        Request::Ask { number, .. } => (
            MessageKind::Ask,
            Topic::counted(number, PartitionId(0)),
            Carries::default(),
        ),
    }
}

fn describe_reply(reply: &Reply) -> (MessageKind, Topic, Carries) {
    let of = |op: OpId, partition: PartitionId| {
        let carries = Carries {
            op: Some(op),
            partition: Some(partition),
            ..Carries::default()
        };
        (
            Topic {
                partition,
                ..Topic::of(op)
            },
            carries,
        )
    };
    match reply {
        Reply::Done { op, .. } => {
            let (topic, carries) = of(*op, PartitionId(0));
            (MessageKind::Done, topic, carries)
        }
        Reply::Answer {
            op,
            partition,
            items,
        } => {
            let (topic, carries) = of(*op, *partition);
            let write: Option<WriteId> = items.first().and_then(|(_, _, held)| held.write);
            (MessageKind::Answer, topic, Carries { write, ..carries })
        }
        Reply::NotLeader { op, partition, .. } => {
            let (topic, carries) = of(*op, *partition);
            (MessageKind::NotLeader, topic, carries)
        }
        Reply::Told { number, .. } => (
            MessageKind::Told,
            Topic::counted(*number, PartitionId(0)),
            Carries::default(),
        ),
    }
}

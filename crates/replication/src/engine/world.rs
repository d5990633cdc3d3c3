//! The world: replicas, clients and the network between them, advanced one event at a time.
//!
//! A world holds everything that the future depends on and nothing of the past: the trace lives in
//! the sink, so that a world can be kept as a checkpoint. The script is pulled as time reaches it and
//! never enqueued up front, so that what will be done later can't change what happens before.

mod wire;

use std::sync::Arc;

use crate::engine::backups::Backups;
use crate::engine::chance::{Address, Chance, Choice, Draw, Topic};
use crate::engine::client::{Client, ClientCtx, ClientEffect};
use crate::engine::faults::{self, Faults};
use crate::engine::queue::Queue;
use crate::engine::rest::{self, Rest};
use crate::engine::time::{LocalTime, SimTime};
use crate::ids::{ClientId, NodeId, OpId, PartitionId, Place, Places, WriteId};
use crate::ordered::{Ordered, sort_by_key};
use crate::protocol::{Ctx, Disk, Effect, Message, Replica, Reply, Request};
use crate::run::{BackupView, ClientView, End, LinkView, NodeView, Role};
use crate::scenario::{Intervention, Scenario, Settings, Target, Targets};
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
    faults: Faults,
    backups: Backups<R::Disk>,
    rest: Rest,
    /// Whether the next run of the backup job is in the queue.
    backup_queued: bool,
    /// How often the whole system was restored: what was on the wire between replicas then is void.
    era: u32,
    scripted: usize,
    /// Who was last crashed or paused as "leader".
    stopped_leader: Option<NodeId>,
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
    paused: bool,
    /// What has reached it while it is paused.
    waiting: Vec<Event<R>>,
    /// How far its clock is ahead of true time, in microseconds.
    skew_us: i64,
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
        way: Way,
        packet: Packet<R::Message>,
    },
    /// A lost message ends.
    Lose {
        way: Way,
        cut: bool,
    },
    Timer {
        node: NodeId,
        life: u32,
        timer: R::Timer,
    },
    /// The disk has done what it was asked.
    Persisted {
        node: NodeId,
        life: u32,
        change: <R::Disk as Disk>::Change,
    },
    /// A replica that was paused when its disk had done it is told.
    PersistedMeanwhile {
        node: NodeId,
        change: <R::Disk as Disk>::Change,
    },
    BackUp,
    ClientWake {
        client: ClientId,
    },
    ClientTimeout {
        op: OpId,
    },
}

/// What is on the wire, and between whom.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Way {
    from: Place,
    to: Place,
    message: MessageKind,
    /// The stream that it belongs to, where none of it may overtake it.
    stream: Option<PartitionId>,
}

#[derive(Clone, Debug, PartialEq)]
enum Packet<M> {
    Request(Request),
    Reply { from: NodeId, reply: Reply },
    Peer { from: NodeId, era: u32, message: M },
}

impl<R: Replica> World<R> {
    /// A world at the start of a run.
    pub fn new(scenario: Arc<Scenario>, seed: u64) -> Self {
        let structure = &scenario.structure;
        let places = structure.replicas().chain(structure.extra());
        let nodes = places
            .map(|id| Node {
                replica: Some(R::new(id, structure)),
                disk: R::Disk::empty(structure),
                life: 0,
                disk_free: SimTime::ZERO,
                timers: Ordered::default(),
                paused: false,
                waiting: Vec::new(),
                skew_us: 0,
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
            faults: Faults::default(),
            backups: Backups::default(),
            rest: Rest::new(rest::settle_us(&scenario.settings, structure, 0)),
            backup_queued: false,
            era: 0,
            scripted: 0,
            stopped_leader: None,
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
        step.plan_backup();
    }

    /// When the next thing happens, if anything does.
    pub fn next_at(&self) -> Option<SimTime> {
        self.rests_at().or_else(|| self.next_event_at())
    }

    /// When it comes to rest, where nothing happens before or just then.
    fn rests_at(&self) -> Option<SimTime> {
        let at = self.rest.due(self.now, self.queue.is_empty())?;
        self.next_event_at()
            .is_none_or(|event| at < event)
            .then_some(at)
    }

    /// When the last of the timers goes off by which replicas go on with something.
    fn unfinished_until(&self) -> Option<SimTime> {
        let timers = self.nodes.iter().flat_map(|node| node.timers.iter());
        let unfinished = timers.filter(|(timer, _)| R::is_unfinished(*timer));
        unfinished.filter_map(|(_, armed)| armed.at).max()
    }

    /// When the next event or intervention comes.
    fn next_event_at(&self) -> Option<SimTime> {
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
        let rests = self.rests_at().is_some();
        let scripted = self
            .scenario
            .script
            .get(self.scripted)
            .is_some_and(|entry| entry.at == at);
        if rests && let Some(until) = self.unfinished_until() {
            self.rest.stir(until.max(at));
        } else if rests {
            let since = self.rest.tell(at);
            let cause = None;
            Step {
                world: self,
                sink,
                cause,
            }
            .record(Kind::Rested { since });
        } else if scripted {
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

    /// The links that are cut or slow.
    pub fn links(&self) -> Vec<LinkView> {
        self.faults.links()
    }

    /// The backups that are kept.
    pub fn backups(&self) -> Vec<BackupView> {
        self.backups.views()
    }

    /// What the replicas look like, and last the proxy or manager where there is one.
    pub fn nodes(&self) -> Vec<NodeView> {
        let structure = &self.scenario.structure;
        let view = |(i, node): (usize, &Node<R>)| {
            let id = NodeId(i as u8);
            let view = match &node.replica {
                Some(replica) => replica.view(&self.settings),
                // What is on the disk of one that is down is what it would start again with.
                None => R::recover(id, structure, &self.settings, &node.disk).view(&self.settings),
            };
            NodeView {
                up: node.replica.is_some(),
                paused: node.paused,
                skew_us: node.skew_us,
                ..view
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
            What::Deliver { .. } | What::Lose { .. } => event.cause,
            _ => None,
        };
        // What waits at a paused replica has not been received.
        let waiting = self.nodes.iter().flat_map(|node| &node.waiting);
        let events = self.queue.events().chain(waiting);
        let mut sent: Vec<Seq> = events.filter_map(on_the_wire).collect();
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
        if self.is_paused_for(&what) {
            return self.hold_back(what);
        }
        match what {
            What::Deliver { way, packet } => {
                self.world.in_flight -= 1;
                self.deliver(way.to, packet);
            }
            What::Lose { cut, .. } => {
                self.world.in_flight -= 1;
                self.record(Kind::Lost { cut });
            }
            What::Timer { node, life, timer } => self.timer(node, life, timer),
            What::Persisted { node, life, change } => {
                let machine = &mut self.world.nodes[index(node)];
                if machine.life == life && machine.replica.is_some() {
                    machine.disk.apply(&change);
                    self.persisted(node, change);
                }
            }
            What::PersistedMeanwhile { node, change } => self.persisted(node, change),
            What::BackUp => self.back_up(),
            What::ClientWake { client } => self.client(client, Client::on_wake),
            What::ClientTimeout { op } => {
                self.client(op.client, |client, ctx| client.on_timeout(op, ctx))
            }
        }
    }

    /// Whether a replica that would handle this is paused.
    fn is_paused_for(&self, what: &What<R>) -> bool {
        match what {
            What::Deliver {
                way:
                    Way {
                        to: Place::Node(node),
                        ..
                    },
                ..
            }
            | What::Timer { node, .. } => self.world.nodes[index(*node)].paused,
            _ => false,
        }
    }

    /// What a paused replica would handle waits until it goes on.
    fn hold_back(&mut self, what: What<R>) {
        let (cause, now) = (self.cause, self.world.now);
        let (What::Deliver {
            way: Way {
                to: Place::Node(node),
                ..
            },
            ..
        }
        | What::Timer { node, .. }) = &what
        else {
            return;
        };
        let machine = &mut self.world.nodes[index(*node)];
        let still_counts = match &what {
            What::Timer { life, timer, .. } => {
                let armed = machine.timers.get(*timer);
                machine.life == *life && armed.is_some_and(|armed| armed.queued == now)
            }
            _ => true,
        };
        if still_counts {
            machine.waiting.push(Event { cause, what });
        }
    }

    fn persisted(&mut self, node: NodeId, change: <R::Disk as Disk>::Change) {
        let cause = self.cause;
        let machine = &mut self.world.nodes[index(node)];
        if machine.paused {
            let what = What::PersistedMeanwhile { node, change };
            machine.waiting.push(Event { cause, what });
        } else {
            self.replica(node, |replica, ctx| replica.on_persisted(change, ctx));
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
        let void = matches!(packet, Packet::Peer { era, .. } if era != self.world.era);
        if void || self.world.nodes[index(node)].replica.is_none() {
            self.record(Kind::Undelivered);
            return;
        }
        self.cause = Some(self.record(Kind::Delivered));
        match packet {
            Packet::Request(request) => {
                self.replica(node, |replica, ctx| replica.on_request(request, ctx))
            }
            Packet::Peer { from, message, .. } => {
                self.replica(node, |replica, ctx| replica.on_message(from, message, ctx))
            }
            Packet::Reply { .. } => {}
        }
    }

    fn intervene(&mut self, entry: u16, does: &Intervention) {
        match does {
            Intervention::Crash { node, lose_disk } => {
                if let Some(node) = self.stop_target(*node) {
                    self.crash(node, *lose_disk);
                }
            }
            Intervention::Restart(target) => {
                if let Some(node) = self.start_target(*target) {
                    self.restart(node);
                }
            }
            Intervention::Pause(target) => {
                if let Some(node) = self.stop_target(*target) {
                    self.pause(node);
                }
            }
            Intervention::Resume(target) => {
                if let Some(node) = self.start_target(*target) {
                    self.resume(node);
                }
            }
            Intervention::Skew { node, by_us } => {
                let node = match node {
                    Target::Node(node) => Some(*node),
                    Target::Leader => self.world.leader(),
                };
                if let Some(node) = node {
                    self.world.nodes[index(node)].skew_us = *by_us;
                    let by_us = *by_us;
                    self.record(Kind::Skewed { node, by_us });
                }
            }
            Intervention::Cut { from, to, one_way } => {
                let (from, to) = self.link(Some(*from), *to);
                self.world.faults.cut(from, to);
                if !one_way {
                    self.world.faults.cut(to, from);
                }
                let both_ways = !one_way;
                self.record(Kind::Cut {
                    from,
                    to,
                    both_ways,
                });
            }
            Intervention::Heal { from, to } => {
                let (from, to) = self.link(*from, *to);
                self.world.faults.heal(from, to);
                self.world.faults.heal(to, from);
                self.world.mind_rest();
                self.record(Kind::Healed { from, to });
            }
            Intervention::Slow { from, to, by_us } => {
                let (from, to) = self.link(Some(*from), *to);
                let by_us = *by_us;
                self.world.faults.slow(from, to, by_us);
                self.world.faults.slow(to, from, by_us);
                self.world.mind_rest();
                self.record(Kind::Slowed { from, to, by_us });
            }
            Intervention::Drop(which) => self.drop_message(which),
            Intervention::Delay { which, by_us } => self.delay_message(which, *by_us),
            Intervention::Restore { node, as_of } => self.restore(*node, *as_of),
            Intervention::Set(settings) => {
                self.world.settings = Arc::new(settings.as_ref().clone());
                self.world.mind_rest();
                self.cause = Some(self.record(Kind::Changed { script: entry }));
                self.plan_backup();
                for i in 0..self.world.nodes.len() {
                    self.replica(NodeId(i as u8), |replica, ctx| replica.on_settings(ctx));
                }
                for i in 0..self.world.clients.len() {
                    self.client(ClientId(i as u8), Client::on_settings);
                }
            }
            Intervention::Do { client, act } => {
                self.client(*client, |client, ctx| client.on_scripted(*act, ctx))
            }
        }
    }

    /// Whom a crash or a pause hits.
    fn stop_target(&mut self, target: Target) -> Option<NodeId> {
        match target {
            Target::Node(node) => Some(node),
            Target::Leader => {
                let leader = self.world.leader();
                self.world.stopped_leader = leader.or(self.world.stopped_leader);
                leader
            }
        }
    }

    /// Whom a restart or a resumption hits.
    fn start_target(&self, target: Target) -> Option<NodeId> {
        match target {
            Target::Node(node) => Some(node),
            Target::Leader => self.world.stopped_leader,
        }
    }

    /// The two sides of a link; all others where the second is not named, and all of all.
    fn link(&self, from: Option<Targets>, to: Option<Targets>) -> (Places, Places) {
        let world = &self.world;
        let all = faults::everywhere(world.nodes.len(), world.clients.len());
        let from = from.map_or(all, |from| self.places(from));
        let to = match to {
            Some(to) => self.places(to),
            None if from == all => all,
            None => faults::others(all, from),
        };
        (from, to)
    }

    /// These, whoever leads now.
    fn places(&self, targets: Targets) -> Places {
        let mut places = targets.places;
        if let Some(leader) = self.world.leader().filter(|_| targets.leader) {
            places.insert(Place::Node(leader));
        }
        places
    }

    fn crash(&mut self, node: NodeId, disk_lost: bool) {
        let machine = &mut self.world.nodes[index(node)];
        if machine.replica.take().is_none() {
            return;
        }
        machine.life += 1;
        machine.timers.clear();
        machine.disk_free = SimTime::ZERO;
        machine.paused = false;
        let waiting = std::mem::take(&mut machine.waiting);
        self.record_persisted_meanwhile(node, &waiting);
        if disk_lost {
            let empty = R::Disk::empty(&self.world.scenario.structure);
            self.world.nodes[index(node)].disk = empty;
        }
        self.record(Kind::Crashed { node, disk_lost });
        for event in waiting {
            if let What::Deliver { .. } = event.what {
                self.world.in_flight -= 1;
                self.cause = event.cause;
                self.record(Kind::Undelivered);
            }
        }
        self.cause = None;
    }

    /// What a disk did while its replica was paused nobody tells of who is crashed before it goes on; but it
    /// is there when it is started again.
    fn record_persisted_meanwhile(&mut self, node: NodeId, waiting: &[Event<R>]) {
        let told = self.cause;
        for event in waiting {
            let What::PersistedMeanwhile { change, .. } = &event.what else {
                continue;
            };
            let mut alone = R::Disk::empty(&self.world.scenario.structure);
            alone.apply(change);
            let held = self.world.nodes[index(node)].disk.contents(node);
            self.cause = event.cause;
            for kind in alone.contents(node) {
                if held.contains(&kind) {
                    self.record(kind);
                }
            }
        }
        self.cause = told;
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

    fn pause(&mut self, node: NodeId) {
        let machine = &mut self.world.nodes[index(node)];
        if machine.replica.is_some() && !machine.paused {
            machine.paused = true;
            self.record(Kind::Paused { node });
        }
    }

    fn resume(&mut self, node: NodeId) {
        let machine = &mut self.world.nodes[index(node)];
        if !machine.paused {
            return;
        }
        machine.paused = false;
        let waiting = std::mem::take(&mut machine.waiting);
        self.record(Kind::Resumed { node });
        for event in waiting {
            self.cause = event.cause;
            if let What::Timer { timer, .. } = event.what {
                // It is late: now is when it goes off.
                let now = self.world.now;
                if let Some(armed) = self.world.nodes[index(node)].timers.get_mut(timer) {
                    armed.queued = now;
                    armed.at = armed.at.map(|at| at.min(now));
                }
            }
            self.happen(event.what);
        }
    }

    /// Replaces a disk, or all of them, by what the backups have, and starts on that.
    fn restore(&mut self, target: Option<Target>, as_of: Option<SimTime>) {
        let node = match target {
            None => None,
            Some(Target::Node(node)) => Some(node),
            Some(Target::Leader) => self.world.leader().or(self.world.stopped_leader),
        };
        if node.is_none() && target.is_some() {
            return;
        }
        let nodes: Vec<NodeId> = match node {
            Some(node) => vec![node],
            None => {
                // The whole system stops, and what its replicas had on the wire is void.
                self.world.era += 1;
                (0..self.world.nodes.len())
                    .map(|i| NodeId(i as u8))
                    .collect()
            }
        };
        let point_in_time = self
            .world
            .settings
            .backups
            .is_some_and(|backups| backups.point_in_time);
        let found = |node: &NodeId| (*node, self.world.backups.find(*node, as_of, point_in_time));
        let found: Vec<_> = nodes.iter().map(found).collect();
        for (node, found) in &found {
            match found {
                None => drop(self.record(Kind::NothingToRestore { node: *node })),
                Some((disk, as_of)) => {
                    let (node, as_of) = (*node, *as_of);
                    self.crash(node, false);
                    self.record(Kind::Restored { node, as_of });
                    for kind in disk.contents(node) {
                        self.record(kind);
                    }
                    self.world.nodes[index(node)].disk = disk.clone();
                }
            }
        }
        for (node, found) in found {
            if found.is_some() {
                self.restart(node);
                self.cause = None;
            }
        }
    }

    /// Sees to it that the backup job runs, where there is one.
    fn plan_backup(&mut self) {
        if let Some(backups) = self.world.settings.backups
            && !self.world.backup_queued
        {
            self.world.backup_queued = true;
            let at = self.world.now.after_us(backups.every_us);
            self.world.queue.push(
                at,
                Event {
                    cause: None,
                    what: What::BackUp,
                },
            );
        }
    }

    fn back_up(&mut self) {
        self.world.backup_queued = false;
        if let Some(settings) = self.world.settings.backups {
            let world = &mut *self.world;
            let disks = world.nodes.iter().map(|node| node.disk.clone());
            let (number, worked) = world.backups.take(world.now, disks, settings);
            self.cause = None;
            self.record(Kind::BackedUp { number, worked });
            self.plan_backup();
        }
    }

    /// Has a replica handle something, if it is up, and performs what it wants done.
    fn replica(&mut self, node: NodeId, handle: impl FnOnce(&mut R, &mut Ctx<'_, R>)) {
        let world = &mut *self.world;
        let machine = &mut world.nodes[index(node)];
        let skew_us = machine.skew_us;
        let Some(replica) = &mut machine.replica else {
            return;
        };
        let mut effects = std::mem::take(&mut world.scratch.0);
        let mut ctx = Ctx {
            now: LocalTime(world.now.0 as i64 + skew_us),
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
                        era: self.world.era,
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
                self.world.rest.stir(at);
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
        let draw = self.weather(message, from, to, topic);
        let twice = between_replicas(from, to)
            && !is_ordered(message)
            && is_hit(draw.oddity << 16, self.world.settings.network.duplicate_ppm);
        if twice {
            let again = Topic {
                attempt: topic.attempt | 0x80_0000,
                ..topic
            };
            let draw = self.weather(message, from, to, again);
            self.put_on_the_wire(from, to, message, again, carries, packet.clone(), draw);
        }
        self.put_on_the_wire(from, to, message, topic, carries, packet, draw);
    }

    /// What chance has in store for a message: loss, delay and oddities are all drawn always.
    fn weather(&mut self, message: MessageKind, from: Place, to: Place, topic: Topic) -> Draw {
        let address = Address::message(message, from, to, topic);
        self.world.chance.draw(address)
    }

    #[allow(clippy::too_many_arguments)]
    fn put_on_the_wire(
        &mut self,
        from: Place,
        to: Place,
        message: MessageKind,
        topic: Topic,
        carries: Carries,
        packet: Packet<R::Message>,
        draw: Draw,
    ) {
        let far_us = self.far_us(from, to, message, carries.op);
        let world = &mut *self.world;
        let network = &world.settings.network;
        let mut flight_us = delay(network, message).at(draw.size) + far_us;
        if message == MessageKind::Snapshot {
            flight_us += world.settings.snapshot_us;
        }
        if between_replicas(from, to)
            && !is_ordered(message)
            && is_hit(draw.oddity, network.reorder_ppm)
        {
            flight_us += network.reorder_us;
        }
        let cut = world.faults.is_cut(from, to);
        let lost = cut || is_hit(draw.which, network.loss_ppm);
        let way = Way {
            from,
            to,
            message,
            stream: is_ordered(message).then_some(topic.partition),
        };
        let mut arrives = world.now.after_us(flight_us);
        if let Some(stream) = way.ordered()
            && !lost
        {
            let last = world.ordered.or_insert(stream, SimTime::ZERO);
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
            (lost_at, What::Lose { way, cut })
        } else {
            (arrives, What::Deliver { way, packet })
        };
        self.world.queue.push(
            at,
            Event {
                cause: Some(sent),
                what,
            },
        );
    }

    /// What distance and slow links add to a message's delay, in microseconds.
    fn far_us(&mut self, from: Place, to: Place, message: MessageKind, op: Option<OpId>) -> u64 {
        let world = &mut *self.world;
        let (structure, network) = (&world.scenario.structure, &world.settings.network);
        let mut far_us = world.faults.slow_us(from, to);
        if structure.regions > 1 {
            let (from, to) = (structure.region_of(from), structure.region_of(to));
            far_us += network.distance_us(from, to, structure.regions);
        }
        if network.wan_us > 0
            && let Some(op) = op
            && let Some(copy) = copy_of_leg(from, to, message)
        {
            let near = world
                .chance
                .draw(Address::choice(Choice::Near, op, PartitionId(0)));
            if near.pick(usize::from(structure.nodes)) != index(copy) {
                far_us += network.wan_us;
            }
        }
        far_us
    }

    fn later(&mut self, after_us: u64, what: What<R>, cause: Option<Seq>) {
        let at = self.world.now.after_us(after_us);
        self.world.queue.push(at, Event { cause, what });
    }

    fn record(&mut self, kind: Kind) -> Seq {
        let seq = Seq(self.world.records);
        self.world.records += 1;
        self.world.rest.hear(self.world.now, &kind);
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
    /// How long it takes to come to rest depends on what is in force.
    fn mind_rest(&mut self) {
        let slow_us = self.faults.slowest_us();
        let settle_us = rest::settle_us(&self.settings, &self.scenario.structure, slow_us);
        self.rest.takes(settle_us);
    }

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

/// Whether so many of a million such draws are meant to hit.
fn is_hit(draw: u32, ppm: u32) -> bool {
    // A million parts of 2^32.
    (u64::from(draw) * 1_000_000) >> 32 < u64::from(ppm)
}

/// Links on which nothing overtakes, and nothing arrives twice: the streams of logs and updates.
fn is_ordered(message: MessageKind) -> bool {
    use MessageKind as M;
    matches!(message, M::Append | M::Snapshot | M::Replicate)
}

fn between_replicas(from: Place, to: Place) -> bool {
    matches!((from, to), (Place::Node(_), Place::Node(_)))
}

/// The replica's side of one of the four legs.
fn copy_of_leg(from: Place, to: Place, message: MessageKind) -> Option<NodeId> {
    use MessageKind as M;
    match (message, from, to) {
        (M::Store | M::Fetch, _, Place::Node(copy)) => Some(copy),
        (M::Stored | M::Fetched, Place::Node(copy), _) => Some(copy),
        _ => None,
    }
}

fn delay(
    network: &crate::scenario::NetworkSettings,
    message: MessageKind,
) -> &crate::engine::delay::Delay {
    use MessageKind as M;
    match message {
        M::Write
        | M::Read
        | M::Done
        | M::Answer
        | M::NotLeader
        | M::TooStale
        | M::PositionLost
        | M::Refused
        | M::Ask
        | M::Told => &network.client,
        M::Append | M::Snapshot | M::Replicate => &network.replication,
        M::Ack
        | M::Alive
        | M::Heartbeat
        | M::VoteRequest
        | M::Vote
        | M::Appoint
        | M::Inspect
        | M::Inspected
        | M::Ping
        | M::Pong
        | M::Replicated => &network.peer,
        M::Store | M::Hint | M::Handoff | M::Repair | M::Compare | M::Differ => &network.w,
        M::Stored | M::Hinted | M::HandedOff | M::Repaired => &network.a,
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
            ref terms,
            ..
        } => {
            let topic = Topic {
                partition,
                attempt: terms.attempt.into(),
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
            ..
        } => {
            let (topic, carries) = of(*op, *partition);
            let write: Option<WriteId> = items.first().and_then(|(_, _, held)| held.write);
            (MessageKind::Answer, topic, Carries { write, ..carries })
        }
        Reply::NotLeader { op, partition, .. } => {
            let (topic, carries) = of(*op, *partition);
            (MessageKind::NotLeader, topic, carries)
        }
        Reply::TooStale { op, partition } => {
            let (topic, carries) = of(*op, *partition);
            (MessageKind::TooStale, topic, carries)
        }
        Reply::PositionLost { op, partition } => {
            let (topic, carries) = of(*op, *partition);
            (MessageKind::PositionLost, topic, carries)
        }
        Reply::Refused { op } => {
            let (topic, carries) = of(*op, PartitionId(0));
            (MessageKind::Refused, topic, carries)
        }
        Reply::Told { number, .. } => (
            MessageKind::Told,
            Topic::counted(*number, PartitionId(0)),
            Carries::default(),
        ),
    }
}

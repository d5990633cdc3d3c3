//! No leader: a coordinator sends every write to all copies and says "done" after W of them have it;
//! a read asks the copies and returns the newest of R responses.
//!
//! With W + R > N, a read finds every write that was acknowledged before the read began. That is
//! regular for one writer, not linearizable: while a write is on its way, one read may show it and a
//! later one may not. Durability is W, not W + R. A write that got too few acknowledgements is not
//! undone: it may surface later.
//!
//! Versions are the coordinator's clock at receipt, then the coordinator, then a counter: last write wins.

use smallvec::SmallVec;

use crate::engine::chance::{Address, Choice, Topic};
use crate::engine::time::LocalTime;
use crate::ids::{Change, Held, KeyId, KeySet, NodeId, OpId, PartitionId, Value, Version, WriteId};
use crate::ordered::Ordered;
use crate::protocol::{Ctx, Disk, Items, Message, Replica, Reply, Request};
use crate::run::{NodeView, Role, Waiting};
use crate::scenario::{ReadsSentTo, Settings, Structure};
use crate::trace::{Action, Carries, Kind, MessageKind};

/// A replica of a leaderless system, or its proxy.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaderless {
    id: NodeId,
    is_proxy: bool,
    /// By key, the newest version on its disk.
    store: Vec<Held>,
    /// What it coordinates.
    writes: Ordered<OpId, WriteUnderWay>,
    reads: Ordered<OpId, ReadUnderWay>,
    last_stamp: (LocalTime, u32),
}

#[derive(Clone, Debug, PartialEq)]
struct WriteUnderWay {
    write: WriteId,
    version: Version,
    acks: u8,
    need: u8,
    copies: u8,
}

#[derive(Clone, Debug, PartialEq)]
struct ReadUnderWay {
    need: u8,
    keys: SmallVec<[KeyUnderWay; 2]>,
}

#[derive(Clone, Debug, PartialEq)]
struct KeyUnderWay {
    key: KeyId,
    responses: u8,
    /// The newest response, and whose it is.
    newest: Option<(NodeId, Held)>,
}

/// What coordinators and copies say to one another.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope(Leg);

#[derive(Clone, Debug, PartialEq)]
enum Leg {
    /// Please store this (W).
    Store {
        op: OpId,
        key: KeyId,
        version: Version,
        value: Value,
        write: WriteId,
    },
    /// It is on my disk (A).
    Stored { op: OpId, write: WriteId },
    /// What have you got (R)?
    Fetch { op: OpId, key: KeyId },
    /// This (S).
    Fetched { op: OpId, key: KeyId, held: Held },
}

/// What it sets timers for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// The client no longer waits.
    Forget(OpId),
}

impl Replica for Leaderless {
    type Message = Envelope;
    type Timer = Timer;
    type Disk = Store;

    fn new(id: NodeId, structure: &Structure) -> Self {
        Leaderless {
            id,
            is_proxy: structure.proxy() == Some(id),
            store: Store::empty(structure).held,
            writes: Ordered::default(),
            reads: Ordered::default(),
            last_stamp: (LocalTime(i64::MIN), 0),
        }
    }

    fn recover(id: NodeId, structure: &Structure, _: &Settings, disk: &Store) -> Self {
        Leaderless {
            store: disk.held.clone(),
            ..Leaderless::new(id, structure)
        }
    }

    fn on_start(&mut self, _: &mut Ctx<'_, Self>) {}

    fn on_message(&mut self, from: NodeId, Envelope(message): Envelope, ctx: &mut Ctx<'_, Self>) {
        match message {
            Leg::Store {
                op,
                key,
                version,
                value,
                write,
            } => {
                self.store(
                    from,
                    op,
                    key,
                    Held {
                        version: Some(version),
                        value,
                        write: Some(write),
                    },
                    ctx,
                );
            }
            Leg::Stored { op, .. } => self.count_ack(op, ctx),
            Leg::Fetch { op, key } => {
                let held = self.look_up(op, key, ctx);
                ctx.send(from, Envelope(Leg::Fetched { op, key, held }));
            }
            Leg::Fetched { op, key, held } => self.count_response(from, op, key, held, ctx),
        }
    }

    fn on_request(&mut self, request: Request, ctx: &mut Ctx<'_, Self>) {
        match request {
            Request::Do {
                op,
                action: Action::Write { write, key, change },
                ..
            } => self.write(op, write, key, change, ctx),
            Request::Do {
                op,
                action: Action::Read { keys },
                ..
            } => self.read(op, keys, ctx),
            Request::Ask { client, number } => ctx.reply(
                client,
                Reply::Told {
                    number,
                    leaders: SmallVec::new(),
                },
            ),
        }
    }

    fn on_timer(&mut self, Timer::Forget(op): Timer, _: &mut Ctx<'_, Self>) {
        self.writes.remove(op);
        self.reads.remove(op);
    }

    fn on_persisted(&mut self, change: StoreChange, ctx: &mut Ctx<'_, Self>) {
        let StoreChange {
            key,
            held,
            op,
            coordinator,
        } = change;
        let mine = &mut self.store[usize::from(key.0)];
        let newest = held.version > mine.version;
        if newest {
            *mine = held;
        }
        if let (Some(version), Some(write)) = (held.version, held.write) {
            ctx.note(Kind::Stored {
                node: self.id,
                key,
                version,
                write,
                newest,
            });
            if coordinator == self.id {
                self.count_ack(op, ctx);
            } else {
                ctx.send(coordinator, Envelope(Leg::Stored { op, write }));
            }
        }
    }

    fn view(&self, _: &Settings) -> NodeView {
        let writes = self.writes.iter().map(|(op, under_way)| Waiting {
            op,
            write: Some(under_way.write),
            have: under_way.acks,
            need: under_way.need,
        });
        let reads = self.reads.iter().map(|(op, under_way)| Waiting {
            op,
            write: None,
            have: under_way
                .keys
                .iter()
                .map(|key| key.responses)
                .min()
                .unwrap_or(0),
            need: under_way.need,
        });
        NodeView {
            id: self.id,
            up: true,
            role: if self.is_proxy {
                Role::Proxy
            } else {
                Role::Equal
            },
            logs: Vec::new(),
            held: if self.is_proxy {
                Vec::new()
            } else {
                self.store.clone()
            },
            // What has enough only counts stragglers.
            waiting: writes
                .chain(reads)
                .filter(|waiting| waiting.have < waiting.need)
                .collect(),
        }
    }
}

/// The coordinator's work.
impl Leaderless {
    fn write(
        &mut self,
        op: OpId,
        write: WriteId,
        key: KeyId,
        change: Change,
        ctx: &mut Ctx<'_, Self>,
    ) {
        let version = self.stamp(ctx.now);
        // Clients set: they have added to what they last saw themselves.
        let value = change.applied_to(Value::Absent);
        let (need, copies) = (ctx.settings.w, ctx.structure.copies);
        self.writes.insert(
            op,
            WriteUnderWay {
                write,
                version,
                acks: 0,
                need,
                copies,
            },
        );
        ctx.set_timer(Timer::Forget(op), ctx.settings.client_timeout_us);
        for copy in ctx.structure.copies_of(key) {
            if copy == self.id {
                self.store(
                    copy,
                    op,
                    key,
                    Held {
                        version: Some(version),
                        value,
                        write: Some(write),
                    },
                    ctx,
                );
            } else {
                ctx.send(
                    copy,
                    Envelope(Leg::Store {
                        op,
                        key,
                        version,
                        value,
                        write,
                    }),
                );
            }
        }
    }

    fn count_ack(&mut self, op: OpId, ctx: &mut Ctx<'_, Self>) {
        let Some(under_way) = self.writes.get_mut(op) else {
            return;
        };
        under_way.acks += 1;
        let WriteUnderWay {
            write,
            version,
            acks,
            need,
            copies,
        } = *under_way;
        if acks == need {
            let (node, partition) = (self.id, PartitionId(0));
            ctx.note(Kind::Acknowledged {
                node,
                op,
                write,
                partition,
                version,
                epoch: 0,
            });
            ctx.reply(op.client, Reply::Done { op, version });
        }
        if acks == copies {
            self.writes.remove(op);
            ctx.cancel_timer(Timer::Forget(op));
        }
    }

    fn read(&mut self, op: OpId, keys: KeySet, ctx: &mut Ctx<'_, Self>) {
        let need = ctx.settings.r;
        let waiting = keys
            .iter()
            .map(|key| KeyUnderWay {
                key,
                responses: 0,
                newest: None,
            })
            .collect();
        self.reads.insert(
            op,
            ReadUnderWay {
                need,
                keys: waiting,
            },
        );
        ctx.set_timer(Timer::Forget(op), ctx.settings.client_timeout_us);
        for key in keys.iter() {
            for copy in self.asked(op, key, ctx) {
                if copy == self.id {
                    let held = self.look_up(op, key, ctx);
                    self.count_response(copy, op, key, held, ctx);
                } else {
                    ctx.send(copy, Envelope(Leg::Fetch { op, key }));
                }
            }
        }
    }

    /// Whom a read asks.
    fn asked(&self, op: OpId, key: KeyId, ctx: &mut Ctx<'_, Self>) -> SmallVec<[NodeId; 12]> {
        let mut copies: SmallVec<[NodeId; 12]> = ctx.structure.copies_of(key).collect();
        if ctx.settings.reads_sent_to == ReadsSentTo::R {
            // Itself first, where it is a copy; the others as drawn for this read.
            let first = copies.iter().position(|copy| *copy == self.id);
            let kept = first.map_or(0, |at| {
                copies.swap(0, at);
                1
            });
            // A shuffle, dealt from one draw.
            let mut deal = ctx
                .draw(Address::choice(Choice::Copies, op, PartitionId(key.0)))
                .size;
            for at in kept..copies.len() {
                let rest = (copies.len() - at) as u64;
                copies.swap(at, at + (deal % rest) as usize);
                deal /= rest;
            }
            copies.truncate(usize::from(ctx.settings.r));
        }
        copies
    }

    fn count_response(
        &mut self,
        from: NodeId,
        op: OpId,
        key: KeyId,
        held: Held,
        ctx: &mut Ctx<'_, Self>,
    ) {
        let Some(under_way) = self.reads.get_mut(op) else {
            return;
        };
        let need = under_way.need;
        let Some(waiting) = under_way.keys.iter_mut().find(|waiting| waiting.key == key) else {
            return;
        };
        if waiting.responses == need {
            return;
        }
        waiting.responses += 1;
        if waiting
            .newest
            .is_none_or(|(_, newest)| held.version > newest.version)
        {
            waiting.newest = Some((from, held));
        }
        if under_way
            .keys
            .iter()
            .all(|waiting| waiting.responses == need)
        {
            let newest = |waiting: &KeyUnderWay| {
                waiting.newest.map(|(from, held)| (waiting.key, from, held))
            };
            let items: Items = under_way.keys.iter().filter_map(newest).collect();
            self.reads.remove(op);
            ctx.cancel_timer(Timer::Forget(op));
            ctx.reply(
                op.client,
                Reply::Answer {
                    op,
                    partition: PartitionId(0),
                    items,
                },
            );
        }
    }

    fn stamp(&mut self, now: LocalTime) -> Version {
        let (last, counter) = self.last_stamp;
        self.last_stamp = if now > last {
            (now, 0)
        } else {
            (now, counter + 1)
        };
        Version::Stamp {
            at_us: now.0,
            coordinator: self.id,
            counter: self.last_stamp.1,
        }
    }
}

/// The copy's work.
impl Leaderless {
    fn store(
        &mut self,
        coordinator: NodeId,
        op: OpId,
        key: KeyId,
        held: Held,
        ctx: &mut Ctx<'_, Self>,
    ) {
        ctx.persist(StoreChange {
            key,
            held,
            op,
            coordinator,
        });
    }

    fn look_up(&self, op: OpId, key: KeyId, ctx: &mut Ctx<'_, Self>) -> Held {
        let held = self.store[usize::from(key.0)];
        ctx.note(Kind::Served {
            node: self.id,
            op,
            key,
            held,
        });
        held
    }
}

/// A replica's disk: the newest version of each key.
#[derive(Clone, Debug, PartialEq)]
pub struct Store {
    held: Vec<Held>,
}

/// A version that is written to a disk, for a coordinator who waits.
#[derive(Clone, Debug, PartialEq)]
pub struct StoreChange {
    key: KeyId,
    held: Held,
    op: OpId,
    coordinator: NodeId,
}

impl Disk for Store {
    type Change = StoreChange;

    fn empty(structure: &Structure) -> Self {
        Store {
            held: vec![Held::default(); usize::from(structure.keys)],
        }
    }

    fn apply(&mut self, change: &StoreChange) {
        let held = &mut self.held[usize::from(change.key.0)];
        if change.held.version > held.version {
            *held = change.held;
        }
    }

    fn bytes(&self) -> usize {
        self.held.len() * size_of::<Held>()
    }
}

impl Message for Envelope {
    fn kind(&self) -> MessageKind {
        match self.0 {
            Leg::Store { .. } => MessageKind::Store,
            Leg::Stored { .. } => MessageKind::Stored,
            Leg::Fetch { .. } => MessageKind::Fetch,
            Leg::Fetched { .. } => MessageKind::Fetched,
        }
    }

    fn topic(&self) -> Topic {
        match self.0 {
            Leg::Store { op, .. } | Leg::Stored { op, .. } => Topic::of(op),
            // A view asks for several keys at once: each is a message of its own.
            Leg::Fetch { op, key } | Leg::Fetched { op, key, .. } => Topic {
                partition: PartitionId(key.0),
                ..Topic::of(op)
            },
        }
    }

    fn carries(&self) -> Carries {
        match self.0 {
            Leg::Store { op, write, .. } | Leg::Stored { op, write } => Carries {
                op: Some(op),
                write: Some(write),
                ..Carries::default()
            },
            Leg::Fetch { op, .. } => Carries {
                op: Some(op),
                ..Carries::default()
            },
            Leg::Fetched { op, held, .. } => Carries {
                op: Some(op),
                write: held.write,
                ..Carries::default()
            },
        }
    }
}

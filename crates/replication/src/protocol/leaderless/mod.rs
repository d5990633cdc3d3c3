//! No leader: a coordinator sends every write to all copies and says "done" after W of them have it;
//! a read asks the copies and returns the newest of R responses.
//!
//! With W + R > N, a read finds every write that was acknowledged before the read began. That is
//! regular for one writer, not linearizable: while a write is on its way, one read may show it and a
//! later one may not. With clocks that agree and a strict quorum, [`Repair::WriteBack`](crate::scenario::Repair::WriteBack) makes it
//! linearizable; [`Repair::Contacted`](crate::scenario::Repair::Contacted) does only where any two sets of R share a copy. Durability is W,
//! not W + R. A write that got too few acknowledgements is not undone: it may surface later, through a
//! repair, a hint or anti-entropy.
//!
//! Versions are the coordinator's clock at receipt, then the coordinator, then a counter: last write
//! wins. Or they are dotted version vectors (Preguiça et al., 2012): what was written without knowing of
//! one another stays, as siblings, until a write that has seen them replaces them.
//!
//! With a sloppy quorum (DeCandia et al., Dynamo, 2007) others stand in for copies that are away, and
//! count; then W + R > N says nothing. With a strict one (Cassandra) a coordinator that is a node keeps
//! hints for copies that are away, and they do not count.

use smallvec::SmallVec;

use crate::ids::{Dot, Held, KeyId, NodeId, OpId, PartitionId, Vector, Version};
use crate::ordered::Ordered;
use crate::protocol::{Ctx, Disk, Replica, Reply, Request};
use crate::run::{HintView, NodeView, Role, Waiting};
use crate::scenario::{Settings, Structure, Versions};
use crate::trace::{Action, Kept, Kind};

mod anti_entropy;
mod coordinator;
mod doubt;
mod hints;
mod reads;
mod stamp;
mod store;
#[cfg(test)]
mod tests;
mod wire;

use coordinator::WriteUnderWay;
use doubt::Doubt;
use reads::ReadUnderWay;
use stamp::Stamps;
use store::{Made, Siblings, Taken, Waiter, take_in};
pub use store::{Store, StoreChange};
pub use wire::Envelope;
use wire::{About, Leg, Sent};

/// A replica of a leaderless system, or its proxy.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaderless {
    id: NodeId,
    is_proxy: bool,
    begins: Begins,
    /// What is on its disk.
    disk: Store,
    /// Dotted versions: what it has made, with what is not on its disk yet.
    made: Vec<Made>,
    /// What it coordinates.
    writes: Ordered<OpId, WriteUnderWay>,
    reads: Ordered<OpId, ReadUnderWay>,
    stamps: Stamps,
    doubt: Doubt,
    /// Anti-entropy: how often it has asked, and whether it will again.
    rounds: u32,
    compares: bool,
}

/// On what disk a replica begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begins {
    /// A new system's.
    New,
    /// Its own, as it left it.
    Again,
    /// An empty one, or a copy: its dots may be in use.
    Astray,
}

/// What it sets timers for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// The client no longer waits.
    Forget(OpId),
    /// Sloppy quorum: who has not answered by now is replaced by another.
    Replace(OpId),
    /// One who is away may be back.
    Ping(NodeId),
    /// Anti-entropy.
    Compare,
}

impl Replica for Leaderless {
    type Message = Envelope;
    type Timer = Timer;
    type Disk = Store;

    fn new(id: NodeId, structure: &Structure) -> Self {
        let disk = Store::empty(structure);
        Leaderless {
            id,
            is_proxy: structure.proxy() == Some(id),
            begins: Begins::New,
            made: disk.made.clone(),
            disk,
            writes: Ordered::default(),
            reads: Ordered::default(),
            stamps: Stamps::default(),
            doubt: Doubt::default(),
            rounds: 0,
            compares: false,
        }
    }

    fn recover(id: NodeId, structure: &Structure, _: &Settings, disk: &Store) -> Self {
        let begins = if disk.started {
            Begins::Again
        } else {
            Begins::Astray
        };
        Leaderless {
            begins,
            made: disk.made.clone(),
            disk: disk.clone(),
            ..Leaderless::new(id, structure)
        }
    }

    fn on_start(&mut self, ctx: &mut Ctx<'_, Self>) {
        if ctx.structure.versions == Versions::Dotted {
            self.skip_dots(ctx);
        }
        self.look_after_hints(ctx);
        self.plan_comparing(ctx);
    }

    fn on_settings(&mut self, ctx: &mut Ctx<'_, Self>) {
        self.plan_comparing(ctx);
    }

    fn on_message(&mut self, from: NodeId, Envelope(message): Envelope, ctx: &mut Ctx<'_, Self>) {
        self.hear_from(from, ctx);
        match message {
            Leg::Store(Sent { about, versions }) => {
                if let Some(write) = about.write {
                    let waiter = Waiter::Writer(from, about.op, write);
                    self.take(about.key, versions, waiter, ctx);
                }
            }
            Leg::Stored(about) => self.count_ack(from, about.op, ctx),
            Leg::Fetch(about) => {
                let versions = self.look_up(about.op, about.key, ctx);
                ctx.send(from, Envelope(Leg::Fetched(Sent { about, versions })));
            }
            Leg::Fetched(Sent { about, versions }) => {
                self.count_response(from, about.op, about.key, versions, ctx);
            }
            Leg::Hint(sent, home) => self.keep_hint(sent, home, Some(from), ctx),
            Leg::Hinted(about, home) => self.count_ack(home, about.op, ctx),
            Leg::Handoff(Sent { about, versions }, attempt) => {
                if let Some(write) = about.write {
                    let waiter = Waiter::Keeper(from, about.op, write, attempt);
                    self.take(about.key, versions, waiter, ctx);
                }
            }
            Leg::HandedOff(about, _) => self.drop_hint(from, about.op, false, ctx),
            Leg::Repair(Sent { about, versions }, _) => {
                self.take(about.key, versions, Waiter::Reader(from, about.op), ctx);
            }
            Leg::Repaired(about) => self.count_repaired(from, about.op, about.key, ctx),
            Leg::Compare(number, theirs) => self.compared(from, number, theirs, ctx),
            Leg::Differ(_, sets) => {
                for (key, versions) in sets {
                    self.take(key, versions, Waiter::Nobody, ctx);
                }
            }
            Leg::Ping(number) => ctx.send(from, Envelope(Leg::Pong(number))),
            Leg::Pong(_) => self.hand_off(from, ctx),
        }
    }

    fn on_request(&mut self, request: Request, ctx: &mut Ctx<'_, Self>) {
        match request {
            Request::Do {
                op,
                action: Action::Write { write, key, change },
                terms,
                ..
            } => self.write(op, write, key, change, terms, ctx),
            Request::Do {
                op,
                action: Action::Read { keys },
                terms,
                ..
            } => self.read(op, keys, terms, ctx),
            Request::Ask { client, number } => ctx.reply(
                client,
                Reply::Told {
                    number,
                    leaders: SmallVec::new(),
                    lags: SmallVec::new(),
                },
            ),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Ctx<'_, Self>) {
        match timer {
            Timer::Forget(op) => {
                self.forget_write(op, ctx);
                self.forget_read(op, ctx);
            }
            Timer::Replace(op) => {
                self.replace_in_write(op, ctx);
                self.replace_in_read(op, ctx);
            }
            Timer::Ping(node) => self.ping_again(node, ctx),
            Timer::Compare => self.compare(ctx),
        }
    }

    fn is_unfinished(timer: Timer) -> bool {
        match timer {
            Timer::Forget(_) | Timer::Replace(_) | Timer::Ping(_) => true,
            Timer::Compare => false,
        }
    }

    fn on_persisted(&mut self, change: StoreChange, ctx: &mut Ctx<'_, Self>) {
        match change {
            StoreChange::Take(taken) => self.taken(taken, ctx),
            StoreChange::Make(made) => {
                let op = made.op;
                self.disk.apply(&StoreChange::Make(made));
                self.send_out(op, ctx);
            }
            StoreChange::Keep(kept) => self.hint_kept(kept, ctx),
            StoreChange::Drop(dropped) => self.hint_dropped(dropped, ctx),
            StoreChange::Start { .. } => self.disk.apply(&change),
        }
    }

    fn view(&self, _: &Settings) -> NodeView {
        let writes = self
            .writes
            .iter()
            .map(|(op, under_way)| under_way.waiting(op));
        let reads = self
            .reads
            .iter()
            .filter_map(|(op, under_way)| under_way.waiting(op));
        let keys = || self.disk.held.iter().enumerate();
        let beside = keys()
            .flat_map(|(key, held)| held.iter().skip(1).map(move |one| (KeyId(key as u8), *one)));
        let hints = self.disk.hints.iter().map(|(_, hint)| HintView {
            home: hint.home,
            key: hint.key,
            write: hint.write,
        });
        NodeView {
            id: self.id,
            up: true,
            paused: false,
            skew_us: 0,
            role: if self.is_proxy {
                Role::Proxy
            } else {
                Role::Equal
            },
            logs: Vec::new(),
            held: if self.is_proxy {
                Vec::new()
            } else {
                keys()
                    .map(|(_, held)| held.first().copied().unwrap_or_default())
                    .collect()
            },
            siblings: beside.collect(),
            hints: hints.collect(),
            // What has enough only counts stragglers.
            waiting: writes
                .chain(reads)
                .filter(|waiting: &Waiting| waiting.have < waiting.need)
                .collect(),
        }
    }
}

/// The copy's work.
impl Leaderless {
    /// Has versions persisted.
    fn take(&mut self, key: KeyId, came: Siblings, whose: Waiter, ctx: &mut Ctx<'_, Self>) {
        let here = &self.disk.held[usize::from(key.0)];
        match whose {
            // On its disk already: nothing to wait for.
            Waiter::Reader(..) | Waiter::Nobody if store::has_all(here, &came) => {
                self.tell(whose, key, ctx);
            }
            _ => ctx.persist(StoreChange::Take(Taken { key, came, whose })),
        }
    }

    /// Versions are on its disk.
    fn taken(&mut self, Taken { key, came, whose }: Taken, ctx: &mut Ctx<'_, Self>) {
        let (node, held) = (self.id, &mut self.disk.held[usize::from(key.0)]);
        for one in came {
            let (Some(version), Some(write)) = (one.version, one.write) else {
                continue;
            };
            // What comes a second time is no news; what comes too late is, to who sent it to be stored.
            let comes_again = held.iter().any(|other| other.version == one.version);
            let newest = take_in(held, one);
            if newest || (whose.write() == Some(write) && !comes_again) {
                ctx.note(Kind::Stored {
                    node,
                    key,
                    version,
                    write,
                    newest,
                });
            }
            if newest {
                let others = held.iter().filter(|other| other.version != one.version);
                for there in others.filter_map(|other| other.write) {
                    ctx.note(Kind::Conflict {
                        node,
                        key,
                        there,
                        came: write,
                        kept: Kept::Both,
                    });
                }
            }
        }
        self.tell(whose, key, ctx);
    }

    /// Tells who waits for it that it is on disk.
    fn tell(&mut self, whose: Waiter, key: KeyId, ctx: &mut Ctx<'_, Self>) {
        let about = |op, write| About { op, key, write };
        match whose {
            Waiter::Writer(coordinator, op, _) if coordinator == self.id => {
                self.count_ack(coordinator, op, ctx);
            }
            Waiter::Writer(coordinator, op, write) => {
                ctx.send(coordinator, Envelope(Leg::Stored(about(op, Some(write)))));
            }
            Waiter::Keeper(keeper, op, write, attempt) => {
                let leg = Leg::HandedOff(about(op, Some(write)), attempt);
                ctx.send(keeper, Envelope(leg));
            }
            Waiter::Reader(coordinator, op) if coordinator == self.id => {
                self.count_repaired(coordinator, op, key, ctx);
            }
            Waiter::Reader(coordinator, op) => {
                ctx.send(coordinator, Envelope(Leg::Repaired(about(op, None))));
            }
            Waiter::Nobody => {}
        }
    }

    /// What a read finds here: of a key that it holds no copy of, what it keeps for those who do.
    fn look_up(&self, op: OpId, key: KeyId, ctx: &mut Ctx<'_, Self>) -> Siblings {
        let mut versions = self.disk.held[usize::from(key.0)].clone();
        if !ctx.structure.copies_of(key).any(|copy| copy == self.id) {
            let hints = self.disk.hints.iter().filter(|(_, hint)| hint.key == key);
            for one in hints.flat_map(|(_, hint)| &hint.versions) {
                take_in(&mut versions, *one);
            }
        }
        let node = self.id;
        if versions.is_empty() {
            ctx.note(Kind::Served {
                node,
                op,
                key,
                held: Held::default(),
            });
        }
        for held in &versions {
            ctx.note(Kind::Served {
                node,
                op,
                key,
                held: *held,
            });
        }
        versions
    }
}

/// Dots.
impl Leaderless {
    /// Begins to count. On a disk that is not as it was left, dots that it does not know of may be in
    /// use, and who takes one again has its write dropped as seen. So it skips more than it can have
    /// taken since, by its clock. Real nodes take a new identity instead, which can't fail; this can,
    /// where the clock is set back, or after several restores in a run of many minutes.
    fn skip_dots(&mut self, ctx: &mut Ctx<'_, Self>) {
        let skip = match self.begins {
            Begins::New => 0,
            // A thousand, and 61 a second since the start of the run: more with each restore.
            Begins::Astray => (1_000 + (ctx.now.0 >> 14)).clamp(1_000, 20_000) as u16,
            Begins::Again => return,
        };
        for made in &mut self.made {
            made.counter = made.counter.saturating_add(skip);
        }
        ctx.persist(StoreChange::Start { skip });
    }

    /// The next dot for a key: higher than any of its own that it knows of.
    fn next_dot(&self, key: KeyId, seen: &Vector) -> Dot {
        let (node, at) = (self.id, usize::from(self.id.0));
        let made = self.made[usize::from(key.0)].counter;
        let known = self.disk.held[usize::from(key.0)]
            .iter()
            .map(|held| match held.version {
                Some(Version::Dotted { dot, seen }) if dot.node == node => {
                    dot.counter.max(seen.0[at])
                }
                Some(Version::Dotted { seen, .. }) => seen.0[at],
                _ => 0,
            });
        let last = known.fold(made.max(seen.0[at]), u16::max);
        Dot {
            node,
            counter: last.saturating_add(1),
        }
    }

    /// Forgets what it has made and these cover.
    fn settle(&mut self, key: KeyId, by: &[Held]) {
        self.made[usize::from(key.0)].settle(by);
    }
}

/// The one partition.
const PARTITION: PartitionId = PartitionId(0);

fn bit(node: NodeId) -> u16 {
    1 << node.0
}

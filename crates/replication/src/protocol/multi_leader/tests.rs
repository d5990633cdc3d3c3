//! Leaders and followers under every order of messages, losses, crashes and lost disks: they converge.

use std::collections::{BTreeSet, VecDeque};

use serde_json::json;

use super::*;
use crate::engine::chance::Chance;
use crate::ids::{ClientId, ItemId, KeyId, Value, Vector};
use crate::protocol::Effect;
use crate::scenario::{Scenario, Topology};
use crate::trace::Kept;

const TOPOLOGIES: [Topology; 3] = [Topology::AllToAll, Topology::Ring, Topology::Star];
const CONFLICTS: [Conflicts; 4] = [
    Conflicts::LastWriteWins,
    Conflicts::HighestVersion,
    Conflicts::Merge,
    Conflicts::Siblings,
];

/// The keys of the tests.
const NUMBER: KeyId = KeyId(0);
const SET: KeyId = KeyId(1);
const REGISTER: KeyId = KeyId(2);

/// Replicas with what is between them, and somebody who decides what happens next.
struct Yard {
    scenario: Scenario,
    chance: Chance,
    numbers: u64,
    now: i64,
    skews: Vec<i64>,
    nodes: Vec<Option<MultiLeader>>,
    disks: Vec<Store>,
    backups: Vec<Store>,
    persisting: Vec<VecDeque<Change>>,
    timers: BTreeSet<(NodeId, Timer)>,
    /// In order on each link.
    ordered: Vec<(NodeId, NodeId, Envelope)>,
    /// In any order, and some twice.
    loose: Vec<(NodeId, NodeId, Envelope)>,
    notes: Vec<Kind>,
    replies: Vec<Reply>,
    sent: u32,
    writes: u32,
}

impl Yard {
    fn new(regions: &[u8], topology: Topology, conflicts: Conflicts, seed: u64) -> Self {
        let named: Vec<_> = regions
            .iter()
            .enumerate()
            .map(|(i, nodes)| json!({ "name": format!("r{i}"), "nodes": nodes }))
            .collect();
        let document = json!({ "version": 1, "title": "yard", "regions": named,
            "protocol": { "kind": "multi_leader" },
            "clients": [ { "name": "Ann", "does": [ { "read": ["number", "set", "register"] } ] } ] });
        let mut scenario = Scenario::from_document(document).expect("a good document");
        scenario.structure.topology = topology;
        scenario.structure.conflicts = conflicts;
        let structure = &scenario.structure;
        let count = usize::from(structure.nodes);
        let mut yard = Yard {
            nodes: structure
                .replicas()
                .map(|id| Some(MultiLeader::new(id, structure)))
                .collect(),
            disks: vec![Store::empty(structure); count],
            backups: vec![Store::empty(structure); count],
            persisting: vec![VecDeque::new(); count],
            skews: vec![0; count],
            chance: Chance::new(seed),
            numbers: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            now: 1_000_000,
            timers: BTreeSet::new(),
            ordered: Vec::new(),
            loose: Vec::new(),
            notes: Vec::new(),
            replies: Vec::new(),
            sent: 0,
            writes: 0,
            scenario,
        };
        for i in 0..count {
            yard.with(i, |replica, ctx| replica.on_start(ctx));
        }
        yard
    }

    fn draw(&mut self, of: usize) -> usize {
        self.numbers = self
            .numbers
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.numbers >> 33) % of as u64) as usize
    }

    fn with(&mut self, i: usize, handle: impl FnOnce(&mut MultiLeader, &mut Ctx<'_, MultiLeader>)) {
        let id = NodeId(i as u8);
        let Some(replica) = &mut self.nodes[i] else {
            return;
        };
        let mut effects = Vec::new();
        let mut ctx = Ctx {
            now: LocalTime(self.now + self.skews[i]),
            structure: &self.scenario.structure,
            settings: &self.scenario.settings,
            chance: &mut self.chance,
            effects: &mut effects,
        };
        handle(replica, &mut ctx);
        for effect in effects {
            match effect {
                Effect::Send(to, envelope) => {
                    self.sent += 1;
                    let link = match envelope.body {
                        Body::Replicate { .. } => &mut self.ordered,
                        Body::Replicated { .. } => &mut self.loose,
                    };
                    link.push((id, to, envelope));
                }
                Effect::Reply(_, reply) => self.replies.push(reply),
                Effect::SetTimer(timer, _) => {
                    self.timers.insert((id, timer));
                }
                Effect::CancelTimer(timer) => {
                    self.timers.remove(&(id, timer));
                }
                Effect::Persist(change) => self.persisting[i].push_back(change),
                Effect::Note(kind) => self.notes.push(kind),
            }
        }
    }

    fn request(&mut self, i: usize, edit: Edit, key: KeyId, seen: Vector) {
        self.writes += 1;
        let write = WriteId(self.writes);
        let op = OpId {
            client: ClientId(0),
            number: self.writes,
        };
        let request = Request::Do {
            op,
            action: Action::Write {
                write,
                key,
                change: edit,
            },
            partition: PartitionId(0),
            by_leader: false,
            terms: Terms {
                seen: Some(Box::new(seen)),
                ..Terms::default()
            },
        };
        self.with(i, |replica, ctx| replica.on_request(request, ctx));
    }

    /// What a client knows that has read a key there.
    fn seen_at(&self, i: usize, key: KeyId) -> Vector {
        let mut seen = Vector::default();
        for held in self.nodes[i]
            .iter()
            .flat_map(|node| node.keys()[usize::from(key.0)].held())
        {
            if let Some(Version::Dotted { dot, seen: before }) = held.version {
                seen.join(&before);
                seen.cover(dot);
            }
        }
        seen
    }

    fn persist(&mut self, i: usize) {
        if let Some(change) = self.persisting[i].pop_front() {
            self.disks[i].apply(&change);
            self.with(i, |replica, ctx| replica.on_persisted(change, ctx));
        }
    }

    fn deliver_ordered(&mut self, at: usize, lose: bool) {
        let (from, to) = (self.ordered[at].0, self.ordered[at].1);
        let first = self
            .ordered
            .iter()
            .position(|(f, t, _)| (*f, *t) == (from, to));
        let (_, _, envelope) = self.ordered.remove(first.expect("at least that one"));
        if !lose {
            self.with(usize::from(to.0), |replica, ctx| {
                replica.on_message(from, envelope, ctx)
            });
        }
    }

    fn deliver_loose(&mut self, at: usize, lose: bool, twice: bool) {
        let (from, to, envelope) = self.loose.swap_remove(at);
        if twice {
            self.loose.push((from, to, envelope.clone()));
        }
        if !lose {
            self.with(usize::from(to.0), |replica, ctx| {
                replica.on_message(from, envelope, ctx)
            });
        }
    }

    fn fire(&mut self, at: usize) {
        let armed = self.timers.iter().nth(at).copied();
        if let Some((node, timer)) = armed {
            self.timers.remove(&(node, timer));
            self.with(usize::from(node.0), |replica, ctx| {
                replica.on_timer(timer, ctx)
            });
        }
    }

    fn crash(&mut self, i: usize) {
        self.nodes[i] = None;
        self.persisting[i].clear();
        self.timers.retain(|(node, _)| usize::from(node.0) != i);
    }

    fn restart(&mut self, i: usize) {
        if self.nodes[i].is_none() {
            let id = NodeId(i as u8);
            let (structure, settings) = (&self.scenario.structure, &self.scenario.settings);
            self.nodes[i] = Some(MultiLeader::recover(
                id,
                structure,
                settings,
                &self.disks[i],
            ));
            self.with(i, |replica, ctx| replica.on_start(ctx));
        }
    }

    fn some_write(&mut self) {
        let i = self.draw(self.nodes.len());
        let merge = self.scenario.structure.conflicts == Conflicts::Merge;
        let key = [NUMBER, SET, REGISTER][self.draw(3)];
        let item = ItemId(self.draw(3) as u8);
        let which = self.draw(3);
        let edit = match (key, which) {
            (NUMBER, 0) if !merge => Edit::Set(Value::Number(which as i64)),
            (NUMBER, _) => Edit::Add(which as i64 + 1),
            (SET, 0) => Edit::Remove(item),
            (SET, _) => Edit::Insert(item),
            _ => Edit::Set(Value::Number(i64::from(self.writes))),
        };
        let read_at = self.draw(self.nodes.len());
        let seen = if self.draw(3) == 0 {
            Vector::default()
        } else {
            self.seen_at(read_at, key)
        };
        self.request(i, edit, key, seen);
    }

    /// One thing happens. `faults`: 0 for none, 1 for losses and crashes, 2 for lost and restored disks too.
    fn anything(&mut self, faults: usize) {
        self.now += self.draw(2_000) as i64 + 1;
        let i = self.draw(self.nodes.len());
        match self.draw(100) {
            0..20 => self.some_write(),
            20..45 => self.persist(i),
            45..65 if !self.ordered.is_empty() => {
                let (at, luck) = (self.draw(self.ordered.len()), self.draw(6));
                self.deliver_ordered(at, faults > 0 && luck == 0);
            }
            65..85 if !self.loose.is_empty() => {
                let (at, luck) = (self.draw(self.loose.len()), self.draw(6));
                self.deliver_loose(at, faults > 0 && luck == 0, luck == 1);
            }
            85..93 if !self.timers.is_empty() => {
                let at = self.draw(self.timers.len());
                self.fire(at);
            }
            93 => self.skews[i] = self.draw(400_000) as i64 - 200_000,
            94 | 95 if faults > 0 => self.crash(i),
            96 | 97 if faults > 0 => self.restart(i),
            98 if faults > 1 => {
                self.crash(i);
                self.disks[i] = if self.draw(2) == 0 {
                    Store::empty(&self.scenario.structure)
                } else {
                    self.backups[i].restored(None)
                };
            }
            99 if faults > 1 => match self.draw(4) {
                0 => self.backups = self.disks.clone(),
                1 => {
                    for i in 0..self.nodes.len() {
                        self.crash(i);
                        self.disks[i] = self.backups[i].clone();
                        self.restart(i);
                    }
                }
                _ => {}
            },
            _ => {}
        }
    }

    /// Everybody is back, and nothing is lost any more, until nothing is left to do.
    fn calm_down(&mut self) {
        (0..self.nodes.len()).for_each(|i| self.restart(i));
        for _ in 0..500 {
            while !(self.ordered.is_empty()
                && self.loose.is_empty()
                && self.persisting.iter().all(VecDeque::is_empty))
            {
                (0..self.nodes.len()).for_each(|i| self.persist(i));
                if !self.ordered.is_empty() {
                    self.deliver_ordered(0, false);
                }
                if !self.loose.is_empty() {
                    self.deliver_loose(0, false, false);
                }
            }
            if self.timers.is_empty() {
                return;
            }
            self.now += 100_000;
            let armed: Vec<_> = self.timers.iter().copied().collect();
            for (node, timer) in armed {
                if self.timers.remove(&(node, timer)) {
                    self.with(usize::from(node.0), |replica, ctx| {
                        replica.on_timer(timer, ctx)
                    });
                }
            }
        }
        panic!("it never becomes quiet: {:?}", self.timers);
    }

    fn node(&self, i: usize) -> &MultiLeader {
        self.nodes[i].as_ref().expect("up")
    }

    fn value(&self, i: usize, key: KeyId) -> Value {
        self.node(i).keys()[usize::from(key.0)].first().value
    }

    fn conflicts(&self) -> Vec<Kept> {
        let kept = |kind: &Kind| match kind {
            Kind::Conflict { kept, .. } => Some(*kept),
            _ => None,
        };
        self.notes.iter().filter_map(kept).collect()
    }

    /// What it has, in an order of its own.
    fn writes_of(&self, i: usize) -> Vec<(Stream, u32, WriteId)> {
        let log = self.node(i).store.log.iter();
        let mut writes: Vec<_> = log
            .map(|update| (update.stream, update.number, update.write))
            .collect();
        writes.sort();
        writes
    }

    #[track_caller]
    fn has_converged(&self) {
        let first = self.node(0);
        for (i, disk) in self.disks.iter().enumerate() {
            let node = self.node(i);
            assert_eq!(node.store, *disk, "{i} has in memory what is on its disk");
            assert_eq!(self.writes_of(i), self.writes_of(0), "{i} has every update");
            assert_eq!(
                node.store.shown(),
                first.store.shown(),
                "{i} makes the same of them"
            );
            let shown: Vec<_> = node.keys().iter().map(|key| key.held().to_vec()).collect();
            assert_eq!(shown, first.store.shown(), "{i} shows that");
        }
    }
}

fn swarm(regions: &[u8], faults: usize, seeds: std::ops::Range<u64>) {
    for seed in seeds {
        for topology in TOPOLOGIES {
            for conflicts in CONFLICTS {
                let mut yard = Yard::new(regions, topology, conflicts, seed);
                for _ in 0..600 {
                    yard.anything(faults);
                }
                yard.calm_down();
                let caught =
                    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| yard.has_converged()));
                assert!(
                    caught.is_ok(),
                    "{regions:?} {topology:?} {conflicts:?} seed {seed}"
                );
            }
        }
    }
}

#[test]
fn any_order_converges() {
    swarm(&[2, 1, 1], 0, 0..12);
    swarm(&[1, 1], 0, 12..18);
}

#[test]
fn losses_and_crashes_converge() {
    swarm(&[2, 1, 2, 1], 1, 100..112);
    swarm(&[1, 2], 1, 112..118);
}

#[test]
fn lost_and_restored_disks_converge() {
    swarm(&[2, 1, 2, 1], 2, 200..212);
    swarm(&[1, 1, 1], 2, 212..218);
}

#[test]
fn what_is_acknowledged_is_everywhere_unless_a_disk_is_lost() {
    for (seed, topology) in (0..9).zip(TOPOLOGIES.into_iter().cycle()) {
        let mut yard = Yard::new(&[1, 2, 1], topology, Conflicts::Merge, seed);
        for _ in 0..600 {
            yard.anything(1);
        }
        yard.calm_down();
        let done = yard
            .replies
            .iter()
            .filter(|reply| matches!(reply, Reply::Done { .. }))
            .count();
        assert!(done > 10, "only {done}");
        // A write whose leader crashed after it was on disk is there without having been acknowledged.
        assert!(yard.node(0).store.log.len() >= done);
    }
}

#[test]
fn without_faults_an_update_goes_over_each_link_once() {
    for topology in TOPOLOGIES {
        let mut yard = Yard::new(&[1, 1, 1, 1], topology, Conflicts::LastWriteWins, 1);
        yard.request(1, Edit::Set(Value::Number(7)), REGISTER, Vector::default());
        yard.calm_down();
        yard.has_converged();
        // Three others get it, and each answers.
        assert_eq!(yard.sent, 2 * 3, "{topology:?}");
    }
}

#[test]
fn an_insertion_wins_against_a_removal_that_had_not_seen_it() {
    let milk = ItemId(0);
    let mut yard = Yard::new(&[1, 1], Topology::AllToAll, Conflicts::Merge, 1);
    yard.request(0, Edit::Insert(milk), SET, Vector::default());
    yard.calm_down();
    yard.request(0, Edit::Remove(milk), SET, Vector::default());
    yard.request(1, Edit::Insert(milk), SET, Vector::default());
    yard.calm_down();
    yard.has_converged();
    assert!(yard.value(0, SET).items().contains(milk));
    yard.request(1, Edit::Remove(milk), SET, Vector::default());
    yard.calm_down();
    yard.has_converged();
    assert_eq!(yard.value(0, SET), Value::Set(Default::default()));
}

#[test]
fn a_removal_may_come_before_the_insertion_that_it_had_seen() {
    let milk = ItemId(0);
    let mut yard = Yard::new(&[1, 1, 1], Topology::AllToAll, Conflicts::Merge, 1);
    yard.request(0, Edit::Insert(milk), SET, Vector::default());
    yard.persist(0);
    // To the second, not yet to the third.
    let to_second = yard.ordered.iter().position(|(_, to, _)| *to == NodeId(1));
    yard.deliver_ordered(to_second.expect("sent"), false);
    yard.persist(1);
    yard.request(1, Edit::Remove(milk), SET, Vector::default());
    yard.persist(1);
    let to_third = |yard: &Yard, from| {
        let found = yard
            .ordered
            .iter()
            .position(|(f, to, _)| (*f, *to) == (NodeId(from), NodeId(2)));
        found.expect("sent")
    };
    let removal = to_third(&yard, 1);
    yard.deliver_ordered(removal, false);
    yard.persist(2);
    assert_eq!(yard.value(2, SET), Value::Set(Default::default()));
    let insertion = to_third(&yard, 0);
    yard.deliver_ordered(insertion, false);
    yard.persist(2);
    assert_eq!(yard.value(2, SET), Value::Set(Default::default()));
    yard.calm_down();
    yard.has_converged();
    assert_eq!(yard.conflicts(), [], "each had seen what it meets");
}

#[test]
fn two_quick_additions_at_one_leader_both_count() {
    for conflicts in [
        Conflicts::LastWriteWins,
        Conflicts::HighestVersion,
        Conflicts::Merge,
    ] {
        let mut yard = Yard::new(&[1, 1], Topology::AllToAll, conflicts, 1);
        yard.request(0, Edit::Add(1), NUMBER, Vector::default());
        yard.request(0, Edit::Add(1), NUMBER, Vector::default());
        yard.calm_down();
        yard.has_converged();
        assert_eq!(yard.value(1, NUMBER), Value::Number(2), "{conflicts:?}");
        assert_eq!(yard.conflicts(), []);
    }
}

#[test]
fn of_additions_at_two_leaders_only_a_counter_keeps_both() {
    for (conflicts, sum) in CONFLICTS.into_iter().zip([1, 1, 2, 1]) {
        let mut yard = Yard::new(&[1, 1], Topology::AllToAll, conflicts, 1);
        yard.request(0, Edit::Add(1), NUMBER, Vector::default());
        yard.request(1, Edit::Add(1), NUMBER, Vector::default());
        yard.calm_down();
        yard.has_converged();
        assert_eq!(yard.value(1, NUMBER), Value::Number(sum), "{conflicts:?}");
        assert_eq!(yard.conflicts().len(), 2, "each leader meets the other's");
    }
}

#[test]
fn a_clock_behind_drops_a_later_write_that_had_seen_the_other() {
    let mut yard = Yard::new(&[1, 1], Topology::AllToAll, Conflicts::LastWriteWins, 1);
    yard.skews[1] = -200_000;
    yard.request(0, Edit::Set(Value::Number(1)), REGISTER, Vector::default());
    yard.calm_down();
    yard.request(1, Edit::Set(Value::Number(2)), REGISTER, Vector::default());
    yard.calm_down();
    yard.has_converged();
    assert_eq!(yard.value(1, REGISTER), Value::Number(1));
    assert_eq!(yard.conflicts(), [], "no conflict, and yet it is gone");
}

#[test]
fn a_leader_gets_back_what_it_lost_before_it_takes_a_write() {
    for topology in TOPOLOGIES {
        let mut yard = Yard::new(&[1, 1, 1], topology, Conflicts::Siblings, 1);
        yard.request(0, Edit::Set(Value::Number(1)), REGISTER, Vector::default());
        yard.calm_down();
        yard.crash(0);
        yard.disks[0] = Store::empty(&yard.scenario.structure);
        yard.restart(0);
        yard.replies.clear();
        yard.request(0, Edit::Set(Value::Number(2)), REGISTER, Vector::default());
        let turned_away = KnownLeader::default();
        assert!(
            matches!(yard.replies[..], [Reply::NotLeader { leader, .. }] if leader == turned_away)
        );
        yard.calm_down();
        assert_eq!(yard.value(0, REGISTER), Value::Number(1), "{topology:?}");
        let seen = yard.seen_at(0, REGISTER);
        yard.request(0, Edit::Set(Value::Number(3)), REGISTER, seen);
        yard.calm_down();
        yard.has_converged();
        assert_eq!(yard.value(2, REGISTER), Value::Number(3), "{topology:?}");
        assert_eq!(yard.conflicts(), []);
    }
}

#[test]
fn a_disk_tells_what_its_keys_are_made_of() {
    for (conflicts, told) in CONFLICTS.into_iter().zip([1, 1, 2, 2]) {
        let mut yard = Yard::new(&[1, 1], Topology::AllToAll, conflicts, 1);
        yard.request(0, Edit::Add(1), NUMBER, Vector::default());
        yard.request(1, Edit::Add(1), NUMBER, Vector::default());
        yard.calm_down();
        assert_eq!(
            yard.disks[0].contents(NodeId(0)).len(),
            told,
            "{conflicts:?}"
        );
    }
}

#[test]
fn a_follower_takes_no_write_and_names_its_leader() {
    let mut yard = Yard::new(&[1, 2], Topology::AllToAll, Conflicts::Merge, 1);
    yard.request(2, Edit::Add(1), NUMBER, Vector::default());
    let named = KnownLeader {
        epoch: 0,
        node: Some(NodeId(1)),
    };
    assert!(matches!(yard.replies[..], [Reply::NotLeader { leader, .. }] if leader == named));
}

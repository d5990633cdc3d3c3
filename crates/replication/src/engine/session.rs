//! A run with a cursor: forward by running, backward from the nearest checkpoint.

use std::sync::Arc;

use crate::engine::time::SimTime;
use crate::engine::world::World;
use crate::promise::{Promise, Verdict, Violation, Watch};
use crate::protocol::Replica;
use crate::run::{BackupView, ClientView, End, LinkView, NodeView, Run};
use crate::scenario::{Scenario, Settings};
use crate::trace::{Record, Seq};

/// A run of one protocol.
#[derive(Debug)]
pub struct Session<R: Replica> {
    scenario: Arc<Scenario>,
    seed: u64,
    cursor: SimTime,
    /// The world at the cursor.
    world: World<R>,
    /// Everything known, up to the furthest moment that the cursor has been to.
    records: Vec<Record>,
    watch: Watch,
    ended: Option<(End, SimTime)>,
    /// Worlds on the way, in order; the first is the start.
    checkpoints: Vec<World<R>>,
    /// At least so many records lie between two checkpoints.
    spacing: u32,
}

/// The spacing to begin with: replaying this many records takes a few milliseconds.
const SPACING: u32 = 1024;
/// At the most so many checkpoints: beyond, every other one goes and the spacing doubles.
const CHECKPOINTS: usize = 64;

impl<R: Replica> Session<R> {
    /// A run at its start.
    pub fn open(scenario: Arc<Scenario>, seed: u64) -> Self {
        let mut world = World::new(Arc::clone(&scenario), seed);
        let mut records = Vec::new();
        world.start(&mut records);
        let watch = Watch::new(&scenario);
        let mut session = Session {
            seed,
            cursor: SimTime::ZERO,
            checkpoints: vec![world.clone()],
            world,
            records,
            watch,
            ended: None,
            spacing: SPACING,
            scenario,
        };
        session.run_to(SimTime::ZERO);
        session
    }

    /// The world at the cursor.
    pub fn world(&self) -> &World<R> {
        &self.world
    }

    fn run_to(&mut self, to: SimTime) {
        while self.world.ended().is_none() && self.world.next_at().is_none_or(|at| at <= to) {
            self.step();
        }
        self.cursor = to;
        if let Some(end) = self.world.ended() {
            self.cursor = to.min(self.world.now());
            self.ended = Some((end, self.world.now()));
        }
        self.watch.observe(&self.records, &self.scenario);
    }

    fn step(&mut self) {
        let known = self.world.records() as usize;
        if known < self.records.len() {
            // Already known: the same again.
            self.world.step(&mut ());
        } else {
            self.world.step(&mut self.records);
        }
        let last = self.checkpoints.last().map_or(0, World::records);
        if self.world.records() >= last + self.spacing {
            self.checkpoints.push(self.world.clone());
            if self.checkpoints.len() > CHECKPOINTS {
                let mut number = 0;
                self.checkpoints.retain(|_| {
                    number += 1;
                    number % 2 == 1
                });
                self.spacing *= 2;
            }
        }
    }

    /// The last checkpoint at which nothing after `to` has happened.
    fn checkpoint_before(&self, to: SimTime) -> &World<R> {
        let after = self.checkpoints.partition_point(|world| world.now() <= to);
        &self.checkpoints[after.saturating_sub(1)]
    }
}

impl<R: Replica + 'static> Run for Session<R> {
    fn scenario(&self) -> &Arc<Scenario> {
        &self.scenario
    }

    fn seed(&self) -> u64 {
        self.seed
    }

    fn now(&self) -> SimTime {
        self.cursor
    }

    fn seek(&mut self, to: SimTime) {
        // A distant target is as good as a near checkpoint before it.
        let nearest = self.checkpoint_before(to);
        if to < self.cursor || nearest.records() > self.world.records() {
            self.world = nearest.clone();
        }
        self.run_to(to);
    }

    fn ended(&self) -> Option<(End, SimTime)> {
        self.ended
    }

    fn records(&self) -> &[Record] {
        &self.records
    }

    fn happened(&self) -> usize {
        self.world.records() as usize
    }

    fn violations(&self) -> &[Violation] {
        self.watch.violations()
    }

    fn verdict(&self, promise: Promise) -> Verdict {
        self.watch.verdict(promise, self.happened())
    }

    fn settings(&self) -> &Settings {
        self.world.settings()
    }

    fn nodes(&self) -> Vec<NodeView> {
        self.world.nodes()
    }

    fn clients(&self) -> Vec<ClientView> {
        self.world.clients()
    }

    fn links(&self) -> Vec<LinkView> {
        self.world.links()
    }

    fn backups(&self) -> Vec<BackupView> {
        self.world.backups()
    }

    fn in_flight(&self) -> Vec<Seq> {
        self.world.in_flight()
    }

    fn fork(&self, scenario: Arc<Scenario>) -> Box<dyn Run> {
        let records = self.records[..self.happened()].to_vec();
        let past = self
            .checkpoints
            .iter()
            .filter(|world| world.records() <= self.world.records());
        let mut watch = Watch::new(&scenario);
        watch.observe(&records, &scenario);
        Box::new(Session {
            seed: self.seed,
            cursor: self.cursor,
            checkpoints: past
                .map(|world| world.under(Arc::clone(&scenario)))
                .collect(),
            world: self.world.under(Arc::clone(&scenario)),
            records,
            watch,
            ended: None,
            spacing: self.spacing,
            scenario,
        })
    }

    fn checkpoint_bytes(&self) -> usize {
        self.checkpoints.iter().map(World::bytes).sum()
    }
}

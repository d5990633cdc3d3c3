//! Who sends what to whom, and how far each is.

use std::sync::Arc;

use crate::ids::{NodeId, Place, RegionId};
use crate::protocol::multi_leader::wire::{Batch, Counts, Stream, Update};
use crate::scenario::{Structure, Topology};

/// How many updates are sent at once.
const BATCH: usize = 64;
/// How many may be on their way to one peer.
const WINDOW: u32 = 256;

/// Another replica, as this one knows it.
///
/// What a peer says it has is believed for the life in which it said so. In another life it may have
/// less: its disk may be lost, or restored. So whoever hears of a new life asks, and believes the
/// answer, which can't be older than the question.
#[derive(Clone, Debug, PartialEq)]
pub struct Peer {
    /// Who.
    pub id: NodeId,
    link: Link,
    /// Its life, as last heard of; `None` where this replica itself has just started.
    life: Option<i64>,
    /// The question that it has not answered yet.
    question: Option<i64>,
    /// What it has, as far as is known.
    has: Counts,
    /// Of this replica's log, up to where the peer has everything that it gets.
    base: u32,
    /// Of this replica's log, what is looked at next.
    next: u32,
    /// How many are on their way.
    pub in_flight: u32,
    /// How often it has been sent something again.
    pub attempt: u32,
}

/// Of what it lacks, what a peer is sent.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Link {
    /// Everything.
    All,
    /// What the sender took itself, and what the peer took and has lost.
    Own,
    /// What the peer took and has lost.
    Back,
}

/// A replica's peers, in order.
pub fn peers_of(id: NodeId, structure: &Structure) -> Vec<Peer> {
    let peer = |other| {
        Some(Peer {
            id: other,
            link: link(id, other, structure)?,
            life: Some(Stream::FIRST),
            question: None,
            has: Counts::default(),
            base: 0,
            next: 0,
            in_flight: 0,
            attempt: 0,
        })
    };
    structure.replicas().filter_map(peer).collect()
}

fn link(from: NodeId, to: NodeId, structure: &Structure) -> Option<Link> {
    let [here, there] = [from, to].map(|node| structure.region_of(Place::Node(node)));
    let [leads, led] =
        [(from, here), (to, there)].map(|(node, region)| structure.leader_of(region) == node);
    if here == there {
        return (leads != led).then_some(Link::All);
    }
    let after = |region: RegionId| RegionId((region.0 + 1) % structure.regions);
    let between_leaders = match structure.topology {
        Topology::AllToAll => Some(Link::Own),
        Topology::Ring if after(here) == there => Some(Link::All),
        Topology::Ring => (after(there) == here).then_some(Link::Back),
        Topology::Star => (here.0 == 0 || there.0 == 0).then_some(Link::All),
    };
    between_leaders.filter(|_| leads && led)
}

impl Peer {
    /// As one that this replica knows nothing of, having just started again.
    pub fn forgotten(self) -> Self {
        Peer { life: None, ..self }
    }

    /// The question that it has not answered yet.
    pub fn question(&self) -> Option<i64> {
        self.question
    }

    /// Asks it what it has.
    pub fn ask(&mut self, question: i64) {
        self.question = Some(question);
        self.in_flight = 0;
    }

    /// A message of this life has come. Returns whether the life is a new one: then it must be asked.
    pub fn is_new(&mut self, life: i64) -> bool {
        // Where this replica has just started itself, its question is out already.
        let before = self.life.replace(life);
        before.is_some_and(|before| before != life)
    }

    /// It has sent these: so it has them.
    pub fn has_sent(&mut self, updates: &[Arc<Update>]) {
        if self.question.is_none() {
            updates
                .iter()
                .for_each(|update| self.has.raise(update.stream, update.number));
        }
    }

    /// It has said what it has, in its known life.
    pub fn has_said(&mut self, counts: &Counts) {
        if self.question.is_none() {
            self.has.join(counts);
        }
    }

    /// It has answered a question. Returns whether it is the one that is open: then all that was known
    /// of it before is forgotten.
    pub fn has_answered(&mut self, question: i64, counts: &Counts) -> bool {
        let open = self.question == Some(question);
        if open {
            self.question = None;
            self.has = counts.clone();
            (self.base, self.next, self.in_flight) = (0, 0, 0);
        }
        open
    }

    /// How many of a leader's own updates it has, by stream.
    pub fn has_of(&self, origin: NodeId) -> impl Iterator<Item = (Stream, u32)> {
        self.has.of(origin)
    }

    /// Whether it gets an update, and lacks it.
    fn lacks(&self, update: &Update, me: NodeId) -> bool {
        let Stream { origin, life } = update.stream;
        // What it took in this life is on its disk.
        let took_it = origin == self.id && self.life == Some(life);
        let gets_it = match self.link {
            Link::All => true,
            Link::Own => origin == me || origin == self.id,
            Link::Back => origin == self.id,
        };
        gets_it && !took_it && !self.has.has(update)
    }

    /// The next to be sent, if any may be.
    pub fn batch(&mut self, me: NodeId, log: &[Arc<Update>]) -> Batch {
        let mut batch = Batch::new();
        let room = WINDOW.saturating_sub(self.in_flight).min(BATCH as u32) as usize;
        if self.question.is_some() {
            return batch;
        }
        while batch.len() < room
            && let Some(update) = log.get(self.next as usize)
        {
            if self.lacks(update, me) {
                batch.push(Arc::clone(update));
            }
            self.next += 1;
        }
        self.in_flight += batch.len() as u32;
        batch
    }

    /// Looks again at what is on its way, after it has said what it has. Returns whether less is.
    pub fn settle(&mut self, me: NodeId, log: &[Arc<Update>]) -> bool {
        let before = self.in_flight;
        let sent = &log[self.base as usize..self.next as usize];
        let settled = sent
            .iter()
            .take_while(|update| !self.lacks(update, me))
            .count();
        let open = sent.iter().filter(|update| self.lacks(update, me)).count();
        (self.base, self.in_flight) = (self.base + settled as u32, open as u32);
        self.in_flight < before
    }

    /// What is on its way is sent again.
    pub fn start_over(&mut self) {
        (self.next, self.in_flight) = (self.base, 0);
    }
}

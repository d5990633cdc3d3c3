//! Replays the sessions side by side, on one copy of each key.
//!
//! A search in depth that remembers the states from which it came back. An operation that changes nothing, and
//! can be next, is next. A write that nobody sees, over a value that nobody needs any more, likewise. A write of
//! unknown outcome happens only where something waits for it. A value that is still needed and that nobody will
//! write again is not overwritten.

use crate::graph::Graph;
use crate::{Action, Operation, Steps, ValueId};

/// How many words of remembered states there may be.
const WORDS_MAX: usize = 32 << 20;

/// Whether some way of replaying them explains all; `None` where the budget is too small.
pub(super) fn is_possible(
    graph: &Graph,
    edges: &[(usize, usize)],
    initial: &[ValueId],
    steps: &mut Steps,
) -> Option<bool> {
    let mut replay = Replay::of(graph, edges, initial);
    let mut remembered = Remembered::default();
    let mut branches: Vec<Branch> = Vec::new();
    loop {
        replay.go_on(steps);
        if replay.left == 0 {
            return Some(true);
        }
        if steps.is_spent() {
            return None;
        }
        if !remembered.has(&replay) {
            branches.push(Branch {
                done: replay.done.len(),
                ways: replay.ways(steps),
            });
        }
        // Back to where something is left to try.
        loop {
            let Some(branch) = branches.last_mut() else {
                return Some(false);
            };
            replay.undo(branch.done);
            if let Some(next) = branch.ways.pop() {
                replay.carry_out(next);
                break;
            }
            remembered.add(&replay);
            branches.pop();
        }
    }
}

/// A state and what is left to try there.
struct Branch {
    /// How many operations had been carried out.
    done: usize,
    /// The likeliest last.
    ways: Vec<usize>,
}

/// What a node finds and leaves, as places in the list of keys and values.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Cells {
    saw: Option<usize>,
    wrote: Option<usize>,
    shuns: Option<usize>,
}

struct Replay<'a> {
    nodes: &'a [Operation],
    cells: Vec<Cells>,
    /// By session, its operations that returned, and how many of them have been carried out.
    sessions: Vec<Vec<usize>>,
    at: Vec<usize>,
    /// Those of unknown outcome.
    unknown: Vec<usize>,
    /// By node, others that come before it.
    before: Vec<Vec<usize>>,
    is_done: Vec<bool>,
    /// Those carried out, in order, and the cell that their key held before.
    done: Vec<(usize, usize)>,
    /// By key, the cell that it holds.
    held: Vec<usize>,
    /// By cell, how many operations that returned are still to see it.
    wanted: Vec<u32>,
    /// By cell, how many operations may still write it.
    written: Vec<u32>,
    /// By cell, how many swaps of unknown outcome are for it.
    swapped: Vec<u32>,
    /// By key, how many failed swaps are still to come.
    shunned: Vec<u32>,
    /// How many operations that returned are left.
    left: usize,
    hash: u64,
}

impl<'a> Replay<'a> {
    fn of(graph: &'a Graph, edges: &[(usize, usize)], initial: &[ValueId]) -> Self {
        let nodes = graph.nodes.as_slice();
        let mut all: Vec<(u32, ValueId)> = (0..).zip(initial.iter().copied()).collect();
        for node in nodes {
            match node.action {
                Action::Write(value) | Action::Read(value) | Action::NoSwap(value) => {
                    all.push((node.key.0, value));
                }
                Action::Swap(from, to) => all.extend([(node.key.0, from), (node.key.0, to)]),
            }
        }
        all.sort_unstable();
        all.dedup();
        let cell = |key: u32, value| all.partition_point(|other| *other < (key, value));
        let sessions = nodes
            .iter()
            .map(|node| node.session.0 as usize + 1)
            .max()
            .unwrap_or(0);
        let mut replay = Replay {
            nodes,
            cells: Vec::new(),
            sessions: vec![Vec::new(); sessions],
            at: vec![0; sessions],
            unknown: Vec::new(),
            before: vec![Vec::new(); nodes.len()],
            is_done: vec![false; nodes.len()],
            done: Vec::new(),
            held: (0..)
                .zip(initial)
                .map(|(key, value)| cell(key, *value))
                .collect(),
            wanted: vec![0; all.len()],
            written: vec![0; all.len()],
            swapped: vec![0; all.len()],
            shunned: vec![0; initial.len()],
            left: 0,
            hash: 0,
        };
        for (from, to) in edges {
            replay.before[*to].push(*from);
        }
        for (node, operation) in nodes.iter().enumerate() {
            let key = operation.key.0;
            let (saw, wrote, shuns) = match operation.action {
                Action::Write(value) => (None, Some(value), None),
                Action::Read(value) => (Some(value), None, None),
                Action::Swap(from, to) => (Some(from), Some(to), None),
                Action::NoSwap(value) => (None, None, Some(value)),
            };
            let cells = Cells {
                saw: saw.map(|value| cell(key, value)),
                wrote: wrote.map(|value| cell(key, value)),
                shuns: shuns.map(|value| cell(key, value)),
            };
            replay.cells.push(cells);
            if operation.ends.is_some() {
                replay.sessions[operation.session.0 as usize].push(node);
                replay.left += 1;
            } else {
                replay.unknown.push(node);
                replay.before[node].extend(graph.before(node));
            }
            replay.count(node, 1);
        }
        replay
    }

    /// Counts what a node wants, and may write, in or out.
    fn count(&mut self, node: usize, by: i32) {
        let cells = self.cells[node];
        let key = self.nodes[node].key.0 as usize;
        let add = |count: &mut u32| *count = count.wrapping_add_signed(by);
        if let Some(saw) = cells.saw {
            match self.nodes[node].ends {
                Some(_) => add(&mut self.wanted[saw]),
                None => add(&mut self.swapped[saw]),
            }
        }
        if let Some(wrote) = cells.wrote {
            add(&mut self.written[wrote]);
        }
        if cells.shuns.is_some() {
            add(&mut self.shunned[key]);
        }
    }

    fn carry_out(&mut self, node: usize) {
        let key = self.nodes[node].key.0 as usize;
        let held = self.held[key];
        self.done.push((node, held));
        self.is_done[node] = true;
        self.count(node, -1);
        if self.nodes[node].ends.is_some() {
            self.at[self.nodes[node].session.0 as usize] += 1;
            self.left -= 1;
        }
        if let Some(wrote) = self.cells[node].wrote {
            self.hold(key, wrote);
        }
        self.hash ^= mixed(node as u64);
    }

    fn undo(&mut self, done: usize) {
        for (node, held) in self.done.split_off(done).into_iter().rev() {
            let key = self.nodes[node].key.0 as usize;
            self.is_done[node] = false;
            self.count(node, 1);
            if self.nodes[node].ends.is_some() {
                self.at[self.nodes[node].session.0 as usize] -= 1;
                self.left += 1;
            }
            self.hold(key, held);
            self.hash ^= mixed(node as u64);
        }
    }

    fn hold(&mut self, key: usize, cell: usize) {
        self.hash ^= mixed(!(self.held[key] as u64)) ^ mixed(!(cell as u64));
        self.held[key] = cell;
    }

    /// Carries out what can as well be next.
    fn go_on(&mut self, steps: &mut Steps) {
        let mut changed = true;
        while changed {
            changed = false;
            steps.take(self.sessions.len() as u64);
            for session in 0..self.sessions.len() {
                while let Some(node) = self.head(session)
                    && (self.changes_nothing(node) || self.is_idle(node))
                {
                    self.carry_out(node);
                    changed = true;
                }
            }
        }
    }

    /// The next operation of a session, where all that must come before it has.
    fn head(&self, session: usize) -> Option<usize> {
        let node = *self.sessions[session].get(self.at[session])?;
        self.is_ready(node).then_some(node)
    }

    fn is_ready(&self, node: usize) -> bool {
        self.before[node].iter().all(|before| self.is_done[*before])
    }

    fn held_by(&self, node: usize) -> usize {
        self.held[self.nodes[node].key.0 as usize]
    }

    /// Whether it explains what it was told.
    fn is_possible(&self, node: usize) -> bool {
        let (cells, held) = (self.cells[node], self.held_by(node));
        cells.saw.is_none_or(|saw| saw == held) && cells.shuns != Some(held)
    }

    fn changes_nothing(&self, node: usize) -> bool {
        let cells = self.cells[node];
        self.is_possible(node)
            && (cells.wrote.is_none() || cells.saw.is_some() && cells.wrote == cells.saw)
    }

    /// Whether it is a write that nobody sees, over a value that nobody needs.
    fn is_idle(&self, node: usize) -> bool {
        let (cells, held) = (self.cells[node], self.held_by(node));
        let is_needed = |cell: usize| self.wanted[cell] + self.swapped[cell] > 0;
        cells.saw.is_none()
            && cells.wrote.is_some_and(|wrote| !is_needed(wrote))
            && !is_needed(held)
            && self.shunned[self.nodes[node].key.0 as usize] == 0
    }

    /// Whether it overwrites for good what is still needed.
    fn is_fatal(&self, node: usize) -> bool {
        let (cells, held) = (self.cells[node], self.held_by(node));
        let own = u32::from(cells.saw == Some(held) && self.nodes[node].ends.is_some());
        cells.wrote != Some(held) && self.wanted[held] > own && self.written[held] == 0
    }

    /// What may be next, the likeliest last.
    fn ways(&self, steps: &mut Steps) -> Vec<usize> {
        steps.take((self.sessions.len() + self.unknown.len()) as u64);
        // Those that come next, whether or not something must come before them.
        let next = self.sessions.iter().zip(&self.at);
        let heads: Vec<usize> = next.filter_map(|(of, at)| of.get(*at).copied()).collect();
        let is_awaited = |node: &usize| {
            let wrote = self.cells[*node].wrote;
            heads
                .iter()
                .any(|head| self.cells[*head].saw == wrote && wrote.is_some())
        };
        let is_way = |node: &usize| {
            self.cells[*node].wrote.is_some() && self.is_possible(*node) && !self.is_fatal(*node)
        };
        let mut ways: Vec<(bool, bool, u32, usize)> = Vec::new();
        for node in heads
            .iter()
            .filter(|node| is_way(node) && self.is_ready(**node))
        {
            ways.push((
                true,
                is_awaited(node),
                u32::MAX - self.nodes[*node].begins,
                *node,
            ));
        }
        let mut tried: Vec<Cells> = Vec::new();
        for node in &self.unknown {
            if self.is_done[*node] || !is_way(node) || !self.is_ready(*node) {
                continue;
            }
            let cells = self.cells[*node];
            let key = self.nodes[*node].key;
            let frees = |head: &usize| {
                self.nodes[*head].key == key && self.cells[*head].shuns == Some(self.held_by(*head))
            };
            let is_useful = is_awaited(node)
                || heads.iter().any(frees)
                || cells.wrote.is_some_and(|wrote| self.swapped[wrote] > 0);
            // Of those that are alike one will do.
            if is_useful && !tried.contains(&cells) {
                tried.push(cells);
                ways.push((
                    false,
                    is_awaited(node),
                    u32::MAX - self.nodes[*node].begins,
                    *node,
                ));
            }
        }
        ways.sort_unstable();
        ways.into_iter().map(|(.., node)| node).collect()
    }

    /// The state as words: two are the same state where these are the same.
    fn words(&self) -> Vec<u32> {
        let at = self.at.iter().map(|at| *at as u32);
        let held = self.held.iter().map(|held| *held as u32);
        let done = self.unknown.iter().filter(|node| self.is_done[**node]);
        at.chain(held)
            .chain(done.map(|node| *node as u32))
            .collect()
    }
}

/// States from which there was no way on.
#[derive(Default)]
struct Remembered {
    /// By hash, as far as there is room: where its words begin and end.
    table: Vec<Option<(u64, usize, usize)>>,
    count: usize,
    words: Vec<u32>,
}

impl Remembered {
    fn has(&self, replay: &Replay<'_>) -> bool {
        let mut words = None;
        self.places(replay.hash).any(|place| {
            self.table[place].is_some_and(|(hash, from, to)| {
                hash == replay.hash
                    && self.words[from..to] == **words.get_or_insert_with(|| replay.words())
            })
        })
    }

    fn add(&mut self, replay: &Replay<'_>) {
        let words = replay.words();
        if self.words.len() + words.len() > WORDS_MAX {
            return;
        }
        if self.count * 2 >= self.table.len() {
            let larger = vec![None; (self.table.len() * 2).max(64)];
            let entries = std::mem::replace(&mut self.table, larger);
            for entry in entries.into_iter().flatten() {
                self.put(entry);
            }
        }
        let from = self.words.len();
        self.words.extend(words);
        self.put((replay.hash, from, self.words.len()));
        self.count += 1;
    }

    fn put(&mut self, entry: (u64, usize, usize)) {
        let mask = self.table.len() - 1;
        let mut place = entry.0 as usize & mask;
        while self.table[place].is_some() {
            place = (place + 1) & mask;
        }
        self.table[place] = Some(entry);
    }

    /// The places that a hash may have, up to the first that is free.
    fn places(&self, hash: u64) -> impl Iterator<Item = usize> + '_ {
        let length = self.table.len();
        let mask = length.wrapping_sub(1);
        let places = (0..length).map(move |step| (hash as usize).wrapping_add(step) & mask);
        places.take_while(|place| self.table[*place].is_some())
    }
}

/// Spreads a number over all bits: the end of SplitMix64.
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

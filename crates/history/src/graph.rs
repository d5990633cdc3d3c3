//! Operations and what happened before each, as vectors.
//!
//! Each session is a chain; an operation of unknown outcome, which comes before nothing of its session, is a
//! chain of its own. So what happened before an operation is, of each chain, how many: in a vector of chains.

use crate::{Action, Operation, Steps, ValueId};

/// A chain, and the nodes that are writes to a key, each with its place in the chain.
type Chain = (usize, Vec<(u32, usize)>);

/// Operations, and edges between them.
pub(crate) struct Graph {
    pub(crate) nodes: Vec<Operation>,
    /// By node, its chain, and its place there from 1.
    place: Vec<(usize, u32)>,
    chains: usize,
    /// By node, those that come directly before it.
    before: Vec<Vec<usize>>,
    /// Keys and values, and who writes them, sorted.
    writers: Vec<((u32, ValueId), usize)>,
    /// By key, the same in the order of the nodes.
    in_order: Vec<Vec<((u32, ValueId), usize)>>,
    /// By key, the chains that write it, each with the places of its writes.
    by_key: Vec<Vec<Chain>>,
}

/// By node, how many of each chain happened before it.
pub(crate) struct Pasts {
    chains: usize,
    counts: Vec<u32>,
}

impl Graph {
    /// The operations, in order, and each session's order among them. What is unknown and was seen by nobody
    /// is left out: it may never have happened.
    pub(crate) fn of(operations: &[Operation]) -> Self {
        let mut seen: Vec<(u32, ValueId)> = Vec::new();
        let mut shunned: Vec<u32> = Vec::new();
        for operation in operations {
            match operation.action {
                Action::Read(value) | Action::Swap(value, _) => seen.push((operation.key.0, value)),
                Action::NoSwap(_) => shunned.push(operation.key.0),
                Action::Write(_) => {}
            }
        }
        seen.sort_unstable();
        shunned.sort_unstable();
        let is_node = |operation: &&Operation| {
            let key = operation.key.0;
            let is_seen = |value| seen.binary_search(&(key, value)).is_ok();
            operation.ends.is_some()
                || operation.wrote().is_some_and(is_seen)
                || shunned.binary_search(&key).is_ok()
        };
        let nodes: Vec<Operation> = operations.iter().filter(is_node).copied().collect();
        let sessions = nodes
            .iter()
            .map(|node| node.session.0 as usize + 1)
            .max()
            .unwrap_or(0);
        let keys = nodes
            .iter()
            .map(|node| node.key.0 as usize + 1)
            .max()
            .unwrap_or(0);
        let mut graph = Graph {
            place: Vec::new(),
            chains: 0,
            before: vec![Vec::new(); nodes.len()],
            writers: Vec::new(),
            in_order: vec![Vec::new(); keys],
            by_key: vec![Vec::new(); keys],
            nodes,
        };
        // By session, its chain and the last of it.
        let mut last: Vec<Option<(usize, u32, usize)>> = vec![None; sessions];
        for (node, operation) in graph.nodes.iter().enumerate() {
            let last = &mut last[operation.session.0 as usize];
            graph.before[node].extend(last.map(|(_, _, node)| node));
            let place = match *last {
                Some((chain, place, _)) if operation.ends.is_some() => (chain, place + 1),
                _ => {
                    graph.chains += 1;
                    (graph.chains - 1, 1)
                }
            };
            if operation.ends.is_some() {
                *last = Some((place.0, place.1, node));
            }
            graph.place.push(place);
            let Some(value) = operation.wrote() else {
                continue;
            };
            let writer = ((operation.key.0, value), node);
            graph.writers.push(writer);
            graph.in_order[operation.key.0 as usize].push(writer);
            let of_key = &mut graph.by_key[operation.key.0 as usize];
            match of_key.binary_search_by_key(&place.0, |(chain, _)| *chain) {
                Ok(found) => of_key[found].1.push((place.1, node)),
                Err(missing) => of_key.insert(missing, (place.0, vec![(place.1, node)])),
            }
        }
        graph.writers.sort_unstable();
        graph
    }

    /// Those that write this value, in order.
    pub(crate) fn writers(&self, key: u32, value: ValueId) -> impl Iterator<Item = usize> + '_ {
        let from = self.writers.partition_point(|(of, _)| *of < (key, value));
        let to = self.writers.partition_point(|(of, _)| *of <= (key, value));
        self.writers[from..to].iter().map(|(_, node)| *node)
    }

    /// Those that an operation may have seen, likeliest first: the last of those begun before it ended.
    pub(crate) fn seen_by(&self, node: usize) -> impl Iterator<Item = usize> + '_ {
        let operation = &self.nodes[node];
        let key = operation.key.0;
        let (writers, shunned) = match operation.action {
            Action::Read(value) | Action::Swap(value, _) => {
                let from = self.writers.partition_point(|(of, _)| *of < (key, value));
                let to = self.writers.partition_point(|(of, _)| *of <= (key, value));
                (&self.writers[from..to], None)
            }
            Action::NoSwap(value) => (self.in_order[key as usize].as_slice(), Some((key, value))),
            Action::Write(_) => (&[] as &[_], None),
        };
        let is_early = |write: usize| {
            let ends = operation.ends.unwrap_or(u32::MAX);
            self.nodes[write].begins <= ends
        };
        let late = writers.partition_point(|(_, write)| is_early(*write));
        let likely = writers[..late]
            .iter()
            .rev()
            .chain(writers[late..].iter().rev());
        let fits = move |of: &&((u32, ValueId), usize)| Some(of.0) != shunned && of.1 != node;
        likely.filter(fits).map(|(_, write)| *write)
    }

    /// What comes directly before a node in its session.
    pub(crate) fn before(&self, node: usize) -> &[usize] {
        &self.before[node]
    }

    /// An order of all nodes in which each comes after those before it, with these edges more; `None` where they
    /// go round in a circle.
    pub(crate) fn order(&self, more: &[(usize, usize)]) -> Option<Vec<usize>> {
        let order = self.orderly(more);
        (order.len() == self.nodes.len()).then_some(order)
    }

    /// A node on a circle of these edges.
    pub(crate) fn on_circle(&self, more: &[(usize, usize)]) -> Option<usize> {
        let mut is_left = vec![true; self.nodes.len()];
        for node in self.orderly(more) {
            is_left[node] = false;
        }
        let mut before: Vec<Vec<usize>> = self.before.clone();
        for (from, to) in more {
            before[*to].push(*from);
        }
        // What is left has something left before it: going back long enough leads into a circle.
        let mut node = is_left.iter().position(|is_left| *is_left)?;
        for _ in 0..self.nodes.len() {
            node = before[node]
                .iter()
                .copied()
                .find(|before| is_left[*before])?;
        }
        Some(node)
    }

    /// As much of such an order as there is.
    fn orderly(&self, more: &[(usize, usize)]) -> Vec<usize> {
        let count = self.nodes.len();
        let mut after = vec![Vec::new(); count];
        let mut left = vec![0_u32; count];
        let own = (0..count).flat_map(|to| self.before[to].iter().map(move |from| (*from, to)));
        for (from, to) in own.chain(more.iter().copied()) {
            after[from].push(to);
            left[to] += 1;
        }
        let mut order: Vec<usize> = (0..count).filter(|node| left[*node] == 0).collect();
        let mut at = 0;
        while at < order.len() {
            for next in &after[order[at]] {
                left[*next] -= 1;
                if left[*next] == 0 {
                    order.push(*next);
                }
            }
            at += 1;
        }
        order
    }

    /// What happened before each, by these edges too; `None` where something happened before itself.
    pub(crate) fn pasts(&self, more: &[(usize, usize)], steps: &mut Steps) -> Option<Pasts> {
        steps.take((self.nodes.len() + more.len()) as u64 * (self.chains as u64 / 4 + 2));
        let mut pasts = self.no_pasts();
        let mut others = vec![Vec::new(); self.nodes.len()];
        for (from, to) in more {
            others[*to].push(*from);
        }
        for node in self.order(more)? {
            for before in self.before[node].iter().chain(&others[node]) {
                self.inherit(&mut pasts, *before, node);
            }
        }
        Some(pasts)
    }

    /// Pasts in which nothing happened before anything.
    pub(crate) fn no_pasts(&self) -> Pasts {
        Pasts {
            chains: self.chains,
            counts: vec![0; self.nodes.len() * self.chains],
        }
    }

    /// Adds a node, and what happened before it, to what happened before another.
    pub(crate) fn inherit(&self, pasts: &mut Pasts, from: usize, to: usize) {
        for chain in 0..self.chains {
            let count = pasts.counts[from * self.chains + chain];
            let own = &mut pasts.counts[to * self.chains + chain];
            *own = (*own).max(count);
        }
        let (chain, place) = self.place[from];
        let own = &mut pasts.counts[to * self.chains + chain];
        *own = (*own).max(place);
    }

    /// How much memory the pasts take, in words.
    pub(crate) fn size(&self) -> usize {
        self.nodes.len() * self.chains
    }

    /// Whether one happened before another.
    pub(crate) fn is_before(&self, pasts: &Pasts, one: usize, other: usize) -> bool {
        let (chain, place) = self.place[one];
        pasts.of(other)[chain] >= place
    }

    /// Of each chain the last write on a key that happened before a node.
    pub(crate) fn last_writes<'a>(
        &'a self,
        pasts: &'a Pasts,
        node: usize,
        key: u32,
    ) -> impl Iterator<Item = usize> + 'a {
        let past = pasts.of(node);
        self.by_key[key as usize]
            .iter()
            .filter_map(|(chain, writes)| {
                let upto = writes.partition_point(|(place, _)| *place <= past[*chain]);
                upto.checked_sub(1).map(|last| writes[last].1)
            })
    }

    /// Of each chain the first write on a key before which a node happened.
    pub(crate) fn first_writes_after<'a>(
        &'a self,
        pasts: &'a Pasts,
        node: usize,
        key: u32,
    ) -> impl Iterator<Item = usize> + 'a {
        self.by_key[key as usize]
            .iter()
            .filter_map(move |(_, writes)| {
                let first =
                    writes.partition_point(|(_, write)| !self.is_before(pasts, node, *write));
                writes.get(first).map(|(_, write)| *write)
            })
    }

    /// Of each chain the first write on a key.
    pub(crate) fn first_writes(&self, key: u32) -> impl Iterator<Item = usize> + '_ {
        self.by_key[key as usize]
            .iter()
            .map(|(_, writes)| writes[0].1)
    }
}

impl Pasts {
    fn of(&self, node: usize) -> &[u32] {
        &self.counts[node * self.chains..][..self.chains]
    }
}

//! What must come before what in every order.
//!
//! An operation that can have seen one write only comes after it. Another write of that key that comes before
//! the operation comes before the write that it saw; one that comes after that write comes after the operation.

use crate::graph::{Graph, Pasts};
use crate::{Action, Operation, Steps, ValueId};

/// What following it led to.
pub(super) enum Forced {
    /// To something that must come before itself; these operations, and perhaps more than needed, show it.
    Circle(Vec<Operation>),
    /// To these edges, beyond the sessions' own.
    Edges(Graph, Vec<(usize, usize)>),
}

/// That one must come before another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Edge {
    from: usize,
    to: usize,
    /// Because of what this one saw.
    reader: usize,
}

/// How many words the vectors of pasts may take.
const WORDS_MAX: usize = 64 << 20;

/// What an operation saw.
#[derive(Clone, Copy)]
enum Source {
    Initial,
    Of(usize),
}

pub(super) fn follow(operations: &[Operation], initial: &[ValueId], steps: &mut Steps) -> Forced {
    let graph = Graph::of(operations);
    if graph.size() > WORDS_MAX {
        return Forced::Edges(graph, Vec::new());
    }
    let mut following = Following {
        sources: vec![None; graph.nodes.len()],
        edges: Vec::new(),
        rounds: Vec::new(),
        graph,
    };
    if let Some(node) = following.saw(initial) {
        return Forced::Circle(vec![following.graph.nodes[node]]);
    }
    loop {
        let pairs = following.pairs();
        let Some(pasts) = following.graph.pasts(&pairs, steps) else {
            return Forced::Circle(following.circle(&pairs, steps));
        };
        let known = pairs.len();
        following.add(&pasts, steps);
        if following.edges.len() == known || steps.is_spent() {
            return Forced::Edges(following.graph, pairs);
        }
    }
}

struct Following {
    graph: Graph,
    /// By node, what it can only have seen.
    sources: Vec<Option<Source>>,
    edges: Vec<Edge>,
    /// How many edges each round began with: the first round is what was seen.
    rounds: Vec<usize>,
}

impl Following {
    /// Finds what was seen; gives one that can have seen nothing.
    fn saw(&mut self, initial: &[ValueId]) -> Option<usize> {
        let nodes = &self.graph.nodes;
        let saw = |node: &usize| nodes[*node].saw().is_some();
        let mut asked: Vec<usize> = (0..nodes.len()).filter(saw).collect();
        let mut is_asked = vec![false; nodes.len()];
        while let Some(node) = asked.pop() {
            let operation = self.graph.nodes[node];
            let (Action::Read(value) | Action::Swap(value, _)) = operation.action else {
                continue;
            };
            match source(&self.graph, node, value, initial) {
                Found::Nothing => return Some(node),
                Found::Several => {}
                Found::One(source) => {
                    self.sources[node] = Some(source);
                    let Source::Of(write) = source else { continue };
                    let reader = node;
                    self.edges.push(Edge {
                        from: write,
                        to: node,
                        reader,
                    });
                    // What was seen did happen, and if it swapped it saw something too.
                    if self.graph.nodes[write].ends.is_none()
                        && !std::mem::replace(&mut is_asked[write], true)
                    {
                        asked.push(write);
                    }
                }
            }
        }
        None
    }

    fn pairs(&self) -> Vec<(usize, usize)> {
        self.edges.iter().map(|edge| (edge.from, edge.to)).collect()
    }

    /// Adds what follows from what was seen.
    fn add(&mut self, pasts: &Pasts, steps: &mut Steps) {
        let graph = &self.graph;
        let mut edges: Vec<Edge> = Vec::new();
        for (reader, source) in self.sources.iter().enumerate() {
            let key = graph.nodes[reader].key.0;
            let mut after = |write: usize, edges: &mut Vec<Edge>| {
                steps.take(1);
                if write != reader && !graph.is_before(pasts, reader, write) {
                    let (from, to) = (reader, write);
                    edges.push(Edge { from, to, reader });
                }
            };
            match *source {
                None => {}
                Some(Source::Initial) => {
                    for write in graph.first_writes(key) {
                        after(write, &mut edges);
                    }
                }
                Some(Source::Of(seen)) => {
                    for write in graph.last_writes(pasts, reader, key) {
                        if write != seen && !graph.is_before(pasts, write, seen) {
                            let (from, to) = (write, seen);
                            edges.push(Edge { from, to, reader });
                        }
                    }
                    for write in graph.first_writes_after(pasts, seen, key) {
                        after(write, &mut edges);
                    }
                }
            }
        }
        edges.sort_unstable();
        edges.dedup_by_key(|edge| (edge.from, edge.to));
        self.rounds.push(self.edges.len());
        self.edges.extend(edges);
    }

    /// The operations of a circle, and those because of which it is one.
    fn circle(&self, pairs: &[(usize, usize)], steps: &mut Steps) -> Vec<Operation> {
        let mut is_in = vec![false; self.graph.nodes.len()];
        // Ways to be shown, each by edges of earlier rounds only.
        let mut ways: Vec<(usize, usize, usize)> = Vec::new();
        let start = self.graph.on_circle(pairs);
        ways.extend(start.map(|node| (node, node, self.edges.len())));
        let mut shown = ways.clone();
        while let Some((from, to, upto)) = ways.pop() {
            for (node, edge) in self.way(from, to, upto, steps) {
                is_in[node] = true;
                let Some(edge) = edge else { continue };
                let Edge { from, to, reader } = self.edges[edge];
                is_in[from] = true;
                is_in[reader] = true;
                let round = self.rounds.iter().rfind(|round| **round <= edge);
                let Some(round) = round else { continue };
                let seen = self.sources[reader];
                if let Some(Source::Of(seen)) = seen {
                    is_in[seen] = true;
                    let why = match reader == from {
                        true => (seen, to, *round),
                        false => (from, reader, *round),
                    };
                    if !shown.contains(&why) {
                        shown.push(why);
                        ways.push(why);
                    }
                }
            }
        }
        let nodes = self.graph.nodes.iter().zip(is_in);
        nodes
            .filter_map(|(node, is_in)| is_in.then_some(*node))
            .collect()
    }

    /// A shortest way by the first so many edges: its nodes, each with the edge that led there, if it was one.
    fn way(
        &self,
        from: usize,
        to: usize,
        upto: usize,
        steps: &mut Steps,
    ) -> Vec<(usize, Option<usize>)> {
        let count = self.graph.nodes.len();
        let mut next: Vec<Vec<(usize, Option<usize>)>> = vec![Vec::new(); count];
        for node in 0..count {
            for before in self.graph.before(node) {
                next[*before].push((node, None));
            }
        }
        for (place, edge) in self.edges[..upto].iter().enumerate() {
            next[edge.from].push((edge.to, Some(place)));
        }
        steps.take((count + upto) as u64);
        let mut came: Vec<Option<(usize, Option<usize>)>> = vec![None; count];
        let mut queue = vec![from];
        let mut at = 0;
        while at < queue.len() && came[to].is_none() {
            for (node, edge) in &next[queue[at]] {
                if came[*node].is_none() {
                    came[*node] = Some((queue[at], *edge));
                    queue.push(*node);
                }
            }
            at += 1;
        }
        let mut way = Vec::new();
        let mut node = to;
        while let Some((before, edge)) = came[node] {
            way.push((node, edge));
            node = before;
            if node == from {
                break;
            }
        }
        way.push((from, None));
        way
    }
}

enum Found {
    Nothing,
    One(Source),
    Several,
}

/// What a node may have seen.
fn source(graph: &Graph, node: usize, value: ValueId, initial: &[ValueId]) -> Found {
    let key = graph.nodes[node].key.0;
    let first = (initial[key as usize] == value).then_some(Source::Initial);
    let writers = graph.writers(key, value).filter(|write| *write != node);
    let mut sources = first.into_iter().chain(writers.map(Source::Of));
    match (sources.next(), sources.next()) {
        (None, _) => Found::Nothing,
        (Some(source), None) => Found::One(source),
        _ => Found::Several,
    }
}

//! Session guarantees where the order of the versions has to be derived.
//!
//! What is forced and what is asked are edges between versions. An order with all of them exists unless they
//! go round in a circle.

use std::collections::VecDeque;

use crate::sessions::{Guarantee, Judged, Known, Mention, sessions, swapped};
use crate::{Operation, Steps, ValueId};

/// A version: the initial one, or the one that a write installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    Initial,
    Of(usize),
}

/// Judges the operations on a key.
pub(super) fn judge(
    operations: &[Operation],
    initial: ValueId,
    guarantee: Guarantee,
    steps: &mut Steps,
) -> Judged {
    let versions = Versions::of(operations, initial);
    let sessions = sessions(operations, |place| {
        versions.is_installed(place) != Some(false)
    });
    let mut graph = Graph::of(&versions);
    // What is forced may leave no order at all, as where swaps found what each other wrote.
    let is_possible = !graph.has_circle();
    let mut verdict = Judged::Yes;
    for session in &sessions {
        let mut known = Known::default();
        // What stands for all that it knew, in the graph; what it knew last; and all of it.
        let mut past: Option<usize> = None;
        let mut last: Option<Mention> = None;
        let mut recent: Vec<Mention> = Vec::new();
        for mention in session {
            for before in known.before(mention).to_vec() {
                last = Some(before);
                if guarantee == Guarantee::WritesFollowReads {
                    recent.push(before);
                }
                if let Some(version) = versions.only(&before) {
                    let all = graph.node();
                    graph.edge(graph.at(version), all, vec![before.place]);
                    if guarantee != Guarantee::ReadYourWrites {
                        past.into_iter()
                            .for_each(|past| graph.edge(past, all, Vec::new()));
                    }
                    past = Some(all);
                } else if guarantee == Guarantee::ReadYourWrites {
                    past = None;
                }
            }
            if mention.wrote == guarantee.asks_writes() {
                let asked = match guarantee {
                    Guarantee::WritesFollowReads => recent.as_slice(),
                    _ => last.as_slice(),
                };
                let is_sure = !mention.wrote || versions.is_installed(mention.place) == Some(true);
                for before in asked {
                    if !is_possible || !is_sure || !steps.take(1) {
                        verdict = Judged::Unknown;
                        continue;
                    }
                    match versions.compare(before, mention) {
                        Compared::Before => {}
                        Compared::After(mut lines) => {
                            lines.extend([before.place, mention.place]);
                            return Judged::No(lines);
                        }
                        Compared::Open => verdict = Judged::Unknown,
                    }
                }
                if let (Some(past), Some(version), true) = (past, versions.only(mention), is_sure) {
                    graph.edge(past, graph.at(version), vec![mention.place]);
                }
            }
            if mention.wrote == guarantee.is_of_own() {
                known.open.push(*mention);
            }
        }
    }
    match verdict {
        Judged::Unknown if is_possible => graph.circle(steps).map_or(verdict, Judged::No),
        verdict => verdict,
    }
}

/// How two mentioned versions stand in every order.
enum Compared {
    /// The first comes no later.
    Before,
    /// The first comes later: these operations show it.
    After(Vec<usize>),
    /// It depends.
    Open,
}

/// The versions of a key.
struct Versions<'a> {
    operations: &'a [Operation],
    initial: ValueId,
    /// By operation, one that certainly saw what it wrote.
    seen_by: Vec<Option<usize>>,
    /// By operation, whether somebody may have seen what it wrote.
    may_be_seen: Vec<bool>,
    /// By version, the first one at 0, from where to where those lie that come after it for sure.
    after: Vec<(usize, usize)>,
    /// By value and operation: who may have written it.
    writers: Vec<(ValueId, usize)>,
}

impl<'a> Versions<'a> {
    fn of(operations: &'a [Operation], initial: ValueId) -> Self {
        let mut by_value: Vec<(ValueId, usize)> = operations
            .iter()
            .enumerate()
            .filter_map(|(place, operation)| Some((operation.wrote()?, place)))
            .collect();
        by_value.sort_unstable();
        let mut versions = Versions {
            operations,
            initial,
            seen_by: vec![None; operations.len()],
            may_be_seen: vec![false; operations.len()],
            after: Vec::new(),
            writers: by_value,
        };
        for (reader, operation) in operations.iter().enumerate() {
            let Some(value) = operation.saw() else {
                continue;
            };
            match versions.sources(reader, value).as_slice() {
                [Version::Of(writer)] => {
                    versions.seen_by[*writer].get_or_insert(reader);
                }
                several => several.iter().for_each(|source| match source {
                    Version::Initial => {}
                    Version::Of(writer) => versions.may_be_seen[*writer] = true,
                }),
            }
        }
        versions.after = versions.numbered();
        versions
    }

    /// Swaps hang on what they found, and all the rest on what was there first: a tree, but for swaps that go
    /// round in a circle, which are left out. Each node's number, and one more than the last of those under it.
    fn numbered(&self) -> Vec<(usize, usize)> {
        let mut under: Vec<Vec<usize>> = vec![Vec::new(); self.operations.len() + 1];
        for (place, operation) in self.operations.iter().enumerate() {
            if operation.wrote().is_none() {
                continue;
            }
            let from = swapped(operation).and_then(|from| self.source(place, from));
            match from {
                Some(Version::Of(from)) => under[from + 1].push(place + 1),
                _ => under[0].push(place + 1),
            }
        }
        let mut numbers = vec![(usize::MAX, 0); under.len()];
        let (mut next, mut path) = (0, vec![(0, 0)]);
        while let Some((node, child)) = path.pop() {
            if child == 0 {
                numbers[node].0 = next;
                next += 1;
            }
            match under[node].get(child) {
                Some(below) => path.extend([(node, child + 1), (*below, 0)]),
                None => numbers[node].1 = next,
            }
        }
        numbers
    }

    /// Which version an operation saw, where only one may be it.
    fn source(&self, reader: usize, value: ValueId) -> Option<Version> {
        match self.sources(reader, value).as_slice() {
            [only] => Some(*only),
            _ => None,
        }
    }

    /// The versions that an operation may have seen.
    fn sources(&self, reader: usize, value: ValueId) -> Vec<Version> {
        let first = (value == self.initial).then_some(Version::Initial);
        let from = self.writers.partition_point(|writer| writer.0 < value);
        let of_value = self.writers[from..]
            .iter()
            .take_while(|writer| writer.0 == value);
        let ends = self.operations[reader].ends.unwrap_or(u32::MAX);
        let may_be = |writer: &usize| *writer != reader && self.operations[*writer].begins <= ends;
        let writers = of_value.map(|writer| writer.1).filter(may_be);
        first.into_iter().chain(writers.map(Version::Of)).collect()
    }

    fn mentioned(&self, mention: &Mention) -> Vec<Version> {
        match mention.wrote {
            true => vec![Version::Of(mention.place)],
            false => self.sources(mention.place, mention.value),
        }
    }

    /// The version that is mentioned, where only one may be it.
    fn only(&self, mention: &Mention) -> Option<Version> {
        match mention.wrote {
            true => Some(Version::Of(mention.place)),
            false => self.source(mention.place, mention.value),
        }
    }

    /// Whether the one comes before the other in every order.
    fn is_forced(&self, one: Version, other: Version) -> bool {
        let number = |version: Version| match version {
            Version::Initial => self.after[0],
            Version::Of(place) => self.after[place + 1],
        };
        let ((from, upto), (place, _)) = (number(one), number(other));
        one != other && from < place && place < upto
    }

    /// Whether a write took effect; `None` where that can't be told.
    fn is_installed(&self, place: usize) -> Option<bool> {
        match (self.operations[place].ends, self.seen_by[place]) {
            (None, None) => (!self.may_be_seen[place]).then_some(false),
            _ => Some(true),
        }
    }

    /// A write, and who shows that it was installed where its outcome is unknown.
    fn shown(&self, place: usize) -> Vec<usize> {
        let is_told = self.operations[place].ends.is_some();
        let by = self.seen_by[place].filter(|_| !is_told);
        by.into_iter().chain([place]).collect()
    }

    fn compare(&self, before: &Mention, then: &Mention) -> Compared {
        let (befores, thens) = (self.mentioned(before), self.mentioned(then));
        if befores.is_empty() || thens.is_empty() || befores.len() * thens.len() > 64 {
            return Compared::Open;
        }
        let all = |holds: &dyn Fn(Version, Version) -> bool| {
            befores
                .iter()
                .all(|one| thens.iter().all(|other| holds(*one, *other)))
        };
        if all(&|one, other| one == other || self.is_forced(one, other)) {
            return Compared::Before;
        }
        if all(&|one, other| one != other && self.is_forced(other, one)) {
            let of = |version: &Version| match version {
                Version::Initial => Vec::new(),
                Version::Of(place) => self.shown(*place),
            };
            return Compared::After(befores.iter().chain(&thens).flat_map(of).collect());
        }
        Compared::Open
    }
}

/// What is forced and what is asked, as edges; what a session knew is a chain of nodes, so that there are few.
struct Graph<'a> {
    versions: &'a Versions<'a>,
    /// By node: where its edges lead, and the operations that say so.
    edges: Vec<Vec<(usize, Vec<usize>)>>,
}

impl<'a> Graph<'a> {
    /// The versions and what is forced.
    fn of(versions: &'a Versions<'a>) -> Self {
        let mut graph = Graph {
            versions,
            edges: vec![Vec::new(); versions.operations.len() + 1],
        };
        for (place, operation) in versions.operations.iter().enumerate() {
            if operation.wrote().is_none() {
                continue;
            }
            let node = graph.at(Version::Of(place));
            graph.edge(graph.at(Version::Initial), node, Vec::new());
            let from = swapped(operation);
            if let Some(from) = from.and_then(|from| versions.source(place, from)) {
                graph.edge(graph.at(from), node, vec![place]);
            }
        }
        graph
    }

    fn at(&self, version: Version) -> usize {
        match version {
            Version::Initial => 0,
            Version::Of(place) => place + 1,
        }
    }

    fn node(&mut self) -> usize {
        self.edges.push(Vec::new());
        self.edges.len() - 1
    }

    /// An edge; from a version to itself there is none.
    fn edge(&mut self, from: usize, to: usize, by: Vec<usize>) {
        if from != to {
            self.edges[from].push((to, by));
        }
    }

    /// The operations of a short circle of two versions or more, if there is one.
    ///
    /// A session's past leads to what it saw next and that to the past: where both are one version this goes
    /// round, and says nothing.
    fn circle(&self, steps: &mut Steps) -> Option<Vec<usize>> {
        let component = self.components();
        let versions = self.versions.operations.len() + 1;
        let mut best: Option<Vec<usize>> = None;
        let starts = self.in_circles(&component);
        // A few beginnings are enough for a short one.
        for start in starts.into_iter().take(16) {
            let there = self.way(
                start,
                |node| node < versions && node != start,
                &component,
                steps,
            );
            let Some((other, mut by)) = there else { break };
            let Some((_, back)) = self.way(other, |node| node == start, &component, steps) else {
                break;
            };
            by.extend(back);
            by.sort_unstable();
            by.dedup();
            if best.as_ref().is_none_or(|best| by.len() < best.len()) {
                best = Some(by);
            }
        }
        best
    }

    fn has_circle(&self) -> bool {
        !self.in_circles(&self.components()).is_empty()
    }

    /// The versions that share a circle with another one.
    fn in_circles(&self, component: &[usize]) -> Vec<usize> {
        let versions = 0..self.versions.operations.len() + 1;
        let mut sizes = vec![0; self.edges.len()];
        versions
            .clone()
            .for_each(|version| sizes[component[version]] += 1);
        versions
            .filter(|version| sizes[component[*version]] > 1)
            .collect()
    }

    /// A shortest way within a component to where one wants to go, and the operations that say so.
    fn way(
        &self,
        from: usize,
        is_there: impl Fn(usize) -> bool,
        component: &[usize],
        steps: &mut Steps,
    ) -> Option<(usize, Vec<usize>)> {
        let mut came: Vec<Option<(usize, usize)>> = vec![None; self.edges.len()];
        let mut queue = VecDeque::from([from]);
        while let Some(node) = queue.pop_front() {
            if node != from && is_there(node) {
                return Some((node, self.said(&came, from, node)));
            }
            for (number, (to, _)) in self.edges[node].iter().enumerate() {
                if !steps.take(1) {
                    return None;
                }
                if component[*to] == component[from] && *to != from && came[*to].is_none() {
                    came[*to] = Some((node, number));
                    queue.push_back(*to);
                }
            }
        }
        None
    }

    /// The operations on the way.
    fn said(&self, came: &[Option<(usize, usize)>], from: usize, to: usize) -> Vec<usize> {
        let mut by = Vec::new();
        let mut node = to;
        while node != from {
            let Some((before, number)) = came[node] else {
                break;
            };
            by.extend(&self.edges[before][number].1);
            if (1..=self.versions.operations.len()).contains(&node) {
                by.extend(self.versions.shown(node - 1));
            }
            node = before;
        }
        by
    }

    /// By node, a number that those on a common circle share. After Tarjan.
    fn components(&self) -> Vec<usize> {
        const NONE: usize = usize::MAX;
        let nodes = self.edges.len();
        let (mut number, mut low) = (vec![NONE; nodes], vec![0; nodes]);
        let (mut component, mut count) = (vec![NONE; nodes], 0);
        let (mut stack, mut next) = (Vec::new(), 0);
        for root in 0..nodes {
            if number[root] != NONE {
                continue;
            }
            let mut path = vec![(root, 0)];
            while let Some((node, edge)) = path.pop() {
                if edge == 0 {
                    (number[node], low[node]) = (next, next);
                    next += 1;
                    stack.push(node);
                }
                if let Some((to, _)) = self.edges[node].get(edge) {
                    path.push((node, edge + 1));
                    if number[*to] == NONE {
                        path.push((*to, 0));
                    } else if component[*to] == NONE {
                        low[node] = low[node].min(number[*to]);
                    }
                    continue;
                }
                if low[node] == number[node] {
                    while let Some(member) = stack.pop() {
                        component[member] = count;
                        if member == node {
                            break;
                        }
                    }
                    count += 1;
                }
                if let Some((parent, _)) = path.last() {
                    low[*parent] = low[*parent].min(low[node]);
                }
            }
        }
        component
    }
}

//! Causal convergence, by the bad patterns of Bouajjani, Enea, Guerraoui and Hamza, "On verifying causal
//! consistency" (2017).
//!
//! Where it is known which write each operation saw, what happened before what is session order and these
//! pairs together, and it converges unless
//! - something happened before itself;
//! - an operation saw a write, or the initial value, though another that had overwritten it happened before;
//! - or there is a circle of "happened before" and "was overwritten by": of two writes that happened before an
//!   operation the one that it saw is the later.
//!
//! Where an operation may have seen one of several writes they are tried, those first that leave no choice.
//! A `cas` sees and writes in one; where its outcome is unknown it is asked what it saw only once something saw
//! what it wrote. A `cas` that failed saw any other value.

use crate::evidence;
use crate::graph::{Graph, Pasts};
use crate::{Action, History, Operation, Steps, ValueId, Verdict};

#[cfg(test)]
mod tests;

/// How many words the vectors of pasts may take.
const WORDS_MAX: usize = 64 << 20;

/// Judges all operations.
pub(crate) fn judge(history: &History, steps: &mut Steps) -> Verdict {
    let operations = &history.operations;
    match is_kept(operations, &history.initial, steps) {
        Some(true) => Verdict::Yes,
        None => Verdict::Unknown,
        Some(false) => {
            let mut steps = Steps::new(evidence::STEPS);
            Verdict::No(evidence::of_sessions(operations, operations, &mut |some| {
                is_kept(some, &history.initial, &mut steps).map(|is_kept| !is_kept)
            }))
        }
    }
}

/// Whether it converges; `None` where the budget is too small.
pub(crate) fn is_kept(
    operations: &[Operation],
    initial: &[ValueId],
    steps: &mut Steps,
) -> Option<bool> {
    let graph = Graph::of(operations);
    if graph.size() > WORDS_MAX {
        return None;
    }
    let mut search = Search {
        sources: vec![None; graph.nodes.len()],
        graph,
        initial,
        taken: Vec::new(),
    };
    let is_kept = search.is_kept(steps);
    (is_kept || !steps.is_spent()).then_some(is_kept)
}

/// What an operation saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Initial,
    /// The write of this node.
    Of(usize),
}

/// How far what is known leads.
enum Known {
    /// To a contradiction.
    No,
    /// To everything.
    Yes,
    /// Up to a node that may have seen one of these, the likeliest last.
    Open(usize, Vec<Source>),
}

struct Search<'a> {
    graph: Graph,
    initial: &'a [ValueId],
    /// By node, what it is taken to have seen.
    sources: Vec<Option<Source>>,
    /// The nodes whose source is taken, in order.
    taken: Vec<usize>,
}

/// What was chosen, to choose again.
struct Choice {
    /// How many sources were taken before.
    taken: usize,
    node: usize,
    left: Vec<Source>,
}

impl Search<'_> {
    fn is_kept(&mut self, steps: &mut Steps) -> bool {
        let mut choices: Vec<Choice> = Vec::new();
        loop {
            let (node, mut left) = match self.follow(steps) {
                _ if steps.is_spent() => return false,
                Known::Yes => return true,
                Known::Open(node, left) => {
                    if choices.is_empty() && self.guess(steps) {
                        return true;
                    }
                    (node, left)
                }
                Known::No => {
                    // Back to where something is left to try.
                    let tried = choices.iter().rposition(|choice| !choice.left.is_empty());
                    let Some(tried) = tried else { return false };
                    choices.truncate(tried + 1);
                    let Some(choice) = choices.pop() else {
                        return false;
                    };
                    self.forget(choice.taken);
                    (choice.node, choice.left)
                }
            };
            let next = left.pop();
            choices.push(Choice {
                taken: self.taken.len(),
                node,
                left,
            });
            if let Some(next) = next {
                self.take(node, next);
            }
        }
    }

    fn take(&mut self, node: usize, source: Source) {
        self.sources[node] = Some(source);
        self.taken.push(node);
    }

    fn forget(&mut self, taken: usize) {
        for node in self.taken.drain(taken..) {
            self.sources[node] = None;
        }
    }

    /// Takes every source that leaves no choice, until one does or there is a contradiction.
    fn follow(&mut self, steps: &mut Steps) -> Known {
        loop {
            let edges = edges(&self.sources);
            let Some(pasts) = self.graph.pasts(&edges, steps) else {
                return Known::No;
            };
            if !self.is_consistent(&pasts, edges, steps) {
                return Known::No;
            }
            let mut open = None;
            let taken = self.taken.len();
            for node in self.asked() {
                match self.possible(&pasts, node, 2, steps).as_slice() {
                    [] => return Known::No,
                    [only] => self.take(node, *only),
                    _ => open = open.or(Some(node)),
                }
                if steps.is_spent() {
                    return Known::No;
                }
            }
            if self.taken.len() == taken {
                return open.map_or(Known::Yes, |node| {
                    let mut possible = self.possible(&pasts, node, usize::MAX, steps);
                    possible.reverse();
                    Known::Open(node, possible)
                });
            }
        }
    }

    /// Those that saw something, of which it isn't known what.
    fn asked(&self) -> Vec<usize> {
        let mut is_seen = vec![false; self.sources.len()];
        for source in self.sources.iter().flatten() {
            if let Source::Of(write) = source {
                is_seen[*write] = true;
            }
        }
        let is_asked = |node: &usize| {
            let operation = &self.graph.nodes[*node];
            let may_be = operation.ends.is_some() || is_seen[*node];
            may_be && self.sources[*node].is_none() && !matches!(operation.action, Action::Write(_))
        };
        (0..self.sources.len()).filter(is_asked).collect()
    }

    /// Whether what is taken agrees with itself.
    fn is_consistent(
        &self,
        pasts: &Pasts,
        mut edges: Vec<(usize, usize)>,
        steps: &mut Steps,
    ) -> bool {
        let graph = &self.graph;
        for (node, source) in self.sources.iter().enumerate() {
            let Some(source) = source else { continue };
            for write in graph.last_writes(pasts, node, graph.nodes[node].key.0) {
                steps.take(1);
                match source {
                    Source::Initial => return false,
                    Source::Of(seen) if *seen == write => {}
                    Source::Of(seen) if graph.is_before(pasts, *seen, write) => return false,
                    Source::Of(seen) => edges.push((write, *seen)),
                }
            }
        }
        graph.order(&edges).is_some()
    }

    /// What a node may have seen, by what is known to have happened before what: the likeliest, and no more than
    /// so many.
    fn possible(&self, pasts: &Pasts, node: usize, most: usize, steps: &mut Steps) -> Vec<Source> {
        let graph = &self.graph;
        let operation = &graph.nodes[node];
        let key = operation.key.0;
        let lasts: Vec<usize> = graph.last_writes(pasts, node, key).collect();
        let mut possible = Vec::new();
        for write in graph.seen_by(node) {
            if possible.len() == most {
                return possible;
            }
            steps.take(1 + lasts.len() as u64);
            let is_overwritten =
                |last: &usize| *last != write && graph.is_before(pasts, write, *last);
            if !graph.is_before(pasts, node, write) && !lasts.iter().any(is_overwritten) {
                possible.push(Source::Of(write));
            }
        }
        if lasts.is_empty() && self.shows(operation, self.initial[key as usize]) {
            possible.push(Source::Initial);
        }
        possible
    }

    fn shows(&self, operation: &Operation, value: ValueId) -> bool {
        match operation.action {
            Action::Read(seen) | Action::Swap(seen, _) => seen == value,
            Action::NoSwap(not) => not != value,
            Action::Write(_) => false,
        }
    }

    /// Takes of each what is likeliest, by time, and sees whether that happens to agree.
    fn guess(&mut self, steps: &mut Steps) -> bool {
        let taken = self.taken.len();
        let mut order: Vec<usize> = (0..self.sources.len()).collect();
        order.sort_by_key(|node| {
            let operation = &self.graph.nodes[*node];
            match (operation.wrote(), operation.ends) {
                (None, Some(ends)) => (ends, 1),
                _ => (operation.begins, 0),
            }
        });
        let asked = self.asked();
        let mut pasts = self.graph.no_pasts();
        for node in order {
            for before in self.graph.before(node) {
                self.graph.inherit(&mut pasts, *before, node);
            }
            if asked.binary_search(&node).is_ok()
                && let Some(source) = self.possible(&pasts, node, 1, steps).first()
            {
                self.take(node, *source);
            }
            if let Some(Source::Of(write)) = self.sources[node] {
                self.graph.inherit(&mut pasts, write, node);
            }
            if steps.is_spent() {
                break;
            }
        }
        if matches!(self.follow(steps), Known::Yes) {
            return true;
        }
        self.forget(taken);
        false
    }
}

/// From what was seen to those that saw it.
fn edges(sources: &[Option<Source>]) -> Vec<(usize, usize)> {
    let seen = sources.iter().zip(0..);
    let edge = |(source, node): (&Option<Source>, usize)| match source {
        Some(Source::Of(write)) => Some((*write, node)),
        _ => None,
    };
    seen.filter_map(edge).collect()
}

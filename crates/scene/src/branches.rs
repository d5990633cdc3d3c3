//! The runs that a visitor has been in: a tree, in which acting in the past starts a branch.
//!
//! A branch is a scenario, a seed and a cursor, so it can be gone back to exactly: nothing of the run
//! itself is kept.

use std::sync::Arc;

use replication::engine::time::SimTime;
use replication::ids::Place;
use replication::scenario::{
    Deed, Intervention, OnTheWire, ProtocolKind, Scenario, Scripted, Settings, Target, Targets,
};
use replication::trace::MessageKind;

use crate::events::{kind_words, uncapitalised};
use crate::quantity::{count, duration, listed, moment};
use crate::settings::differences;

/// A run that was made from another, or the first one.
#[derive(Clone, Debug)]
pub struct Branch {
    /// Its key: no other ever has it.
    pub id: u32,
    /// The one that it was made from, where that is still kept.
    pub parent: Option<u32>,
    /// What made it: "crash L at 1.200 s".
    pub name: String,
    /// What is run.
    pub scenario: Arc<Scenario>,
    /// With which seed.
    pub seed: u64,
    /// Where the cursor stood when it was left.
    pub cursor: SimTime,
    /// Up to here it is its parent's run.
    pub forked_at: SimTime,
}

/// All branches of one story, and which of them is run now.
#[derive(Clone, Debug)]
pub struct Branches {
    /// As they came to be: a parent stands before its children.
    all: Vec<Branch>,
    current: u32,
    next: u32,
}

/// A branch as a row of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BranchRow {
    /// Which.
    pub id: u32,
    /// Its name.
    pub name: String,
    /// How many stand above it.
    pub depth: usize,
    /// Where it left its parent's run, in microseconds.
    pub forked_at_us: u64,
    /// Whether it is run now.
    pub current: bool,
}

impl Branches {
    /// How many are kept.
    pub const MAX: usize = 50;

    /// A story that nobody has changed.
    pub fn of(scenario: Arc<Scenario>, seed: u64) -> Self {
        let first = Branch {
            id: 0,
            parent: None,
            name: "the story as it was".to_owned(),
            scenario,
            seed,
            cursor: SimTime::ZERO,
            forked_at: SimTime::ZERO,
        };
        Branches {
            all: vec![first],
            current: 0,
            next: 1,
        }
    }

    /// How many there are, at least 1.
    pub fn count(&self) -> usize {
        self.all.len()
    }

    /// The one of this key.
    pub fn get(&self, id: u32) -> Option<&Branch> {
        self.all.iter().find(|branch| branch.id == id)
    }

    /// The one that is run now.
    pub fn current(&self) -> &Branch {
        self.get(self.current)
            .expect("the branch that is run is never removed")
    }

    /// The one that it was made from.
    pub fn parent(&self) -> Option<&Branch> {
        self.get(self.current().parent?)
    }

    /// All of them, each with its children under it.
    pub fn rows(&self) -> Vec<BranchRow> {
        let mut rows = Vec::new();
        for branch in &self.all {
            let is_under = |row: &BranchRow| Some(row.id) == branch.parent;
            let row = |depth| BranchRow {
                id: branch.id,
                name: branch.name.clone(),
                depth,
                forked_at_us: branch.forked_at.0,
                current: branch.id == self.current,
            };
            match rows.iter().position(is_under) {
                None => rows.push(row(0)),
                Some(parent) => {
                    let depth: usize = rows[parent].depth;
                    let below = rows[parent + 1..]
                        .iter()
                        .take_while(|other: &&BranchRow| other.depth > depth);
                    let place = parent + 1 + below.count();
                    rows.insert(place, row(depth + 1));
                }
            }
        }
        rows
    }

    /// The moments at which others leave the run of now, with their names.
    pub fn forks(&self) -> Vec<(SimTime, &str)> {
        let children = self.all.iter().filter(|branch| {
            branch.parent == Some(self.current) && branch.forked_at > SimTime::ZERO
        });
        children
            .map(|branch| (branch.forked_at, branch.name.as_str()))
            .collect()
    }

    /// Leaves the run of now at `left` for a new one, made from it at `forked_at`. Where there are as many as
    /// are kept, the oldest that neither is run nor was made by the story itself is forgotten, and returned.
    pub fn grow(
        &mut self,
        name: String,
        scenario: Arc<Scenario>,
        seed: u64,
        left: SimTime,
        forked_at: SimTime,
    ) -> Option<Branch> {
        self.leave(left);
        let full = self.all.len() >= Self::MAX;
        let oldest = || {
            let mut others = self.all.iter().skip(1);
            others.find(|branch| branch.id != self.current)
        };
        let oldest = full.then(oldest).flatten().map(|branch| branch.id);
        let forgotten = oldest.and_then(|id| self.remove(id));
        let id = self.next;
        self.next += 1;
        self.all.push(Branch {
            id,
            parent: Some(self.current),
            name: self.unused(name),
            scenario,
            seed,
            cursor: forked_at,
            forked_at,
        });
        self.current = id;
        forgotten
    }

    /// Goes to another branch; where the cursor of this one stood is kept.
    pub fn go_to(&mut self, id: u32, left: SimTime) {
        if self.get(id).is_some() {
            self.leave(left);
            self.current = id;
        }
    }

    /// Another name; an empty one changes nothing.
    pub fn rename(&mut self, id: u32, name: &str) {
        let name: String = name.trim().chars().take(Self::NAME_MAX).collect();
        if let (false, Some(branch)) = (name.is_empty(), self.find(id)) {
            branch.name = name;
        }
    }

    /// How long a name may be, in characters.
    pub const NAME_MAX: usize = 60;

    /// Removes one that is not run now; what was made from it is then its parent's.
    pub fn remove(&mut self, id: u32) -> Option<Branch> {
        let place = self.all.iter().position(|branch| branch.id == id)?;
        if id == self.current {
            return None;
        }
        let removed = self.all.remove(place);
        for child in &mut self.all {
            if child.parent == Some(id) {
                child.parent = removed.parent;
                // What it shares with its new parent ends where the first of the two forks was.
                child.forked_at = child.forked_at.min(removed.forked_at);
            }
        }
        Some(removed)
    }

    fn leave(&mut self, left: SimTime) {
        let current = self.current;
        if let Some(branch) = self.find(current) {
            branch.cursor = left;
        }
    }

    fn find(&mut self, id: u32) -> Option<&mut Branch> {
        self.all.iter_mut().find(|branch| branch.id == id)
    }

    /// The name, with a number where another branch has it.
    fn unused(&self, name: String) -> String {
        let taken = |name: &String| self.all.iter().any(|branch| branch.name == *name);
        let numbered = (2..).map(|number| format!("{name} ({number})"));
        let mut names = [name.clone()].into_iter().chain(numbered);
        names
            .find(|name| !taken(name))
            .expect("there are more numbers than branches")
    }
}

/// What made one run from another, in a few words: "crash L at 1.200 s", "seed 8", "5 copies".
pub fn change_words(before: &Scenario, after: &Scenario, seeds: (u64, u64)) -> String {
    let (seed_before, seed_after) = seeds;
    if seed_before != seed_after {
        return format!("seed {seed_after}");
    }
    if before.title != after.title && before.clients != after.clients {
        return after.title.clone();
    }
    if before.structure != after.structure {
        return structure_words(before, after);
    }
    let is_known = |entry: &&Scripted| {
        let mut known = before.script.iter();
        known.any(|other| other.at == entry.at && other.does == entry.does)
    };
    let mut added = after.script.iter().filter(|entry| !is_known(entry));
    if let (Some(first), true) = (added.next(), after.settings == before.settings) {
        let mut words = match &first.does {
            Intervention::Set(settings) => short(&differences(in_force(after, first), settings)),
            does => intervention_words(after, does),
        };
        let others = added.count();
        if others > 0 {
            words += &format!(" and {others} more");
        }
        return format!("{words} at {}", moment(first.at.0));
    }
    short(&differences(&before.settings, &after.settings))
}

/// The settings that an entry of the script finds.
fn in_force<'a>(scenario: &'a Scenario, entry: &Scripted) -> &'a Settings {
    let earlier = |other: &&Scripted| (other.at, other.entry) < (entry.at, entry.entry);
    let earlier = scenario.script.iter().filter(earlier);
    let mut set = earlier.filter_map(|other| match &other.does {
        Intervention::Set(settings) => Some(settings.as_ref()),
        _ => None,
    });
    set.next_back().unwrap_or(&scenario.settings)
}

fn short(differences: &[String]) -> String {
    match differences {
        [] => "changed".to_owned(),
        [only] => only.clone(),
        [first, others @ ..] => format!("{first}, and {} more", others.len()),
    }
}

fn structure_words(before: &Scenario, after: &Scenario) -> String {
    let (was, is) = (&before.structure, &after.structure);
    if was.kind != is.kind {
        return match is.kind {
            ProtocolKind::SingleLeader => "one leader",
            ProtocolKind::MultiLeader => "many leaders",
            ProtocolKind::Leaderless => "no leader",
        }
        .to_owned();
    }
    if was.nodes != is.nodes {
        return count(is.nodes.into(), "copy", "copies");
    }
    if was.partitions != is.partitions {
        return count(is.partitions.into(), "partition", "partitions");
    }
    if was.regions != is.regions {
        return count(is.regions.into(), "region", "regions");
    }
    "another set-up".to_owned()
}

fn intervention_words(scenario: &Scenario, does: &Intervention) -> String {
    let names = &scenario.names;
    let one = |target: &Target| match target {
        Target::Node(node) => names.node(*node),
        Target::Leader => "the leader",
    };
    let some = |targets: &Targets| {
        let places = targets.places.iter().map(|place| match place {
            Place::Node(node) => names.node(node),
            Place::Client(client) => names.client(client),
        });
        let mut places: Vec<&str> = places.collect();
        if targets.leader {
            places.push("the leader");
        }
        match places.len() {
            0..=3 => listed(&places),
            all => format!("{all} places"),
        }
    };
    let others = |to: &Option<Targets>| match to {
        Some(to) => format!(" from {}", some(to)),
        None => String::new(),
    };
    let message = |which: &OnTheWire| {
        let (from, to) = (some(&which.from), some(&which.to));
        let what = match which.message {
            // Whether it carries a write is not said here; most do.
            Some(MessageKind::Append) => kind_words(MessageKind::Store, None),
            Some(kind) => kind_words(kind, None),
            None => "A message".to_owned(),
        };
        format!("{} from {from} to {to}", uncapitalised(&what))
    };
    match does {
        Intervention::Crash { node, .. } => format!("crash {}", one(node)),
        Intervention::Restart(node) => format!("restart {}", one(node)),
        Intervention::Pause(node) => format!("pause {}", one(node)),
        Intervention::Resume(node) => format!("resume {}", one(node)),
        Intervention::Skew { node, .. } => format!("set the clock of {}", one(node)),
        Intervention::Cut { from, to, .. } => format!("cut {}{}", some(from), others(to)),
        Intervention::Heal { from: None, .. } => "heal all links".to_owned(),
        Intervention::Heal {
            from: Some(from), ..
        } => format!("heal {}", some(from)),
        Intervention::Slow { from, by_us: 0, .. } => format!("{} no longer slow", some(from)),
        Intervention::Slow { from, by_us, .. } => {
            format!("slow {} by {}", some(from), duration(*by_us))
        }
        Intervention::Drop(which) => format!("drop {}", message(which)),
        Intervention::Delay { which, by_us } => {
            format!("hold up {} by {}", message(which), duration(*by_us))
        }
        Intervention::Restore {
            node: Some(node), ..
        } => format!("restore {}", one(node)),
        Intervention::Restore { node: None, .. } => "restore all".to_owned(),
        Intervention::Do { client, act } => {
            let name = names.client(*client);
            match act.deed {
                Deed::Write(key, _) => format!("{name} writes {}", names.key(key)),
                Deed::Read(keys) => {
                    let keys: Vec<&str> = keys.iter().map(|key| names.key(key)).collect();
                    format!("{name} reads {}", listed(&keys))
                }
            }
        }
        _ => "something done".to_owned(),
    }
}

#[cfg(test)]
mod tests;

//! What the desk does with time and courses: from one broken promise to the next, to another branch, and
//! two runs side by side.

use replication::engine::time::SimTime;
use replication::fixes::Fix;
use replication::run::Run;

use super::{Desk, New, moment_of, most_telling, violations_until};
use crate::store::{Action, Beside, Rival};

/// How often something is looked for ahead of what is known.
const LOOKS_MAX: u32 = 10;

impl Desk {
    // Broken promises.

    /// The next moment at which a promise is broken, here or beside, as far as that is known.
    pub fn violation_ahead(&self) -> Option<SimTime> {
        let now = self.player.now();
        self.either(|run| {
            let next = violations_until(run, now);
            (next < run.violations().len()).then(|| moment_of(run, next))
        })
        .min()
    }

    /// The last moment before the cursor at which one was broken.
    pub fn violation_behind(&self) -> Option<SimTime> {
        let before = self.player.now().0.checked_sub(1).map(SimTime)?;
        self.either(|run| {
            let last = violations_until(run, before).checked_sub(1)?;
            Some(moment_of(run, last))
        })
        .max()
    }

    /// Goes to the next moment at which a promise is broken, and waits there.
    ///
    /// A long run is looked into for a while.
    pub fn next_violation(&self) {
        self.show_moment(self.look_ahead_for(Self::violation_ahead));
    }

    /// The next moment at which something is, for which a run that is not known to its end is looked into for a while.
    pub(super) fn look_ahead_for(
        &self,
        find: impl Fn(&Self) -> Option<SimTime>,
    ) -> Option<SimTime> {
        for _ in 0..LOOKS_MAX {
            if find(self).is_some() || self.is_known() {
                break;
            }
            self.player.look_ahead();
            if let Some(beside) = self.player.beside() {
                beside.look_ahead();
            }
        }
        find(self)
    }

    /// Whether the run, and the one beside it, are known to their ends.
    pub fn is_known(&self) -> bool {
        let known = |run: &dyn Run| run.ended().is_some();
        let beside = self.player.beside();
        self.with(|run, _| known(run))
            && beside.is_none_or(|beside| beside.with(|run, _| known(run)))
    }

    /// Goes to the last moment before at which one was broken, and waits there.
    pub fn previous_violation(&self) {
        self.show_moment(self.violation_behind());
    }

    /// What there is to find in this run and in the one beside it.
    fn either<T>(&self, look: impl Fn(&dyn Run) -> Option<T>) -> impl Iterator<Item = T> {
        let own = self.with(|run, _| look(run));
        let beside = self.player.beside();
        let other = beside.and_then(|beside| beside.with(|run, _| look(run)));
        own.into_iter().chain(other)
    }

    /// Goes to a moment at which a promise is broken, and lights it where that is in this run.
    fn show_moment(&self, at: Option<SimTime>) {
        let Some(at) = at else { return };
        match self.with(|run, _| most_telling(run, at)) {
            Some(number) => self.show_violation(number),
            None => {
                self.pause();
                self.seek(at);
            }
        }
    }

    // Branches.

    /// Goes back to the run that this one was made from.
    pub fn undo(&self) {
        if let Some(parent) = self.store.branches.parent() {
            self.go_to(parent.id);
        }
    }

    /// Goes to a branch, to where its cursor stood.
    pub fn go_to(&self, id: u32) {
        let Some(branch) = self.store.branches.get(id) else {
            return;
        };
        let left = self.player.now();
        self.player
            .replace(branch.scenario.clone(), branch.seed, branch.cursor);
        self.store.dispatch(Action::GoTo(id, left));
    }

    /// Gives a branch another name.
    pub fn rename(&self, id: u32, name: String) {
        self.store.dispatch(Action::Rename(id, name));
    }

    /// Forgets a branch.
    pub fn remove(&self, id: u32) {
        self.store.dispatch(Action::Remove(id));
    }

    // Comparing.

    /// Whether somebody wants to compare this run, and has not said with what.
    pub fn is_choosing(&self) -> bool {
        matches!(self.store.beside, Some(Beside::Nothing))
    }

    /// Asks what this run is to be compared with.
    pub fn compare(&self) {
        self.store.dispatch(Action::Compare(Some(Beside::Nothing)));
    }

    /// Compares this run with a branch.
    pub fn compare_with(&self, id: u32) {
        if let Some(branch) = self.store.branches.get(id) {
            self.put_beside(Rival {
                name: branch.name.clone().into(),
                scenario: branch.scenario.clone(),
                seed: branch.seed,
                branch: Some(id),
            });
        }
    }

    /// Compares this run with the one that it was made from.
    pub fn compare_with_parent(&self) {
        if let Some(parent) = self.store.branches.parent() {
            self.compare_with(parent.id);
        }
    }

    /// Compares this run with itself after one change.
    pub fn compare_changed(&self, fix: &Fix) {
        if let Some(scenario) = self.accepted(self.changed_by(fix)) {
            self.put_beside(Rival {
                name: fix.name.clone().into(),
                scenario,
                seed: self.store.seed,
                branch: None,
            });
        }
    }

    fn put_beside(&self, rival: Rival) {
        self.store
            .dispatch(Action::Compare(Some(Beside::Run(rival))));
    }

    /// Compares no more.
    pub fn compare_no_more(&self) {
        self.store.dispatch(Action::Compare(None));
    }

    /// Goes on in the run that lies beside this one, from the same moment.
    pub fn go_on_with_rival(&self) {
        let Some(Beside::Run(rival)) = self.store.beside.clone() else {
            return;
        };
        let at = self.player.now();
        self.compare_no_more();
        match rival.branch {
            Some(id) => {
                self.go_to(id);
                self.player.seek(at);
            }
            None => {
                let new = New {
                    name: format!("With: {}", rival.name),
                    scenario: rival.scenario,
                    seed: rival.seed,
                };
                self.replace(new, at, None);
            }
        }
    }
}

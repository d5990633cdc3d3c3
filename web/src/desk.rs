//! The desk: one visitor's store and player, and every verb that the page offers on them.
//!
//! Components get it as a property and call its verbs; none of them touches the run.

use std::sync::Arc;

use replication::engine::time::SimTime;
use replication::run::Run;
use replication::scenario::{Scenario, ScenarioError, limits};
use scene::SceneIndex;
use serde_json::{Value as Json, json};
use yew::prelude::*;

use crate::player::{Heard, Player};
use crate::speed::Speed;
use crate::store::{Action, Earlier, Open, Stopped, Store};

/// How far stepping looks at once where nothing more is known.
const STEP_US: u64 = 20_000;
/// How often it does so before it gives up.
const STEPS_MAX: u32 = 500;

const NEW_RUN: &str = "This started a new run from 0.";
const NEW_BARE_RUN: &str = "This started a new run from 0, without the script: it names replicas that are not here any more.";
const OVER: &str = "The run is over here: go back to an earlier moment, and act there.";
const FORKED: &str = "From here on the run takes another course.";

/// One visitor's store and player.
#[derive(Clone)]
pub struct Desk {
    /// Always the newest: what it was when this was drawn is `revision`.
    store: UseReducerHandle<Store>,
    revision: u32,
    player: Player,
    version: u32,
}

/// Equal where a component would draw the same: the run, its cursor and the intent are the same.
impl PartialEq for Desk {
    fn eq(&self, other: &Self) -> bool {
        self.player == other.player
            && self.version == other.version
            && self.revision == other.revision
    }
}

/// A desk of one's own, on which `scenario` lies opened.
#[hook]
pub fn use_desk(scenario: impl FnOnce() -> Arc<Scenario>) -> Desk {
    let store = use_reducer(|| Store::open(scenario()));
    let player = {
        let store = store.clone();
        use_state(move || Player::open(store.scenario.clone(), store.seed))
    };
    let redraw = use_force_update();
    {
        let dispatch = store.dispatcher();
        let player = (*player).clone();
        use_effect_with((), move |()| {
            player.set_listener(Callback::from(move |heard| match heard {
                Heard::Changed => redraw.force_update(),
                Heard::Stopped(why) => dispatch.dispatch(Action::Stop(why)),
            }));
            move || {
                player.pace(None);
                player.set_listener(Callback::noop());
            }
        });
    }
    {
        let player = (*player).clone();
        use_effect_with(store.playing.then_some(store.speed), move |speed| {
            player.pace(*speed)
        });
    }
    Desk {
        revision: store.revision,
        version: player.version(),
        player: (*player).clone(),
        store,
    }
}

impl Desk {
    /// What the visitor wants.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Who owns the run.
    pub fn player(&self) -> &Player {
        &self.player
    }

    /// Looks at the run.
    pub fn with<T>(&self, look: impl FnOnce(&dyn Run, &SceneIndex) -> T) -> T {
        self.player.with(look)
    }

    /// The violation that is lit: the chosen one, or the one at which playing has just stopped.
    pub fn focus(&self) -> Option<usize> {
        let stopped = (self.store.stopped == Some(Stopped::Violation)).then_some(0);
        self.store.focus.or(stopped)
    }

    // Time.

    /// Lets time run, from the start where the run has ended.
    pub fn play(&self) {
        if self.with(|run, _| run.ended().is_some_and(|(_, at)| at <= run.now())) {
            self.player.seek(SimTime::ZERO);
        }
        self.store.dispatch(Action::Play);
    }

    /// Stops it.
    pub fn pause(&self) {
        self.store.dispatch(Action::Pause);
    }

    /// Lets time run where it stands, and stops it where it runs.
    pub fn toggle(&self) {
        if self.store.playing {
            self.pause()
        } else {
            self.play()
        }
    }

    /// Goes to a moment. Time that runs goes on running from there.
    pub fn seek(&self, to: SimTime) {
        if self.store.focus.is_some() || self.store.stopped.is_some() {
            self.store.dispatch(Action::Focus(None));
        }
        self.player.seek(to);
    }

    /// Goes to the start, and waits there.
    pub fn restart(&self) {
        self.pause();
        self.seek(SimTime::ZERO);
    }

    /// Goes to the next thing that happens, and waits there.
    pub fn step(&self) {
        self.pause();
        let from = self.player.now();
        let next = |run: &dyn Run, index: &SceneIndex| scene::next_event(run, index, from);
        for _ in 0..STEPS_MAX {
            if let Some(to) = self.with(next) {
                return self.seek(to);
            }
            if let Some((_, end)) = self.with(|run, _| run.ended()) {
                return self.seek(end);
            }
            self.seek(self.player.now().after_us(STEP_US));
        }
    }

    /// Goes back to the last thing that happened before, and waits there.
    pub fn step_back(&self) {
        self.pause();
        let from = self.player.now();
        self.seek(
            self.with(|run, index| scene::previous_event(run, index, from))
                .unwrap_or_default(),
        );
    }

    /// Goes to a violation, waits there, and lights it.
    pub fn show_violation(&self, number: usize) {
        let at = self.with(|run, _| {
            let violation = run.violations().get(number)?;
            Some(run.records()[violation.at.index()].at)
        });
        if let Some(at) = at {
            self.pause();
            self.player.seek(at);
            self.store.dispatch(Action::Focus(Some(number)));
        }
    }

    /// Another speed.
    pub fn pace(&self, speed: Speed) {
        self.store.dispatch(Action::Pace(speed));
    }

    // The run.

    /// Turns a knob: at the start this changes the scenario, later it is an intervention at the cursor.
    pub fn turn(&self, changes: &[(String, Json)]) {
        if self.player.now() == SimTime::ZERO || self.is_over() {
            let notice = self.is_over().then_some(NEW_RUN);
            let changed = changes
                .iter()
                .fold(self.untold(), |scenario, (pointer, value)| {
                    scenario?.with(pointer, value.clone())
                });
            self.restart_as(changed, self.store.seed, notice);
        } else {
            let set: serde_json::Map<String, Json> = changes.iter().cloned().collect();
            self.act(json!({ "set": set }));
        }
    }

    /// Another protocol, or more or fewer replicas: starts a new run from 0.
    ///
    /// A script that names replicas which are gone is left out.
    pub fn rebuild(&self, protocol: Json) {
        let scenario = match self.untold() {
            Ok(scenario) => scenario,
            Err(refused) => return self.refuse(refused),
        };
        let changed = scenario.with("/protocol", protocol.clone());
        let bare = || {
            scenario
                .with("/script", json!([]))?
                .with("/protocol", protocol)
        };
        match changed.or_else(|refused| bare().map_err(|_| refused)) {
            Ok(changed) if changed.script.len() < scenario.script.len() => {
                self.restart_as(Ok(changed), self.store.seed, Some(NEW_BARE_RUN))
            }
            changed => self.restart_as(changed, self.store.seed, Some(NEW_RUN)),
        };
    }

    /// Does something to the run, a microsecond after the cursor, and goes there.
    pub fn act(&self, intervention: Json) {
        if self.is_over() {
            return self.store.dispatch(Action::Refuse(OVER.to_owned()));
        }
        let at = self.player.now().after_us(1);
        let changed = self
            .untold()
            .and_then(|scenario| scenario.with_intervention(at, intervention));
        let Some(scenario) = self.accepted(changed) else {
            return;
        };
        let left = self.left();
        self.player.fork(scenario.clone(), at);
        self.replaced(scenario, self.store.seed, left, Some(FORKED), true);
    }

    /// Runs an edited scenario from 0 in place of this one, which can be gone back to.
    pub fn rewrite(&self, scenario: Result<Scenario, ScenarioError>) -> bool {
        let seed = scenario.as_ref().map_or(0, |scenario| scenario.seed);
        self.restart_as(scenario, seed, Some(NEW_RUN))
    }

    /// Opens another story.
    pub fn load(&self, scenario: Result<Scenario, ScenarioError>) -> bool {
        let Some(scenario) = self.accepted(scenario) else {
            return false;
        };
        let seed = scenario.seed;
        self.player.replace(scenario.clone(), seed, SimTime::ZERO);
        self.store.dispatch(Action::Load(scenario, seed));
        true
    }

    /// The same scenario under another seed, from 0. `typed` is as it was typed.
    pub fn reseed(&self, typed: &str) {
        let seed = typed
            .trim()
            .parse::<u64>()
            .ok()
            .filter(|seed| *seed <= limits::INTEGER_MAX);
        let Some(seed) = seed else {
            let shown: String = typed.chars().take(40).collect();
            let message = format!(
                "Seed {shown:?} is not allowed: a whole number from 0 to {}.",
                limits::INTEGER_MAX
            );
            return self.store.dispatch(Action::Refuse(message));
        };
        self.restart_as(Ok((*self.store.scenario).clone()), seed, Some(NEW_RUN));
    }

    /// Goes back to the run that was left last.
    pub fn undo(&self) {
        if let Some(Earlier { scenario, seed, at }) = self.store.earlier.last().cloned() {
            self.player.replace(scenario, seed, at);
            self.store.dispatch(Action::Undo);
        }
    }

    // The page.

    /// Opens one thing over the page, or closes it.
    pub fn show(&self, open: Open) {
        self.store.dispatch(Action::Show(open));
    }

    /// Takes a refusal off the page.
    pub fn accept(&self) {
        self.store.dispatch(Action::Accept);
    }

    /// Runs `scenario` from 0 in place of this run; `false` where it is refused.
    fn restart_as(
        &self,
        scenario: Result<Scenario, ScenarioError>,
        seed: u64,
        notice: Option<&'static str>,
    ) -> bool {
        let Some(scenario) = self.accepted(scenario) else {
            return false;
        };
        let left = self.left();
        self.player.replace(scenario.clone(), seed, SimTime::ZERO);
        self.replaced(scenario, seed, left, notice, false);
        true
    }

    /// The scenario without its story and narrator, who tell what was before anyone changed it.
    fn untold(&self) -> Result<Scenario, ScenarioError> {
        let changes = [("/story", json!("")), ("/narration", json!([]))];
        self.store.scenario.with_all(changes)
    }

    /// Whether nothing can be done at the cursor any more: the run is over there.
    fn is_over(&self) -> bool {
        self.player.now() >= self.store.scenario.limits.time
    }

    fn refuse(&self, error: ScenarioError) {
        self.store.dispatch(Action::Refuse(error.to_string()));
    }

    fn accepted(&self, scenario: Result<Scenario, ScenarioError>) -> Option<Arc<Scenario>> {
        match scenario {
            Ok(scenario) => Some(Arc::new(scenario)),
            Err(error) => {
                self.refuse(error);
                None
            }
        }
    }

    fn left(&self) -> Earlier {
        Earlier {
            scenario: self.store.scenario.clone(),
            seed: self.store.seed,
            at: self.player.now(),
        }
    }

    fn replaced(
        &self,
        scenario: Arc<Scenario>,
        seed: u64,
        left: Earlier,
        notice: Option<&'static str>,
        goes_on: bool,
    ) {
        self.store.dispatch(Action::Replace {
            scenario,
            seed,
            left,
            notice,
            goes_on,
        });
    }
}

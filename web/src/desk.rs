//! The desk: one visitor's store and player, and every verb that the page offers on them.
//!
//! Components get it as a property and call its verbs; none of them touches the run.

mod travel;

use std::sync::Arc;

use replication::engine::time::SimTime;
use replication::fixes::Fix;
use replication::promise::{Promise, Violation};
use replication::run::Run;
use replication::scenario::{Scenario, ScenarioError, limits};
use scene::SceneIndex;
use serde_json::{Value as Json, json};
use yew::prelude::*;

use crate::player::{Heard, Player};
use crate::search::{Found, Search};
use crate::speed::Speed;
use crate::store::{Action, Open, Stopped, Store};
pub use crate::turns::Part;

/// How far stepping looks at once where nothing more is known.
const STEP_US: u64 = 20_000;
/// How often it does so before it gives up.
const STEPS_MAX: u32 = 500;

const NEW_RUN: &str = "This started a new run from 0.";
const NEW_BARE_RUN: &str =
    "This started a new run from 0, without the script: it does not fit here any more.";
const OVER: &str = "The run is over here: go back to an earlier moment, and act there.";
const CHOOSE_FIRST: &str = "Choose first what to compare with: the lecture view then shows both.";
const FORKED: &str = "From here on the run takes another course.";

/// One visitor's store and player.
#[derive(Clone)]
pub struct Desk {
    /// Always the newest: what it was when this was drawn is `revision`.
    store: UseReducerHandle<Store>,
    revision: u32,
    player: Player,
    version: u32,
    settled: u32,
    search: Search,
    found: u32,
    only_watched: bool,
    /// Why time stopped that runs on this desk, or on the one that takes this one along.
    stopped: Option<Stopped>,
}

/// Equal where a component would draw the same: the run, its cursor and the intent are the same.
impl PartialEq for Desk {
    fn eq(&self, other: &Self) -> bool {
        self.player == other.player
            && self.version == other.version
            && self.settled == other.settled
            && self.revision == other.revision
            && self.found == other.found
    }
}

/// A desk of one's own, on which lies what `open` gives.
#[hook]
pub fn use_desk(open: impl FnOnce() -> Store) -> Desk {
    let store = use_reducer(open);
    let player = {
        let store = store.clone();
        use_state(move || Player::open(store.scenario.clone(), store.seed))
    };
    let search = use_state(Search::new);
    let redraw = use_force_update();
    {
        let search = (*search).clone();
        let redraw = redraw.clone();
        use_effect_with((), move |()| {
            search.set_listener(Callback::from(move |()| redraw.force_update()));
            move || {
                search.set_listener(Callback::noop());
                search.forget();
            }
        });
    }
    {
        let search = (*search).clone();
        let (scenario, seed) = (Arc::clone(&store.scenario), store.seed);
        use_effect(move || search.keep_to(&scenario, seed));
    }
    {
        let dispatch = store.dispatcher();
        let player = (*player).clone();
        use_effect_with((), move |()| {
            player.set_listener(Callback::from(move |heard| match heard {
                Heard::Changed => redraw.force_update(),
                Heard::Stopped(why) => dispatch.dispatch(Action::Stop(why)),
            }));
            move || {
                player.pace(None, None);
                player.set_listener(Callback::noop());
            }
        });
    }
    {
        let player = (*player).clone();
        // The player may have stopped by itself, and begin again before the effect of that has run.
        let pace = (
            store.playing.then_some(store.speed),
            store.until,
            store.played,
        );
        use_effect_with(pace, move |(speed, until, _)| player.pace(*speed, *until));
    }
    Desk {
        revision: store.revision,
        version: player.version(),
        settled: player.settled(),
        player: (*player).clone(),
        found: search.version(),
        search: (*search).clone(),
        only_watched: false,
        stopped: store.stopped,
        store,
    }
}

/// The desk as it is now, and again at each turn of a part.
#[hook]
pub fn use_turns(desk: &Desk, part: Part) -> Desk {
    let redraw = use_force_update();
    use_effect_with(desk.player.clone(), move |player| {
        let drawer = player.on_turn(part, Callback::from(move |()| redraw.force_update()));
        move || drop(drawer)
    });
    Desk {
        version: desk.player.version(),
        settled: desk.player.settled(),
        ..desk.clone()
    }
}

impl Desk {
    /// Whether the visitor did nothing in between: what time alone changes is not asked.
    pub fn is_of_same_intent(&self, other: &Self) -> bool {
        self.player == other.player && self.revision == other.revision && self.found == other.found
    }

    /// Whether a part of the page would be drawn the same. What takes longer to draw waits where someone only passes by
    /// in scrubbing.
    pub fn is_drawn_same(&self, other: &Self, part: Part) -> bool {
        let at = |desk: &Desk| match part {
            Part::Stage | Part::Player | Part::Said => desk.version,
            _ if desk.store.playing => desk.version,
            _ => desk.settled,
        };
        self.is_of_same_intent(other) && at(self) == at(other)
    }

    /// What the visitor wants.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The same desk, on which one only looks: nothing on its stage offers to be acted on.
    pub fn to_watch(&self) -> Self {
        Desk {
            only_watched: true,
            ..self.clone()
        }
    }

    /// The same desk beside another, which takes it along: its time stops with the other's, and one only looks.
    pub fn taken_along_by(&self, other: &Self) -> Self {
        Desk {
            stopped: other.store.stopped,
            // Drawn anew, too, when the other's visitor has done something.
            revision: self.revision.wrapping_add(other.revision),
            ..self.to_watch()
        }
    }

    /// Whether one only looks.
    pub fn is_only_watched(&self) -> bool {
        self.only_watched
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
        let stopped = self.stopped == Some(Stopped::Violation);
        let here = || self.with(|run, _| most_telling(run, run.now()));
        self.store.focus.or_else(|| stopped.then(here).flatten())
    }

    /// Looks at the run, and at the violation that is lit.
    pub fn with_lit<T>(
        &self,
        look: impl FnOnce(&dyn Run, &SceneIndex, Option<&Violation>) -> T,
    ) -> T {
        let focus = self.focus();
        self.with(|run, index| {
            let violation = focus.and_then(|number| run.violations().get(number));
            look(run, index, violation)
        })
    }

    /// The violation that the page tells of: the one that is lit, else the newest at the cursor.
    pub fn told(&self) -> Option<usize> {
        let lit = self.focus();
        self.with(|run, _| {
            let so_far = violations_until(run, run.now());
            let newest = so_far.checked_sub(1)?;
            lit.filter(|number| *number < so_far)
                .or_else(|| most_telling(run, moment_of(run, newest)))
        })
    }

    // Time.

    /// Lets time run, from the start where the run has ended.
    pub fn play(&self) {
        if self.player.over().is_some() {
            self.player.seek(SimTime::ZERO);
        }
        self.store.dispatch(Action::Play(None));
    }

    /// The moments worth stopping at that are next to the cursor: before it, and after it.
    pub fn beats(&self) -> (Option<SimTime>, Option<SimTime>) {
        let now = self.player.now();
        let own = self.with(scene::beats);
        let beats = match self.player.beside() {
            Some(beside) => {
                scene::beats_of_both(own, self.player.parting(), beside.with(scene::beats))
            }
            None => own,
        };
        let before = beats.iter().rev().find(|at| **at < now);
        (before.copied(), beats.iter().find(|at| **at > now).copied())
    }

    /// Lets time run up to the next moment worth stopping at; where it runs already, goes there.
    pub fn next_beat(&self) {
        match self.look_ahead_for(|desk| desk.beats().1) {
            Some(at) if self.store.playing => {
                self.pause();
                self.seek(at);
            }
            Some(at) => self.store.dispatch(Action::Play(Some(at))),
            // There is more, further away than one can look.
            None if !self.is_known() && !self.store.playing => self.play(),
            None => self.pause(),
        }
    }

    /// Goes back to the last moment worth stopping at, and waits there.
    pub fn previous_beat(&self) {
        self.pause();
        self.seek(self.beats().0.unwrap_or_default());
    }

    /// Shows the run to a room, or no more.
    pub fn toggle_lecture(&self) {
        if self.is_choosing() && !self.store.lecture {
            return self.complain(CHOOSE_FIRST.to_owned());
        }
        self.store.dispatch(Action::Lecture(!self.store.lecture));
    }

    /// Stops it.
    pub fn pause(&self) {
        self.player.catch_up();
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
        for _ in 0..STEPS_MAX {
            if let Some(to) = self.player.next_event(from) {
                return self.seek(to);
            }
            let end = self.with(|run, _| run.ended());
            match (self.player.over(), end) {
                (Some(_), _) => return,
                (None, Some((_, end))) if self.player.beside().is_none() => return self.seek(end),
                _ => self.seek(self.player.now().after_us(STEP_US)),
            }
        }
    }

    /// Goes back to the last thing that happened before, and waits there.
    pub fn step_back(&self) {
        self.pause();
        let from = self.player.now();
        self.seek(self.player.previous_event(from).unwrap_or_default());
    }

    /// Goes to a violation, waits there, and lights it.
    pub fn show_violation(&self, number: usize) {
        let at = self.with(|run, _| {
            let known = number < run.violations().len();
            known.then(|| moment_of(run, number))
        });
        if let Some(at) = at {
            self.pause();
            self.player.seek(at);
            self.store.dispatch(Action::Focus(Some(number)));
        }
    }

    /// Another speed.
    pub fn pace(&self, speed: Speed) {
        self.player.catch_up();
        self.store.dispatch(Action::Pace(speed));
    }

    // The run.

    /// Turns a knob: at the start this changes the scenario, later it is an intervention at the cursor.
    pub fn turn(&self, changes: &[(String, Json)]) {
        if self.player.now() == SimTime::ZERO || self.is_over() {
            let notice = self.is_over().then_some(NEW_RUN);
            let changes = changes.iter();
            let changed = self.untold().and_then(|scenario| {
                scenario.with_all(changes.map(|(pointer, value)| (pointer.as_str(), value.clone())))
            });
            self.restart_as(changed, self.store.seed, notice);
        } else {
            let set: serde_json::Map<String, Json> = changes.iter().cloned().collect();
            self.act(json!({ "set": set }));
        }
    }

    /// Changes what can't change within a run: starts a new one from 0.
    pub fn renew(&self, changes: &[(String, Json)]) {
        self.remake(&|scenario| {
            let changes = changes.iter();
            scenario.with_all(changes.map(|(pointer, value)| (pointer.as_str(), value.clone())))
        });
    }

    /// Another document in place of this one: starts a new run from 0.
    pub fn reshape(&self, shape: &dyn Fn(&Scenario) -> Json) {
        self.remake(&|scenario| Scenario::from_document(shape(scenario)));
    }

    /// Another scenario made from this one: starts a new run from 0.
    ///
    /// A script that does not fit it, since it names replicas that are gone, is left out.
    pub fn remake(&self, make: &dyn Fn(&Scenario) -> Result<Scenario, ScenarioError>) {
        let scenario = match self.untold() {
            Ok(scenario) => scenario,
            Err(refused) => return self.refuse(refused),
        };
        let bare = || make(&scenario.with("/script", json!([]))?);
        let made = make(&scenario).or_else(|refused| bare().map_err(|_| refused));
        let whole = made
            .as_ref()
            .is_ok_and(|made| made.script.len() == scenario.script.len());
        let notice = if whole { NEW_RUN } else { NEW_BARE_RUN };
        self.restart_as(made, self.store.seed, Some(notice));
    }

    /// Does something to the run, a microsecond after the cursor, and goes there.
    pub fn act(&self, intervention: Json) {
        self.act_all(&[intervention]);
    }

    /// Does several things to the run at once.
    pub fn act_all(&self, interventions: &[Json]) {
        if self.is_over() {
            return self.store.dispatch(Action::Refuse(OVER.to_owned()));
        }
        self.player.catch_up();
        let at = self.player.now().after_us(1);
        let changed = interventions
            .iter()
            .fold(self.untold(), |scenario, intervention| {
                scenario?.with_intervention(at, intervention.clone())
            });
        let Some(scenario) = self.accepted(changed) else {
            return;
        };
        let left = self.player.now();
        self.player.fork(scenario.clone(), at);
        self.replaced(
            New {
                name: self.named(&scenario, self.store.seed),
                scenario,
                seed: self.store.seed,
            },
            (left, at),
            Some(FORKED.into()),
            true,
        );
    }

    /// Runs an edited scenario from 0 in place of this one, which can be gone back to.
    pub fn rewrite(&self, scenario: Result<Scenario, ScenarioError>) -> bool {
        let seed = scenario.as_ref().map_or(0, |scenario| scenario.seed);
        self.restart_as(scenario, seed, Some(NEW_RUN))
    }

    /// Starts to look for what would have kept a promise in this run.
    pub fn search(&self, promise: Promise) {
        self.pause();
        let store = &self.store;
        self.search.start(&store.scenario, store.seed, promise);
    }

    /// Stops to look; what was found stays.
    pub fn stop_search(&self) {
        self.search.stop();
    }

    /// Forgets what was found.
    pub fn forget_search(&self) {
        self.search.forget();
    }

    /// Looks at what was found for a promise in this run; `None` where nobody has searched.
    pub fn found<T>(&self, promise: Promise, look: impl FnOnce(Found<'_>) -> T) -> Option<T> {
        let store = &self.store;
        self.search.with(&store.scenario, store.seed, promise, look)
    }

    /// The same run with one change, at the same moment: the same seed, and the same interventions.
    pub fn run_with(&self, fix: &Fix) {
        let changed = self.changed_by(fix);
        let notice = format!(
            "With one change: “{}”. The same seed, and the same moment.",
            fix.name
        );
        let Some(scenario) = self.accepted(changed) else {
            return;
        };
        let new = New {
            name: format!("With: {}", fix.name),
            scenario,
            seed: self.store.seed,
        };
        let at = self.player.now();
        self.replace(new, at, Some(notice.into()));
    }

    fn changed_by(&self, fix: &Fix) -> Result<Scenario, ScenarioError> {
        let scenario = self.untold()?;
        let changed = fix.applied_to(&scenario)?;
        let title = format!("{} · {}", scenario.title, fix.name);
        // One change after the other may not fit into a title.
        Ok(changed.with("/title", json!(title)).unwrap_or(changed))
    }

    /// Opens another story.
    pub fn load(&self, written: &str) {
        let Some(scenario) = self.accepted(Scenario::from_bytes(written.as_bytes())) else {
            return;
        };
        self.player
            .replace(scenario.clone(), scenario.seed, SimTime::ZERO);
        self.store.dispatch(Action::Load(scenario, written.into()));
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

    // The page.

    /// Opens one thing over the page, or closes it.
    pub fn show(&self, open: Open) {
        self.player.catch_up();
        self.store.dispatch(Action::Show(open));
    }

    /// Says why something could not be done.
    pub fn complain(&self, why: String) {
        self.store.dispatch(Action::Refuse(why));
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
        let new = New {
            name: self.named(&scenario, seed),
            scenario,
            seed,
        };
        self.replace(new, SimTime::ZERO, notice.map(AttrValue::from));
        true
    }

    /// Runs another run up to `at` in place of this one; they have nothing in common.
    fn replace(&self, new: New, at: SimTime, notice: Option<AttrValue>) {
        let left = self.player.now();
        self.player.replace(new.scenario.clone(), new.seed, at);
        self.replaced(new, (left, SimTime::ZERO), notice, false);
    }

    /// What makes a run from this one, in words.
    fn named(&self, scenario: &Scenario, seed: u64) -> String {
        let store = &self.store;
        scene::change_words(&store.scenario, scenario, (store.seed, seed))
    }

    /// The scenario without its story and narrator, who tell what was before anyone changed it.
    fn untold(&self) -> Result<Scenario, ScenarioError> {
        let changes = [("/story", json!("")), ("/narration", json!([]))];
        self.store.scenario.with_all(changes)
    }

    /// Whether nothing can be done at the cursor any more: the run is over there.
    pub fn is_over(&self) -> bool {
        self.player.now() >= self.store.scenario.limits.time
    }

    fn refuse(&self, error: ScenarioError) {
        self.complain(error.to_string());
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

    fn replaced(
        &self,
        new: New,
        (left, forked_at): (SimTime, SimTime),
        notice: Option<AttrValue>,
        goes_on: bool,
    ) {
        self.store.dispatch(Action::Replace {
            scenario: new.scenario,
            seed: new.seed,
            name: new.name,
            left,
            forked_at,
            notice,
            goes_on,
        });
    }
}

/// A run that takes the place of another.
struct New {
    scenario: Arc<Scenario>,
    seed: u64,
    /// What made it.
    name: String,
}

/// When a violation came to be.
pub fn moment_of(run: &dyn Run, number: usize) -> SimTime {
    run.records()[run.violations()[number].at.index()].at
}

/// How many violations had come to be at a moment.
pub fn violations_until(run: &dyn Run, at: SimTime) -> usize {
    let at_of = |violation: &Violation| run.records()[violation.at.index()].at;
    run.violations()
        .partition_point(|violation| at_of(violation) <= at)
}

/// Of the violations that came to be at one moment, the one that says most: one stale answer may break
/// several promises, and the first of them in the order of the screen asks for the least.
pub fn most_telling(run: &dyn Run, at: SimTime) -> Option<usize> {
    let before = at.0.checked_sub(1).map(SimTime);
    let from = before.map_or(0, |before| violations_until(run, before));
    (from..violations_until(run, at)).min_by_key(|number| run.violations()[*number].promise)
}

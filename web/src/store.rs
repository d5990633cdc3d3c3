//! What the visitor wants: which scenario, whether it plays, what is open. Intent only.
//!
//! The run itself belongs to the [player](crate::player) and is never in here.

use std::rc::Rc;
use std::sync::Arc;

use replication::engine::time::SimTime;
use replication::ids::Place;
use replication::scenario::Scenario;
use yew::prelude::*;

use crate::speed::Speed;

/// How many earlier runs one can go back to.
const EARLIER_LIMIT: usize = 50;

/// What the visitor wants.
#[derive(Clone)]
pub struct Store {
    /// Counts what the visitor did: two stores of the same number are the same.
    pub revision: u32,
    /// The last good scenario: bad input never gets this far.
    pub scenario: Arc<Scenario>,
    /// Its seed.
    pub seed: u64,
    /// Whether time runs.
    pub playing: bool,
    /// Why it stopped running, where nobody stopped it.
    pub stopped: Option<Stopped>,
    /// How fast.
    pub speed: Speed,
    /// The violation that is lit on the stage, by its place among the run's.
    pub focus: Option<usize>,
    /// The one thing that is open over the page.
    pub open: Open,
    /// Why the last change was refused.
    pub refused: Option<String>,
    /// What the last change did to the run, in words.
    pub notice: Option<&'static str>,
    /// Runs that were left for another one, the latest last.
    pub earlier: Vec<Earlier>,
}

/// Why playing stopped by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// The first promise of the run was broken.
    Violation,
    /// Nothing is left to play.
    End,
}

/// What is open over the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Open {
    /// Nothing.
    #[default]
    Nothing,
    /// What one can do to a replica, or have a client do.
    Menu(Place),
    /// The scenario's own text.
    Document,
    /// What the keys do.
    Keys,
}

/// A run that was left: all of it, since a run *is* its scenario, its seed and a cursor.
#[derive(Clone)]
pub struct Earlier {
    /// What was run.
    pub scenario: Arc<Scenario>,
    /// With which seed.
    pub seed: u64,
    /// Where the cursor stood.
    pub at: SimTime,
}

/// What the visitor does.
pub enum Action {
    /// Lets time run.
    Play,
    /// Stops it.
    Pause,
    /// Time stopped by itself.
    Stop(Stopped),
    /// Another speed.
    Pace(Speed),
    /// Lights a violation, or none.
    Focus(Option<usize>),
    /// Opens one thing, or closes it.
    Show(Open),
    /// Another run takes the place of this one, which is kept.
    Replace {
        /// What is run now.
        scenario: Arc<Scenario>,
        /// With which seed.
        seed: u64,
        /// What is left.
        left: Earlier,
        /// What that means, in words.
        notice: Option<&'static str>,
        /// Whether it goes on from the same moment, so that time that runs goes on running.
        goes_on: bool,
    },
    /// Another story, with nothing to go back to.
    Load(Arc<Scenario>, u64),
    /// Back to the run that was left last.
    Undo,
    /// A change was refused, and why.
    Refuse(String),
    /// The refusal was read.
    Accept,
}

impl Store {
    /// What a visitor of this scenario starts with.
    pub fn open(scenario: Arc<Scenario>) -> Self {
        Store {
            revision: 0,
            seed: scenario.seed,
            speed: Speed::fitting(&scenario),
            scenario,
            playing: false,
            stopped: None,
            focus: None,
            open: Open::Nothing,
            refused: None,
            notice: None,
            earlier: Vec::new(),
        }
    }
}

impl Reducible for Store {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let mut store = (*self).clone();
        store.revision = store.revision.wrapping_add(1);
        match action {
            Action::Play => {
                store.playing = true;
                store.stopped = None;
                store.focus = None;
                store.open = Open::Nothing;
                store.notice = None;
            }
            Action::Pause => store.playing = false,
            Action::Stop(why) => {
                store.playing = false;
                store.stopped = Some(why);
            }
            Action::Pace(speed) => store.speed = speed,
            Action::Focus(focus) => {
                store.focus = focus;
                store.stopped = None;
            }
            Action::Show(open) => {
                // What is open is about this moment, so the moment waits.
                store.playing &= open == Open::Nothing;
                store.open = open;
            }
            Action::Replace {
                scenario,
                seed,
                left,
                notice,
                goes_on,
            } => {
                if store.earlier.len() == EARLIER_LIMIT {
                    store.earlier.remove(0);
                }
                store.earlier.push(left);
                store.notice = notice;
                let playing = store.playing;
                store.enter(scenario, seed);
                store.playing = playing && goes_on;
            }
            Action::Load(scenario, seed) => {
                store.earlier.clear();
                store.notice = None;
                store.speed = Speed::fitting(&scenario);
                store.enter(scenario, seed);
            }
            Action::Undo => {
                if let Some(Earlier { scenario, seed, .. }) = store.earlier.pop() {
                    store.notice = Some("Back in the run as it was.");
                    store.enter(scenario, seed);
                }
            }
            Action::Refuse(why) => store.refused = Some(why),
            Action::Accept => store.refused = None,
        }
        Rc::new(store)
    }
}

impl Store {
    fn enter(&mut self, scenario: Arc<Scenario>, seed: u64) {
        self.scenario = scenario;
        self.seed = seed;
        self.playing = false;
        self.stopped = None;
        self.focus = None;
        self.open = Open::Nothing;
        self.refused = None;
    }
}

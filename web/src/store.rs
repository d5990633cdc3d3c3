//! What the visitor wants: which scenario, whether it plays, what is open. Intent only.
//!
//! The run itself belongs to the [player](crate::player) and is never in here.

use std::rc::Rc;
use std::sync::Arc;

use replication::engine::time::SimTime;
use replication::ids::Place;
use replication::scenario::Scenario;
use replication::trace::Seq;
use scene::Branches;
use yew::prelude::*;

use crate::speed::Speed;

/// What the visitor wants.
#[derive(Clone)]
pub struct Store {
    /// Counts what the visitor did: two stores of the same number are the same.
    pub revision: u32,
    /// The last good scenario: bad input never gets this far.
    pub scenario: Arc<Scenario>,
    /// The text of the story that was opened last, as it was written.
    pub written: Rc<str>,
    /// Its seed.
    pub seed: u64,
    /// Whether time runs.
    pub playing: bool,
    /// The revision with which it began to.
    pub played: u32,
    /// Where it stops, where it is to stop somewhere.
    pub until: Option<SimTime>,
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
    pub notice: Option<AttrValue>,
    /// All runs of this story that one has been in; of the one that is run, its scenario and seed are above.
    pub branches: Branches,
    /// What lies beside this run, while one compares.
    pub beside: Option<Beside>,
    /// Whether it is shown to a room: large, and nothing but the run.
    pub lecture: bool,
}

/// What lies beside a run that is compared.
#[derive(Clone)]
pub enum Beside {
    /// Nothing yet.
    Nothing,
    /// Another run: a branch, or this one with a change.
    Run(Rival),
}

/// A run to compare with.
#[derive(Clone)]
pub struct Rival {
    /// What it is called.
    pub name: AttrValue,
    /// What is run.
    pub scenario: Arc<Scenario>,
    /// With which seed.
    pub seed: u64,
    /// Which branch it is, where it is one.
    pub branch: Option<u32>,
}

/// Why playing stopped by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// The first promise of the run was broken.
    Violation,
    /// It has come to where it was to stop.
    There,
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
    /// What one can do to the link between two places.
    Link(Place, Place),
    /// What one can do to a message on the wire, by the record of its sending.
    Message(Seq),
    /// The scenario's own text.
    Document,
    /// What the keys do.
    Keys,
}

/// What the visitor does.
pub enum Action {
    /// Lets time run: up to a moment, or on and on.
    Play(Option<SimTime>),
    /// Shows the run to a room, or no more.
    Lecture(bool),
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
        /// What made it: the name of the branch.
        name: String,
        /// Where the cursor of the run that is left stood.
        left: SimTime,
        /// Up to where it is the same run.
        forked_at: SimTime,
        /// What that means, in words.
        notice: Option<AttrValue>,
        /// Whether it goes on from the same moment, so that time that runs goes on running.
        goes_on: bool,
    },
    /// Another story, with nothing to go back to.
    Load(Arc<Scenario>, Rc<str>),
    /// To a branch. Where the cursor of the run that is left stood is kept.
    GoTo(u32, SimTime),
    /// Another name for a branch.
    Rename(u32, String),
    /// Forgets a branch.
    Remove(u32),
    /// Puts another run beside this one, or none: `None` is not to compare any more.
    Compare(Option<Beside>),
    /// A change was refused, and why.
    Refuse(String),
    /// The refusal was read.
    Accept,
}

impl Store {
    /// What a visitor of this scenario starts with, under this seed.
    pub fn open(scenario: Arc<Scenario>, seed: u64, written: Rc<str>) -> Self {
        Store {
            revision: 0,
            written,
            seed,
            speed: Speed::fitting(&scenario),
            branches: Branches::of(scenario.clone(), seed),
            scenario,
            playing: false,
            played: 0,
            until: None,
            stopped: None,
            focus: None,
            open: Open::Nothing,
            refused: None,
            notice: None,
            beside: None,
            lecture: false,
        }
    }
}

impl Store {
    /// The scenario's text: as it was written where it is a story that nobody has changed.
    pub fn text(&self) -> String {
        let read = Scenario::from_bytes(self.written.as_bytes());
        match read {
            Ok(read) if read.document == self.scenario.document => self.written.to_string(),
            _ => self.scenario.to_text(),
        }
    }
}

impl Reducible for Store {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let mut store = (*self).clone();
        store.revision = store.revision.wrapping_add(1);
        match action {
            Action::Play(until) => {
                store.playing = true;
                store.played = store.revision;
                store.until = until;
                store.stopped = None;
                store.focus = None;
                store.open = Open::Nothing;
                store.notice = None;
            }
            Action::Pause => store.playing = false,
            Action::Lecture(lecture) => {
                store.playing = false;
                store.open = Open::Nothing;
                store.lecture = lecture;
            }
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
                name,
                left,
                forked_at,
                notice,
                goes_on,
            } => {
                let forgotten = store
                    .branches
                    .grow(name, scenario.clone(), seed, left, forked_at);
                store.notice = match forgotten {
                    Some(branch) => Some(forgot(&branch.name).into()),
                    None => notice,
                };
                let playing = store.playing;
                store.enter(scenario, seed);
                store.playing = playing && goes_on;
            }
            Action::Load(scenario, written) => {
                let seed = scenario.seed;
                store.written = written;
                store.branches = Branches::of(scenario.clone(), seed);
                store.beside = None;
                store.notice = None;
                store.speed = Speed::fitting(&scenario);
                store.enter(scenario, seed);
            }
            Action::GoTo(id, left) => {
                store.branches.go_to(id, left);
                let branch = store.branches.current().clone();
                store.notice = Some(format!("Back in “{}”.", branch.name).into());
                store.enter(branch.scenario, branch.seed);
            }
            Action::Rename(id, name) => store.branches.rename(id, &name),
            Action::Remove(id) => {
                store.branches.remove(id);
            }
            Action::Compare(beside) => {
                store.playing = false;
                store.open = Open::Nothing;
                store.beside = beside;
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

fn forgot(name: &str) -> String {
    format!(
        "{} runs are kept: to make room, “{name}” was forgotten.",
        Branches::MAX
    )
}

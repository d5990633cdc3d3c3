//! The search for what would have kept a promise: each change that theory offers, tried on the same run.
//!
//! It goes on in a worker, or where there can be none on the page, in pieces that leave the page time to
//! draw. Like the run itself it stands outside the virtual DOM, and tells the page when there is news.

mod away;

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::sync::Arc;

use gloo_timers::callback::Timeout;
use replication::engine::time::SimTime;
use replication::fixes::{self, Fix, Trial};
use replication::promise::Promise;
use replication::run::{self, Run};
use replication::scenario::Scenario;
use scene::FixRow;
use yew::Callback;

use crate::platform;
use away::Away;

/// How long a piece of work may hold up the page.
const PIECE_MS: f64 = 10.0;
/// In how many steps a run is made on the page.
const STEPS: u64 = 512;

/// A search, or none. Cheap to clone: all clones are the same search.
#[derive(Clone)]
pub struct Search(Rc<Inner>);

struct Inner {
    going: RefCell<Option<Quest>>,
    listener: RefCell<Callback<()>>,
    version: Cell<u32>,
}

/// One search.
struct Quest {
    scenario: Arc<Scenario>,
    seed: u64,
    promise: Promise,
    fixes: Vec<Fix>,
    /// What is to be run: the scenario as it is, then with each of the changes.
    runs: Vec<Arc<Scenario>>,
    /// What the first of them gave.
    trials: Vec<Trial>,
    progress: Progress,
    by: By,
}

/// Who makes the runs; dropped, nobody does any more.
enum By {
    Nobody,
    Worker {
        _held: Away,
    },
    Page {
        run: Option<Box<dyn Run>>,
        _held: Timeout,
    },
}

/// How a search stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It goes on.
    Going,
    /// Everything was tried.
    Done,
    /// The visitor stopped it.
    Stopped,
    /// It could not go on.
    Failed,
}

/// What a search has found so far.
pub struct Found<'a>(&'a Quest);

impl Found<'_> {
    /// How the search stands.
    pub fn progress(&self) -> Progress {
        self.0.progress
    }

    /// How many changes were tried.
    pub fn tried(&self) -> usize {
        self.0.trials.len().saturating_sub(1)
    }

    /// How many there are to try.
    pub fn of(&self) -> usize {
        self.0.fixes.len()
    }

    /// A row for each that was tried, in the order of the screen.
    pub fn rows(&self) -> Vec<FixRow> {
        match self.0.trials.split_first() {
            Some((before, tried)) => scene::fix_rows(before, &self.0.fixes, tried, self.0.promise),
            None => Vec::new(),
        }
    }

    /// One of the changes.
    pub fn fix(&self, number: usize) -> &Fix {
        &self.0.fixes[number]
    }
}

impl Search {
    /// No search yet.
    pub fn new() -> Self {
        Search(Rc::new(Inner {
            going: RefCell::default(),
            listener: RefCell::new(Callback::noop()),
            version: Cell::new(0),
        }))
    }

    /// Who hears that there is news, from now on.
    pub fn set_listener(&self, listener: Callback<()>) {
        *self.0.listener.borrow_mut() = listener;
    }

    /// Counts the news.
    pub fn version(&self) -> u32 {
        self.0.version.get()
    }

    /// Looks at what was found for a promise in this very run.
    pub fn with<T>(
        &self,
        scenario: &Arc<Scenario>,
        seed: u64,
        promise: Promise,
        look: impl FnOnce(Found<'_>) -> T,
    ) -> Option<T> {
        let going = self.0.going.borrow();
        let quest = going.as_ref()?;
        (quest.is_about(scenario, seed) && quest.promise == promise).then(|| look(Found(quest)))
    }

    /// Starts to search, in place of what went on before.
    pub fn start(&self, scenario: &Arc<Scenario>, seed: u64, promise: Promise) {
        let fixes = fixes::candidates(scenario, promise);
        let changed = fixes.iter().map(|fix| {
            let changed = fix.applied_to(scenario);
            Arc::new(changed.expect("a candidate fits its scenario"))
        });
        let runs = [Arc::clone(scenario)].into_iter().chain(changed).collect();
        let quest = Quest {
            scenario: Arc::clone(scenario),
            seed,
            promise,
            fixes,
            runs,
            trials: Vec::new(),
            progress: Progress::Going,
            by: By::Nobody,
        };
        *self.0.going.borrow_mut() = Some(quest);
        Inner::send_away(&self.0);
        self.0.tell();
    }

    /// Stops at once; what was found stays.
    pub fn stop(&self) {
        if let Some(quest) = self.0.going.borrow_mut().as_mut() {
            quest.end(Progress::Stopped);
        }
        self.0.tell();
    }

    /// Forgets what was found.
    pub fn forget(&self) {
        *self.0.going.borrow_mut() = None;
        self.0.tell();
    }

    /// Another run lies on the desk: a search that goes on in the one before is given up.
    pub fn keep_to(&self, scenario: &Arc<Scenario>, seed: u64) {
        let mut going = self.0.going.borrow_mut();
        let astray =
            |quest: &Quest| quest.progress == Progress::Going && !quest.is_about(scenario, seed);
        if going.as_ref().is_some_and(astray) {
            *going = None;
        }
    }
}

impl Inner {
    fn tell(&self) {
        self.version.set(self.version.get().wrapping_add(1));
        let listener = self.listener.borrow().clone();
        listener.emit(());
    }

    /// Has a worker make the runs, where there can be one.
    fn send_away(this: &Rc<Self>) {
        let weak = Rc::downgrade(this);
        let heard = Callback::from(move |given: Option<String>| {
            if let Some(this) = weak.upgrade() {
                Inner::hear(&this, given);
            }
        });
        let hired = Away::hire(heard).filter(|away| {
            let mut going = this.going.borrow_mut();
            let quest = going.as_mut();
            quest.is_some_and(|quest| {
                let mut runs = quest.runs.iter();
                runs.all(|run| away.ask(run, quest.seed).is_ok())
            })
        });
        match hired {
            Some(away) => this.set_by(By::Worker { _held: away }),
            None => Inner::stay_here(this),
        }
    }

    /// A worker has made a run, or can't.
    fn hear(this: &Rc<Self>, given: Option<String>) {
        let trial = given.and_then(|given| serde_json::from_str::<Trial>(&given).ok());
        let heard = match this.going.borrow_mut().as_mut() {
            // What was stopped has nothing to hear; nor has what goes on here.
            Some(quest) if matches!(quest.by, By::Worker { .. }) => quest.hear(trial),
            _ => return,
        };
        if !heard {
            Inner::stay_here(this);
        }
        this.tell();
    }

    /// Makes the runs on the page, a piece at a time.
    fn stay_here(this: &Rc<Self>) {
        let by = By::Page {
            run: None,
            _held: Inner::next_piece(this),
        };
        this.set_by(by);
    }

    fn next_piece(this: &Rc<Self>) -> Timeout {
        let weak: Weak<Self> = Rc::downgrade(this);
        Timeout::new(0, move || {
            let Some(this) = weak.upgrade() else { return };
            let news = match this.going.borrow_mut().as_mut() {
                Some(quest) => quest.work(Inner::next_piece(&this)),
                None => false,
            };
            if news {
                this.tell();
            }
        })
    }

    fn set_by(&self, by: By) {
        if let Some(quest) = self.going.borrow_mut().as_mut() {
            quest.by = by;
        }
    }
}

impl Quest {
    fn is_about(&self, scenario: &Arc<Scenario>, seed: u64) -> bool {
        Arc::ptr_eq(&self.scenario, scenario) && self.seed == seed
    }

    fn end(&mut self, progress: Progress) {
        if self.progress == Progress::Going {
            self.progress = progress;
        }
        self.by = By::Nobody;
    }

    /// A worker's answer; `false` where there is no use in a worker here.
    fn hear(&mut self, trial: Option<Trial>) -> bool {
        match trial {
            Some(trial) => self.tried(trial),
            None if self.trials.is_empty() => return false,
            None => self.end(Progress::Failed),
        }
        true
    }

    fn tried(&mut self, trial: Trial) {
        self.trials.push(trial);
        if self.trials.len() == self.runs.len() {
            self.end(Progress::Done);
        }
    }

    /// Works for a moment; whether there is news. `next` is when to go on.
    fn work(&mut self, next: Timeout) -> bool {
        let By::Page { run, _held } = &mut self.by else {
            return false;
        };
        *_held = next;
        let mut run = run.take();
        let until_ms = platform::now_ms() + PIECE_MS;
        let mut news = false;
        while self.progress == Progress::Going && platform::now_ms() < until_ms {
            let scenario = &self.runs[self.trials.len()];
            let step_us = scenario.limits.time.0 / STEPS + 1;
            let mut at = run
                .take()
                .unwrap_or_else(|| run::open(Arc::clone(scenario), self.seed));
            if at.ended().is_none() {
                at.seek(at.now().after_us(step_us));
                run = Some(at);
            } else {
                at.seek(SimTime(u64::MAX));
                self.tried(Trial::of_run(at.as_ref()));
                news = true;
            }
        }
        if let By::Page { run: kept, .. } = &mut self.by {
            *kept = run;
        }
        news
    }
}

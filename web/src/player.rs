//! The player: owns the run, outside the virtual DOM, and moves its cursor.
//!
//! `seek` is its only verb: playing, stepping, scrubbing and jumping are all seeks. While playing, one
//! frame loop moves the cursor and paints; Yew hears of it about ten times a second. Paused, hidden or
//! off the screen, nothing runs at all.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::sync::Arc;

use gloo_render::{AnimationFrame, request_animation_frame};
use gloo_timers::callback::Timeout;
use replication::engine::time::SimTime;
use replication::run::{self, Run};
use replication::scenario::Scenario;
use scene::SceneIndex;
use yew::Callback;

use crate::platform;
use crate::speed::Speed;
use crate::store::Stopped;

/// Between two renderings of the page while playing.
const PUBLISH_EVERY_MS: f64 = 100.0;
/// A frame that comes later than this is taken for one after a break, which is not played.
const FRAME_MS_MAX: f64 = 100.0;
/// How long a step stays on the screen where motion is reduced.
const STILL_MS: u32 = 900;
/// How long looking ahead may hold up the page.
const LOOK_AHEAD_MS: f64 = 60.0;
/// In how many pieces it is done.
const LOOK_AHEAD_PIECES: u64 = 64;

/// Draws what moves at the cursor.
pub type Paint = Box<dyn FnMut(&dyn Run, &SceneIndex)>;

/// What the player tells the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The run, or its cursor, is another one.
    Changed,
    /// Playing stopped by itself.
    Stopped(Stopped),
}

/// Owns a run and moves its cursor. Cheap to clone: all clones are the same player.
#[derive(Clone)]
pub struct Player(Rc<Inner>);

struct Inner {
    reel: RefCell<Reel>,
    paint: RefCell<Option<Paint>>,
    listener: RefCell<Callback<Heard>>,
    speed: Cell<Option<Speed>>,
    on_screen: Cell<bool>,
    tab_shown: Cell<bool>,
    beat: RefCell<Option<Beat>>,
    frame_ms: Cell<Option<f64>>,
    /// Model time that has passed, but not yet a whole microsecond of it.
    rest_us: Cell<f64>,
    published_ms: Cell<f64>,
    version: Cell<u32>,
}

/// A run, and what the screen keeps ready about it.
struct Reel {
    run: Box<dyn Run>,
    index: SceneIndex,
}

impl Reel {
    fn of(run: Box<dyn Run>) -> Self {
        let mut reel = Reel {
            run,
            index: SceneIndex::new(),
        };
        reel.look_ahead();
        reel
    }

    fn opened(scenario: Arc<Scenario>, seed: u64, at: SimTime) -> Self {
        let mut run = run::open(scenario, seed);
        run.seek(at);
        Reel::of(run)
    }

    fn seek(&mut self, to: SimTime) {
        self.run.seek(to);
        self.index.update(self.run.as_ref());
    }

    /// Runs to the end and comes back, so that the scrubber knows how long the run is and where promises
    /// will be broken. A long run is looked into as far as the time allows.
    fn look_ahead(&mut self) {
        let back = self.run.now();
        let piece_us = self.run.scenario().limits.time.0 / LOOK_AHEAD_PIECES + 1;
        let until_ms = platform::now_ms() + LOOK_AHEAD_MS;
        // The last piece reaches past the limit, which is what ends a run.
        while self.run.ended().is_none() && platform::now_ms() < until_ms {
            self.run.seek(self.run.now().after_us(piece_us));
        }
        self.seek(back);
    }
}

/// What makes the next move; dropped, it never comes.
enum Beat {
    Frame { _held: AnimationFrame },
    Step { _held: Timeout },
}

impl PartialEq for Player {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Player {
    /// A player at the start of a run.
    pub fn open(scenario: Arc<Scenario>, seed: u64) -> Self {
        Player(Rc::new(Inner {
            reel: RefCell::new(Reel::opened(scenario, seed, SimTime::ZERO)),
            paint: RefCell::default(),
            listener: RefCell::new(Callback::noop()),
            speed: Cell::new(None),
            on_screen: Cell::new(true),
            tab_shown: Cell::new(true),
            beat: RefCell::default(),
            frame_ms: Cell::new(None),
            rest_us: Cell::new(0.0),
            published_ms: Cell::new(0.0),
            version: Cell::new(0),
        }))
    }

    /// Looks at the run.
    pub fn with<T>(&self, look: impl FnOnce(&dyn Run, &SceneIndex) -> T) -> T {
        let reel = self.0.reel.borrow();
        look(reel.run.as_ref(), &reel.index)
    }

    /// The cursor.
    pub fn now(&self) -> SimTime {
        self.with(|run, _| run.now())
    }

    /// Counts the changes that the page was told of.
    pub fn version(&self) -> u32 {
        self.0.version.get()
    }

    /// Moves the cursor.
    pub fn seek(&self, to: SimTime) {
        self.0.rest_us.set(0.0);
        self.0.reel.borrow_mut().seek(to);
        self.0.publish();
    }

    /// Another run takes the place of this one, with the cursor at `at`.
    pub fn replace(&self, scenario: Arc<Scenario>, seed: u64, at: SimTime) {
        self.0.rest_us.set(0.0);
        *self.0.reel.borrow_mut() = Reel::opened(scenario, seed, at);
        self.0.publish();
    }

    /// From the cursor on, what this scenario says; then goes to `at`.
    pub fn fork(&self, scenario: Arc<Scenario>, at: SimTime) {
        self.0.rest_us.set(0.0);
        let mut forked = self.with(|run, _| run.fork(scenario));
        forked.seek(at);
        *self.0.reel.borrow_mut() = Reel::of(forked);
        self.0.publish();
    }

    /// Lets time run at a speed, or stops it.
    pub fn pace(&self, speed: Option<Speed>) {
        self.0.speed.set(speed);
        self.0.frame_ms.set(None);
        Inner::beat(&self.0);
    }

    /// Whether anyone can see it; where nobody can, nothing moves.
    pub fn set_on_screen(&self, on_screen: bool) {
        if self.0.on_screen.replace(on_screen) != on_screen {
            self.0.frame_ms.set(None);
            Inner::beat(&self.0);
        }
    }

    /// Whether the tab is shown; where it is not, nothing moves.
    pub fn set_tab_shown(&self, shown: bool) {
        if self.0.tab_shown.replace(shown) != shown {
            self.0.frame_ms.set(None);
            Inner::beat(&self.0);
        }
    }

    /// Who draws what moves, from now on.
    pub fn set_paint(&self, paint: Option<Paint>) {
        *self.0.paint.borrow_mut() = paint;
        self.0.paint();
    }

    /// Who hears of changes, from now on.
    pub fn set_listener(&self, listener: Callback<Heard>) {
        *self.0.listener.borrow_mut() = listener;
    }
}

impl Inner {
    /// Arranges the next move, or none.
    fn beat(this: &Rc<Self>) {
        let seen = this.on_screen.get() && this.tab_shown.get();
        let speed = this.speed.get().filter(|_| seen);
        let weak = Rc::downgrade(this);
        let next = speed.map(|_| {
            if platform::prefers_still() {
                Beat::Step {
                    _held: Timeout::new(STILL_MS, move || Inner::on_step(&weak)),
                }
            } else {
                Beat::Frame {
                    _held: request_animation_frame(move |now_ms| Inner::on_frame(&weak, now_ms)),
                }
            }
        });
        *this.beat.borrow_mut() = next;
    }

    fn on_frame(weak: &Weak<Self>, now_ms: f64) {
        let Some(this) = weak.upgrade() else { return };
        let Some(speed) = this.speed.get() else {
            return;
        };
        let before_ms = this.frame_ms.replace(Some(now_ms));
        let passed_ms = before_ms.map_or(0.0, |before| (now_ms - before).clamp(0.0, FRAME_MS_MAX));
        let passed_us = this.rest_us.get() + passed_ms * speed.us_per_ms();
        this.rest_us.set(passed_us.fract());
        let to = this.reel.borrow().run.now().after_us(passed_us as u64);
        this.advance(to);
        if this.speed.get().is_some() {
            Inner::beat(&this);
        }
    }

    /// Motion is reduced: from one event to the next.
    fn on_step(weak: &Weak<Self>) {
        let Some(this) = weak.upgrade() else { return };
        let next = {
            let reel = this.reel.borrow();
            scene::next_event(reel.run.as_ref(), &reel.index, reel.run.now())
        };
        match next {
            Some(to) => this.advance(to),
            None => {
                let end = this.reel.borrow().run.scenario().limits.time;
                this.advance(end.after_us(1));
            }
        }
        if this.speed.get().is_some() {
            Inner::beat(&this);
        }
    }

    /// Plays up to `to`; stops where the first promise is broken, or the run ends.
    fn advance(&self, to: SimTime) {
        let stopped = {
            let mut reel = self.reel.borrow_mut();
            let from = reel.run.now();
            reel.seek(to);
            match first_violation(reel.run.as_ref()) {
                Some(at) if from < at && at <= reel.run.now() => {
                    reel.seek(at);
                    Some(Stopped::Violation)
                }
                _ => reel
                    .run
                    .ended()
                    .filter(|(_, at)| *at <= reel.run.now())
                    .map(|_| Stopped::End),
            }
        };
        match stopped {
            Some(why) => self.stop(why),
            None if platform::now_ms() - self.published_ms.get() >= PUBLISH_EVERY_MS => {
                self.publish()
            }
            None => self.paint(),
        }
    }

    fn stop(&self, why: Stopped) {
        self.speed.set(None);
        self.publish();
        let listener = self.listener.borrow().clone();
        listener.emit(Heard::Stopped(why));
    }

    fn publish(&self) {
        self.published_ms.set(platform::now_ms());
        self.version.set(self.version.get().wrapping_add(1));
        self.paint();
        let listener = self.listener.borrow().clone();
        listener.emit(Heard::Changed);
    }

    fn paint(&self) {
        if let Some(paint) = self.paint.borrow_mut().as_mut() {
            let reel = self.reel.borrow();
            paint(reel.run.as_ref(), &reel.index);
        }
    }
}

/// When the first promise is broken, as far as that is known.
pub fn first_violation(run: &dyn Run) -> Option<SimTime> {
    run.violations()
        .first()
        .map(|violation| run.records()[violation.at.index()].at)
}

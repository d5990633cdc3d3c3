//! The player: owns the run, outside the virtual DOM, and moves its cursor.
//!
//! `seek` is its only verb: playing, stepping, scrubbing and jumping are all seeks. While playing, it moves the cursor
//! at each turn, paints, and has the parts of the page that Yew renders drawn by turns. Where what moves can't go on by
//! itself until the next turn, the cursor moves with each frame. Paused, hidden or off the screen, nothing runs at all.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::{Rc, Weak};
use std::sync::Arc;

use gloo_timers::callback::Timeout;
use replication::engine::time::SimTime;
use replication::promise::{Promise, State};
use replication::run::{self, End, Run};
use replication::scenario::Scenario;
use scene::timeline::Marker;
use scene::{Course, Outcome, SceneIndex};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::Window;
use yew::Callback;

use crate::platform;
use crate::speed::Speed;
use crate::store::Stopped;
use crate::turns::{Drawer, Part, TURN_MS, Turns};

/// Between two moves there is no more than this: a longer break is not played.
const BREAK_MS: f64 = 250.0;
/// Whoever has moved the cursor may go on, as in scrubbing: what is read and not watched waits until they stay this long.
/// Longer than a slow machine takes for all of it at once, which else it would take each time.
const SETTLED_MS: u32 = 120;
/// How long a step stays on the screen where motion is reduced.
const STILL_MS: u32 = 900;
/// How long looking ahead may hold up the page.
const LOOK_AHEAD_MS: f64 = 60.0;
/// In how many pieces it is done.
const LOOK_AHEAD_PIECES: u64 = 64;

/// Draws what moves at the cursor; told how the cursor goes on, where it does.
pub type Paint = Box<dyn FnMut(&dyn Run, &SceneIndex, Option<Pace>) -> Again>;

/// How the cursor goes on by itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// When it is where it is, in milliseconds since 1970.
    pub since_ms: f64,
    /// Model microseconds that pass in one millisecond on the wall; 0 where somebody moves it by hand.
    pub us_per_ms: f64,
    /// Where it stops, unless it is told more before.
    pub until: SimTime,
}

impl Pace {
    /// None: the cursor stays there.
    pub fn at_rest(at: SimTime) -> Self {
        Pace {
            since_ms: 0.0,
            us_per_ms: 0.0,
            until: at,
        }
    }
}

/// When what moves has to be painted again while time runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Again {
    /// With the next frame.
    Frame,
    /// With the next turn: until then it moves by itself.
    Turn,
}

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

/// How many records are known, and whether that is all.
type Known = (usize, bool);

struct Inner {
    reel: RefCell<Reel>,
    /// Another run that is watched beside this one, on the same cursor.
    beside: RefCell<Option<Player>>,
    /// Where it parts from this one, by how much of both was known then.
    course: RefCell<Option<((Known, Known), Course)>>,
    paint: RefCell<Option<Paint>>,
    listener: RefCell<Callback<Heard>>,
    turns: Turns,
    drawing: RefCell<Option<Drawing>>,
    /// What the browser calls at the frame with which the turns are drawn.
    on_draw: OnceCell<Closure<dyn FnMut(f64)>>,
    speed: Cell<Option<Speed>>,
    again: Cell<Again>,
    until: Cell<Option<SimTime>>,
    on_screen: Cell<bool>,
    tab_shown: Cell<bool>,
    beat: RefCell<Option<Beat>>,
    /// What the browser calls at each frame.
    on_frame: OnceCell<Closure<dyn FnMut(f64)>>,
    frame_ms: Cell<Option<f64>>,
    /// Model time that has passed, but not yet a whole microsecond of it.
    rest_us: Cell<f64>,
    published_ms: Cell<f64>,
    version: Cell<u32>,
    /// The last version that is more than passed by.
    settled: Cell<u32>,
    settling: RefCell<Option<Timeout>>,
}

/// A run, and what the screen keeps ready about it.
struct Reel {
    run: Box<dyn Run>,
    index: SceneIndex,
    /// Which promises the run tests, by their place in [`Promise::ALL`], as far as it is known.
    tested: [bool; Promise::ALL.len()],
    /// What came of it, once somebody has asked.
    outcome: Option<Rc<Outcome>>,
    /// The markers of the time line, by how much of the run was known then.
    markers: RefCell<Option<(Known, Rc<[Marker]>)>>,
}

impl Reel {
    fn of(run: Box<dyn Run>) -> Self {
        let mut reel = Reel {
            run,
            index: SceneIndex::new(),
            tested: Default::default(),
            outcome: None,
            markers: RefCell::default(),
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
        self.note_tested();
    }

    /// Whether the cursor is where the run ends, and why it does.
    fn over(&self) -> Option<End> {
        let (why, at) = self.run.ended()?;
        (at <= self.run.now()).then_some(why)
    }

    /// What came of it; `None` where its end is not known yet.
    fn outcome(&mut self) -> Option<Rc<Outcome>> {
        self.run.ended()?;
        if self.outcome.is_none() {
            let back = self.run.now();
            self.run.seek(SimTime(u64::MAX));
            self.outcome = Some(Rc::new(Outcome::of_run(self.run.as_ref())));
            self.run.seek(back);
        }
        self.outcome.clone()
    }

    fn known(&self) -> Known {
        (self.run.records().len(), self.run.ended().is_some())
    }

    fn markers(&self) -> Rc<[Marker]> {
        let known = self.known();
        let mut kept = self.markers.borrow_mut();
        match &*kept {
            Some((of, markers)) if *of == known => markers.clone(),
            _ => {
                let found: Rc<[Marker]> = scene::markers(self.run.as_ref(), &self.index).into();
                *kept = Some((known, found.clone()));
                found
            }
        }
    }

    fn note_tested(&mut self) {
        for (tested, promise) in self.tested.iter_mut().zip(Promise::ALL) {
            *tested |= self.run.verdict(promise).state != State::Unknown;
        }
    }

    /// Runs to the end and comes back, so that the scrubber knows how long the run is and where promises
    /// will be broken. A long run is looked into as far as the time allows.
    fn look_ahead(&mut self) {
        let back = self.run.now();
        let piece_us = self.run.scenario().limits.time.0 / LOOK_AHEAD_PIECES + 1;
        let until_ms = platform::now_ms() + LOOK_AHEAD_MS;
        // Up to here it is known: a checkpoint is near.
        if let Some(last) = self.run.records().last().map(|record| record.at) {
            self.run.seek(last.max(back));
        }
        // The last piece reaches past the limit, which is what ends a run.
        while self.run.ended().is_none() && platform::now_ms() < until_ms {
            self.run.seek(self.run.now().after_us(piece_us));
        }
        self.note_tested();
        self.seek(back);
    }
}

/// What makes the next move; dropped, it never comes.
enum Beat {
    Frame { _held: Frame },
    Wait { _held: Timeout },
}

/// What is drawn with the next frame; dropped, it never is.
enum Drawing {
    Asked {
        _held: Frame,
    },
    /// The frame is being made, and how long it takes is to be seen.
    Timed {
        _held: Timeout,
    },
}

/// A frame that was asked for; dropped, it never comes.
struct Frame {
    window: Window,
    number: i32,
}

impl Frame {
    fn ask(on_frame: &Closure<dyn FnMut(f64)>) -> Option<Self> {
        let window = web_sys::window()?;
        let number = window.request_animation_frame(on_frame.as_ref().unchecked_ref());
        let number = number.ok()?;
        Some(Frame { window, number })
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        let _ = self.window.cancel_animation_frame(self.number);
    }
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
            beside: RefCell::default(),
            course: RefCell::default(),
            paint: RefCell::default(),
            listener: RefCell::new(Callback::noop()),
            turns: Turns::default(),
            drawing: RefCell::default(),
            speed: Cell::new(None),
            again: Cell::new(Again::Frame),
            until: Cell::new(None),
            on_screen: Cell::new(true),
            tab_shown: Cell::new(true),
            beat: RefCell::default(),
            on_frame: OnceCell::new(),
            on_draw: OnceCell::new(),
            frame_ms: Cell::new(None),
            rest_us: Cell::new(0.0),
            published_ms: Cell::new(0.0),
            version: Cell::new(0),
            settled: Cell::new(0),
            settling: RefCell::default(),
        }))
    }

    /// Looks at the run.
    pub fn with<T>(&self, look: impl FnOnce(&dyn Run, &SceneIndex) -> T) -> T {
        let reel = self.0.reel.borrow();
        look(reel.run.as_ref(), &reel.index)
    }

    /// Whether the run tests a promise at any moment that is known of it.
    pub fn tests(&self, promise: Promise) -> bool {
        let mut tested = Promise::ALL.into_iter().zip(self.0.reel.borrow().tested);
        tested.any(|(other, tested)| other == promise && tested)
    }

    /// The cursor. Of two runs one may be over before the other: it stays where it ended.
    pub fn now(&self) -> SimTime {
        self.0.now()
    }

    /// Why nothing is left to play, where the cursor is at the end.
    pub fn over(&self) -> Option<End> {
        let own = self.0.reel.borrow().over()?;
        match self.beside() {
            Some(beside) => beside.over(),
            None => Some(own),
        }
    }

    /// The markers of the time line: the same ones as long as nothing more is known of the run.
    pub fn markers(&self) -> Rc<[Marker]> {
        self.0.reel.borrow().markers()
    }

    /// The next moment at which something worth telling happens, here or beside, as far as that is known.
    pub fn next_event(&self, from: SimTime) -> Option<SimTime> {
        let own = self.with(|run, index| scene::next_event(run, index, from));
        let other = self.beside().and_then(|beside| beside.next_event(from));
        own.into_iter().chain(other).min()
    }

    /// The last such moment before.
    pub fn previous_event(&self, from: SimTime) -> Option<SimTime> {
        let own = self.with(|run, index| scene::previous_event(run, index, from));
        let other = self.beside().and_then(|beside| beside.previous_event(from));
        own.into_iter().chain(other).max()
    }

    /// The run that is watched beside this one.
    pub fn beside(&self) -> Option<Player> {
        self.0.beside.borrow().clone()
    }

    /// From now on this run is watched beside, on the same cursor; or none.
    pub fn set_beside(&self, beside: Option<Player>) {
        *self.0.beside.borrow_mut() = beside;
        *self.0.course.borrow_mut() = None;
        self.0.follow(self.now());
        self.0.publish();
    }

    /// Where the run beside parts from this one; `None` where there is none.
    pub fn course(&self) -> Option<Course> {
        let beside = self.beside()?;
        let (one, other) = (self.0.reel.borrow(), beside.0.reel.borrow());
        let known = (one.known(), other.known());
        let mut course = self.0.course.borrow_mut();
        if course.as_ref().is_none_or(|(of, _)| *of != known) {
            let found = scene::course(
                (one.run.as_ref(), &one.index),
                (other.run.as_ref(), &other.index),
            );
            *course = Some((known, found));
        }
        course.as_ref().map(|(_, course)| course.clone())
    }

    /// When the run beside parts from this one, where it does.
    pub fn parting(&self) -> Option<SimTime> {
        match self.course()? {
            Course::Parted { at_us, .. } => Some(SimTime(at_us)),
            _ => None,
        }
    }

    /// What came of the run; `None` where its end is not known yet.
    pub fn outcome(&self) -> Option<Rc<Outcome>> {
        self.0.reel.borrow_mut().outcome()
    }

    /// Looks further ahead for a moment, where the end is not known yet.
    pub fn look_ahead(&self) {
        self.0.reel.borrow_mut().look_ahead();
    }

    /// Counts the changes that the page, or a part of it, was told of.
    pub fn version(&self) -> u32 {
        self.0.version.get()
    }

    /// Moves the cursor to where it has come by itself since it was moved last: who stops time stops what is seen.
    pub fn catch_up(&self) {
        let runs = self.0.speed.get().is_some();
        let Some(since_ms) = self.0.frame_ms.get().filter(|_| runs) else {
            return;
        };
        let (now_ms, pace) = (platform::now_ms(), self.0.pace());
        let passed_us = (now_ms - since_ms).max(0.0) * pace.us_per_ms;
        let to = self.now().after_us(passed_us as u64);
        // Not quite to where time stops by itself: there it has more to tell.
        let last = SimTime(pace.until.0.saturating_sub(1)).max(self.now());
        let to = to.min(last);
        self.0.frame_ms.set(Some(now_ms));
        self.0.reel.borrow_mut().seek(to);
        self.0.follow(to);
        self.0.count();
        self.0.settle();
    }

    /// Moves the cursor.
    pub fn seek(&self, to: SimTime) {
        self.0.put_down();
        self.0.reel.borrow_mut().seek(to);
        self.0.follow(to);
        let weak = Rc::downgrade(&self.0);
        let settling = Timeout::new(SETTLED_MS, move || {
            if let Some(this) = weak.upgrade() {
                this.publish();
            }
        });
        *self.0.settling.borrow_mut() = Some(settling);
        self.0.pass_by();
    }

    /// Another run takes the place of this one, with the cursor at `at`.
    pub fn replace(&self, scenario: Arc<Scenario>, seed: u64, at: SimTime) {
        self.0.put_down();
        *self.0.reel.borrow_mut() = Reel::opened(scenario, seed, at);
        *self.0.course.borrow_mut() = None;
        self.0.follow(at);
        self.0.publish();
    }

    /// From the cursor on, what this scenario says; then goes to `at`.
    pub fn fork(&self, scenario: Arc<Scenario>, at: SimTime) {
        self.0.put_down();
        let mut forked = self.with(|run, _| run.fork(scenario));
        forked.seek(at);
        *self.0.reel.borrow_mut() = Reel::of(forked);
        *self.0.course.borrow_mut() = None;
        self.0.follow(at);
        self.0.publish();
    }

    /// Lets time run at a speed, up to a moment or on and on; or stops it.
    pub fn pace(&self, speed: Option<Speed>, until: Option<SimTime>) {
        self.0.speed.set(speed);
        self.0.until.set(until);
        self.0.put_down();
        Inner::beat(&self.0);
        match speed {
            Some(_) if self.0.again.get() == Again::Turn => self.0.paint(Some(self.0.pace())),
            Some(_) => {}
            None => self.0.paint(None),
        }
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

    /// The last of them that is more than a moment passed by in scrubbing.
    pub fn settled(&self) -> u32 {
        self.0.settled.get()
    }

    /// Who draws what moves, from now on.
    pub fn set_paint(&self, paint: Option<Paint>) {
        *self.0.paint.borrow_mut() = paint;
        self.0.paint(None);
    }

    /// Calls back whenever a part has its turn, until what this gives is dropped.
    pub fn on_turn(&self, part: Part, draw: Callback<()>) -> Rc<Drawer> {
        self.0.turns.on(part, draw)
    }

    /// Who hears of changes that the whole page is to show, from now on.
    pub fn set_listener(&self, listener: Callback<Heard>) {
        *self.0.listener.borrow_mut() = listener;
    }
}

impl Inner {
    /// The cursor is put somewhere now: from there time goes on, where it runs.
    fn put_down(&self) {
        self.rest_us.set(0.0);
        let runs = self.speed.get();
        self.frame_ms.set(runs.map(|_| platform::now_ms()));
    }

    /// Arranges the next move, or none.
    fn beat(this: &Rc<Self>) {
        let seen = this.on_screen.get() && this.tab_shown.get();
        let speed = this.speed.get().filter(|_| seen);
        let weak = Rc::downgrade(this);
        let next = speed.and_then(|_| {
            if platform::prefers_still() {
                return Some(Beat::Wait {
                    _held: Timeout::new(STILL_MS, move || Inner::on_step(&weak)),
                });
            }
            if this.again.get() == Again::Turn {
                let on_turn = move || Inner::on_frame(&weak, platform::now_ms());
                return Some(Beat::Wait {
                    _held: Timeout::new(this.wait_ms(), on_turn),
                });
            }
            let on_frame = this
                .on_frame
                .get_or_init(|| Closure::new(move |now_ms| Inner::on_frame(&weak, now_ms)));
            Some(Beat::Frame {
                _held: Frame::ask(on_frame)?,
            })
        });
        *this.beat.borrow_mut() = next;
    }

    fn on_frame(weak: &Weak<Self>, now_ms: f64) {
        let Some(this) = weak.upgrade() else { return };
        let Some(speed) = this.speed.get() else {
            return;
        };
        let before_ms = this.frame_ms.replace(Some(now_ms));
        let passed_ms = before_ms.map_or(0.0, |before| (now_ms - before).clamp(0.0, BREAK_MS));
        let passed_us = this.rest_us.get() + passed_ms * speed.us_per_ms();
        this.rest_us.set(passed_us.fract());
        let to = this.now().after_us(passed_us as u64);
        if this.advance(to) {
            Inner::paint_and_draw(&this);
        }
        if this.speed.get().is_some() {
            Inner::beat(&this);
        }
    }

    /// Motion is reduced: from one event to the next.
    fn on_step(weak: &Weak<Self>) {
        let Some(this) = weak.upgrade() else { return };
        let player = Player(this.clone());
        let end = || this.reel.borrow().run.scenario().limits.time.after_us(1);
        let to = player.next_event(player.now()).unwrap_or_else(end);
        if this.advance(to) {
            this.publish();
        }
        if this.speed.get().is_some() {
            Inner::beat(&this);
        }
    }

    /// Plays up to `to`, and says whether it goes on from there; stops where a promise is broken for the first time, where
    /// it was to stop, or the run ends.
    fn advance(&self, to: SimTime) -> bool {
        let from = self.now();
        let until = self.until.get();
        let to = until.map_or(to, |until| to.min(until));
        self.reel.borrow_mut().seek(to);
        self.follow(to);
        let beside = self.beside.borrow().clone();
        let broken = |of: &Inner| {
            let reel = of.reel.borrow();
            let at = next_break(reel.run.as_ref(), from)?;
            (at <= reel.run.now()).then_some(at)
        };
        let other = beside.as_ref().and_then(|beside| broken(&beside.0));
        let first = broken(self).into_iter().chain(other).min();
        let stopped = match first {
            Some(at) => {
                self.reel.borrow_mut().seek(at);
                self.follow(at);
                Some(Stopped::Violation)
            }
            None => {
                let own = self.reel.borrow().over().is_some();
                let both = own && beside.is_none_or(|beside| beside.over().is_some());
                let there = until.is_some_and(|until| until <= to);
                match both {
                    true => Some(Stopped::End),
                    false => there.then_some(Stopped::There),
                }
            }
        };
        if let Some(why) = stopped {
            self.stop(why);
        }
        stopped.is_none()
    }

    /// How time goes on from the cursor: up to where it is to stop or a promise breaks, as far as that is known.
    fn pace(&self) -> Pace {
        let us_per_ms = self.speed.get().map_or(0.0, Speed::us_per_ms);
        let now = self.now();
        let first = |of: &Inner| next_break(of.reel.borrow().run.as_ref(), now);
        let beside = self.beside.borrow();
        let stops = [
            self.until.get(),
            first(self),
            beside.as_ref().and_then(|beside| first(&beside.0)),
        ];
        let ahead = stops.into_iter().flatten().filter(|at| *at > now);
        let at_most = now.after_us((BREAK_MS * us_per_ms) as u64);
        Pace {
            since_ms: platform::since_1970_ms(self.frame_ms.get().unwrap_or_else(platform::now_ms)),
            us_per_ms,
            until: ahead.fold(at_most, SimTime::min),
        }
    }

    /// How long until the next turn, or until time is to stop.
    fn wait_ms(&self) -> u32 {
        let turn_ms = self.published_ms.get() + TURN_MS - platform::now_ms();
        let pace = self.pace();
        let stop_ms = (pace.until.0 - self.now().0) as f64 / pace.us_per_ms;
        turn_ms.min(stop_ms).clamp(0.0, TURN_MS).ceil() as u32
    }

    /// Paints, and has drawn with the next frame what has its turn, where it is time.
    fn paint_and_draw(this: &Rc<Self>) {
        this.paint(Some(this.pace()));
        let now_ms = platform::now_ms();
        let due_ms = this.published_ms.get() + TURN_MS;
        if now_ms < due_ms {
            return;
        }
        this.count();
        this.settle();
        // A turn that came late is followed by one that comes sooner.
        this.published_ms.set(due_ms.max(now_ms - TURN_MS));
        let is_asked = matches!(&*this.drawing.borrow(), Some(Drawing::Asked { .. }));
        let on_the_wire = this.reel.borrow().run.in_flight().len();
        if this.turns.pass(on_the_wire) && !is_asked {
            let weak = Rc::downgrade(this);
            let on_draw = this
                .on_draw
                .get_or_init(|| Closure::new(move |_| Inner::on_draw(&weak)));
            let asked = Frame::ask(on_draw).map(|frame| Drawing::Asked { _held: frame });
            *this.drawing.borrow_mut() = asked;
        }
    }

    /// Has drawn what has its turn, here and beside, and finds out how long that takes.
    fn on_draw(weak: &Weak<Self>) {
        let Some(this) = weak.upgrade() else { return };
        let from_ms = platform::now_ms();
        let turns = this.turns.take();
        this.turns.draw(&turns);
        if let Some(beside) = this.beside.borrow().as_ref() {
            beside.0.turns.draw(&turns);
        }
        // What Yew draws, and what the browser makes of it, is done before anything else is.
        let weak = weak.clone();
        let timed = Timeout::new(0, move || {
            if let Some(this) = weak.upgrade() {
                this.turns.note(platform::now_ms() - from_ms);
            }
        });
        *this.drawing.borrow_mut() = Some(Drawing::Timed { _held: timed });
    }

    fn stop(&self, why: Stopped) {
        self.speed.set(None);
        self.publish();
        let listener = self.listener.borrow().clone();
        listener.emit(Heard::Stopped(why));
    }

    fn now(&self) -> SimTime {
        let own = self.reel.borrow().run.now();
        let beside = self.beside.borrow();
        let other = beside.as_ref().map(Player::now);
        other.map_or(own, |other| own.max(other))
    }

    /// Takes the run beside along.
    fn follow(&self, to: SimTime) {
        if let Some(beside) = self.beside.borrow().as_ref() {
            beside.0.reel.borrow_mut().seek(to);
        }
    }

    fn publish(&self) {
        *self.drawing.borrow_mut() = None;
        self.count();
        self.settle();
        self.show(false);
    }

    /// Shows where the cursor is, and lets what takes longer to draw wait.
    fn pass_by(&self) {
        self.count();
        self.show(true);
    }

    fn count(&self) {
        self.version.set(self.version.get().wrapping_add(1));
        if let Some(beside) = self.beside.borrow().as_ref() {
            beside.0.count();
        }
    }

    fn settle(&self) {
        *self.settling.borrow_mut() = None;
        self.settled.set(self.version.get());
        if let Some(beside) = self.beside.borrow().as_ref() {
            beside.0.settle();
        }
    }

    /// Shows where the cursor is; `moves` says whether it will soon be elsewhere.
    fn show(&self, moves: bool) {
        self.published_ms.set(platform::now_ms());
        self.paint(moves.then(|| self.pace()));
        let listener = self.listener.borrow().clone();
        listener.emit(Heard::Changed);
        let beside = self.beside.borrow().clone();
        if let Some(beside) = beside {
            beside.0.show(moves);
        }
    }

    fn paint(&self, pace: Option<Pace>) {
        let mut again = Again::Turn;
        if let Some(paint) = self.paint.borrow_mut().as_mut() {
            let reel = self.reel.borrow();
            again = paint(reel.run.as_ref(), &reel.index, pace);
        }
        if let Some(beside) = self.beside.borrow().as_ref() {
            beside.0.paint(pace);
            again = again.min(beside.0.again.get());
        }
        self.again.set(again);
    }
}

/// When next after a moment a promise is broken that was kept until then, as far as that is known.
fn next_break(run: &dyn Run, after: SimTime) -> Option<SimTime> {
    let mut breaks =
        scene::first_breaks(run).map(|violation| run.records()[violation.at.index()].at);
    breaks.find(|at| *at > after)
}

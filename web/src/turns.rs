//! Turns: which part of the page is drawn when, while time runs.
//!
//! Not all parts are drawn at each turn. Where drawing is dear all the same, as on a slow machine, or where more is on the
//! wire than anyone can follow, several turns are drawn together: what stands changes less often then, and whoever taps or
//! types has the page's thread in between. What moves does not wait for it: a worker draws that.

use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::rc::{Rc, Weak};

use yew::Callback;

/// From one turn to the next: nine frames of most screens, in milliseconds.
pub const TURN_MS: f64 = 150.0;
/// How much of the time the page's thread may draw.
const SHARE: f64 = 0.1;
/// So many turns are drawn together at most: fewer than three frames a second are dear then, one of twenty that most
/// screens show.
const TOGETHER_MAX: u32 = 3;
/// More messages at once are a crowd: one watches the stream, and no single one of them come in.
const CROWD: usize = 64;
/// How much the newest time says of what drawing takes.
const NEWEST: f64 = 0.25;

/// The parts of the page that show the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The stage.
    Stage,
    /// The player below it.
    Player,
    /// The diagram.
    Diagram,
    /// What people see, and what else is read and not watched: less often, since nobody can read as fast as the stage is
    /// drawn. Where a promise breaks time stops, and everything is drawn at once.
    Read,
    /// How the promises stand.
    Promises,
    /// What was measured.
    Measured,
    /// The sentence above the stage.
    Said,
    /// What is told to those who listen. Like what is read it waits for whoever scrubs to stay.
    Told,
}

impl Part {
    /// Whether a turn is this part's: one in so many, beginning with which. What is watched has them all; what is read is
    /// drawn with it, but not all of that at once.
    fn has(self, turn: u32) -> bool {
        let (every, first) = match self {
            Part::Stage | Part::Player | Part::Diagram => (1, 0),
            Part::Said => (2, 0),
            Part::Read => (2, 1),
            // The one says what is at risk, and the other how much.
            Part::Promises | Part::Measured => (8, 1),
            Part::Told => (8, 5),
        };
        turn % every == first
    }
}

/// Who draws a part of the page when it has its turn.
pub struct Drawer {
    part: Part,
    draw: Callback<()>,
}

impl Drawer {
    fn has(&self, turns: &Range<u32>) -> bool {
        turns.clone().any(|turn| self.part.has(turn))
    }
}

/// The turns of one page.
#[derive(Default)]
pub struct Turns {
    drawers: RefCell<Vec<Weak<Drawer>>>,
    /// How many there were, and how many of them were drawn.
    passed: Cell<u32>,
    drawn: Cell<u32>,
    /// How long drawing takes of late, in milliseconds.
    takes_ms: Cell<f64>,
}

impl Turns {
    /// Calls back whenever a part has its turn, until what this gives is dropped.
    pub fn on(&self, part: Part, draw: Callback<()>) -> Rc<Drawer> {
        let drawer = Rc::new(Drawer { part, draw });
        let mut drawers = self.drawers.borrow_mut();
        drawers.retain(|drawer| drawer.strong_count() > 0);
        drawers.push(Rc::downgrade(&drawer));
        drawer
    }

    /// The next turn has come, with so many messages on the wire. Says whether it is time to draw.
    pub fn pass(&self, on_the_wire: usize) -> bool {
        self.passed.set(self.passed.get() + 1);
        self.waiting().len() as u32 >= self.together(on_the_wire)
    }

    fn together(&self, on_the_wire: usize) -> u32 {
        let affordable = (self.takes_ms.get() / (SHARE * TURN_MS)).ceil();
        match on_the_wire > CROWD {
            true => TOGETHER_MAX,
            false => (affordable as u32).clamp(1, TOGETHER_MAX),
        }
    }

    /// The turns that have come and are not drawn; whoever takes them draws them.
    pub fn take(&self) -> Range<u32> {
        let waiting = self.waiting();
        self.drawn.set(waiting.end);
        waiting
    }

    fn waiting(&self) -> Range<u32> {
        self.drawn.get()..self.passed.get()
    }

    /// Has drawn whatever has one of these turns.
    pub fn draw(&self, turns: &Range<u32>) {
        let drawers = self.drawers.borrow().clone();
        for drawer in drawers.iter().filter_map(Weak::upgrade) {
            if drawer.has(turns) {
                drawer.draw.emit(());
            }
        }
    }

    /// So long the page's thread has taken to draw, in milliseconds.
    pub fn note(&self, took_ms: f64) {
        let before_ms = self.takes_ms.get();
        self.takes_ms
            .set(before_ms + NEWEST * (took_ms - before_ms));
    }
}

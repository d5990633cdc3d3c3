//! The space-time diagram: a lane for each place, time to the right, messages slanted between lanes.
//!
//! An [`Axis`] says which stretch is seen and where in it a moment stands. What can be pointed at is a
//! [`Thing`]: it can be found under a pointer, told in words, and [`light`] says what belongs to it.

use replication::ids::{Place, WriteId};
use replication::promise::{Promise, Violation};
use replication::run::Run;
use replication::trace::Seq;

use crate::geometry::{Point, Rect};
use crate::index::SceneIndex;
use crate::moment::{Focus, Moment};
use crate::tone::{Hue, Tone};

mod axis;
mod bands;
mod brackets;
mod light;
mod lines;
mod plan;
mod things;

pub use axis::{Axis, Fold, Window, around_cursor, busy, run_us};
pub use light::{Light, light};
pub use lines::{LINES_MAX, NUMBER_SIZE};
pub use plan::NAME_SIZE;
pub use things::{THINGS_MAX, Thing, What, all_told, told};

/// A space-time diagram.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diagram {
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
    /// Where time begins and ends, to the right of the names.
    pub plot: Rect,
    /// A lane for each client, then for each replica.
    pub lanes: Vec<Lane>,
    /// Times along the bottom: where, and "1.5 s".
    pub ticks: Vec<(f64, String)>,
    /// Where time is folded.
    pub breaks: Vec<Break>,
    /// Messages.
    pub lines: Vec<Slant>,
    /// What happened at a place.
    pub dots: Vec<Dot>,
    /// While a place was not as usual: over its lane; while the network was not: over all lanes.
    pub bands: Vec<Band>,
    /// Who led when.
    pub reigns: Vec<Reign>,
    /// Broken promises.
    pub brackets: Vec<Bracket>,
    /// Where the cursor is; outside the plot where the window does not hold it.
    pub cursor_x: f64,
    /// The cursor, in microseconds.
    pub now_us: u64,
}

impl Diagram {
    /// Whether it shows the same, wherever the cursor is.
    pub fn is_same_at_another_cursor(&self, other: &Diagram) -> bool {
        let Diagram {
            width,
            height,
            plot,
            lanes,
            ticks,
            breaks,
            lines,
            dots,
            bands,
            reigns,
            brackets,
            cursor_x: _,
            now_us: _,
        } = other;
        (self.width, self.height, self.plot) == (*width, *height, *plot)
            && self.lines == *lines
            && self.dots == *dots
            && (&self.lanes, &self.ticks, &self.breaks) == (lanes, ticks, breaks)
            && (&self.bands, &self.reigns, &self.brackets) == (bands, reigns, brackets)
    }
}

/// A place's lane.
#[derive(Clone, Debug, PartialEq)]
pub struct Lane {
    /// Whose.
    pub place: Place,
    /// Its name.
    pub name: String,
    /// Where.
    pub y: f64,
}

/// A folded stretch of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Break {
    /// Where it is, over all lanes.
    pub rect: Rect,
    /// "2.3 s of quiet"; empty where there is no room for it.
    pub text: String,
}

/// A message, as a slanted line.
#[derive(Clone, Debug, PartialEq)]
pub struct Slant {
    /// The record of its sending: its key.
    pub seq: Seq,
    /// When it left, and when it arrived or was lost.
    pub during: Window,
    /// Where and when it left.
    pub from: Point,
    /// Where and when it arrived or was lost.
    pub to: Point,
    /// The write that it carries.
    pub write: Option<WriteId>,
    /// That write's colour.
    pub hue: Option<Hue>,
    /// That write's number, where it leaves its client: where it ends, and what it says.
    pub label: Option<(Point, String)>,
    /// Its colour where it carries no write.
    pub tone: Tone,
    /// A reply: drawn thinner.
    pub reply: bool,
    /// Lost: ends with a cross.
    pub lost: bool,
    /// Part of the violation in focus.
    pub bad: bool,
}

/// Something that happened at a place.
#[derive(Clone, Debug, PartialEq)]
pub struct Dot {
    /// The record: its key.
    pub seq: Seq,
    /// When.
    pub at_us: u64,
    /// Where.
    pub at: Point,
    /// What.
    pub tone: Tone,
    /// Its radius.
    pub radius: f64,
}

/// While a place, or the network, was not as usual.
#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    /// The record that began it; `None` for what was so from the start.
    pub seq: Option<Seq>,
    /// When it began.
    pub at_us: u64,
    /// What is the matter.
    pub plight: Plight,
    /// Where it is.
    pub rect: Rect,
    /// Where its label begins, and what it says; empty where there is no room for it.
    pub label: (Point, String),
}

/// What can be the matter for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plight {
    /// A replica does not run.
    Down,
    /// A replica does nothing.
    Paused,
    /// A place is cut off from others; only the smaller side is marked.
    CutOff,
    /// Messages to and from it take longer; likewise.
    Slow,
    /// Its clock is off.
    Skewed,
    /// Messages are lost everywhere.
    Lossy,
}

impl Plight {
    /// Its name in style sheets: the class is this and `-band`.
    pub fn name(self) -> &'static str {
        match self {
            Plight::Down => "down",
            Plight::Paused => "paused",
            Plight::CutOff => "cut",
            Plight::Slow => "slow",
            Plight::Skewed => "skewed",
            Plight::Lossy => "lossy",
        }
    }
}

/// While a replica leads, or believes so.
#[derive(Clone, Debug, PartialEq)]
pub struct Reign {
    /// The record of its promotion: its key.
    pub seq: Seq,
    /// Its lane.
    pub y: f64,
    /// Where it begins.
    pub from_x: f64,
    /// Where it ends.
    pub to_x: f64,
    /// "epoch 2"; empty where there is no room for it.
    pub label: String,
}

/// A broken promise, over the lanes.
#[derive(Clone, Debug, PartialEq)]
pub struct Bracket {
    /// Which of the run's violations.
    pub number: usize,
    /// The record from which on it exists.
    pub seq: Seq,
    /// When that is.
    pub at_us: u64,
    /// Which promise.
    pub promise: Promise,
    /// Where its evidence begins.
    pub from_x: f64,
    /// Where it is complete.
    pub to_x: f64,
    /// How high the bracket stands.
    pub y: f64,
    /// What holds its label.
    pub chip: Rect,
    /// Its label.
    pub text: String,
}

/// The diagram of an axis, of everything known: what lies after the cursor, too, where it has been seen
/// already.
pub fn space_time(
    run: &dyn Run,
    index: &SceneIndex,
    (width, height): (f64, f64),
    axis: &Axis,
    focus: Option<&Violation>,
) -> Diagram {
    let now = Moment::of(run, index);
    let focus = Focus::on(run, focus);
    let plan = plan::Plan::of(&now, width, height, axis);
    Diagram {
        width,
        height,
        plot: plan.plot,
        lanes: plan.lanes.clone(),
        ticks: plan.ticks(),
        breaks: plan.breaks(),
        lines: lines::lines(&now, &plan, &focus),
        dots: lines::dots(&now, &plan, &focus),
        bands: bands::bands(&now, &plan),
        reigns: bands::reigns(&now, &plan),
        brackets: brackets::brackets(run, &plan),
        cursor_x: plan.x(now.now_us),
        now_us: now.now_us,
    }
}

//! What moves: chips and crosses, outside the virtual DOM.
//!
//! Yew draws what stands. What moves is where the scene computes that it is. At rest it is SVG, as
//! all the rest: crisp at any size, and there for whoever wants to read it. While time runs a worker draws it on a
//! canvas: it is told at each turn how everything goes on, and moves it by itself until the next, which costs the page's
//! thread next to nothing however much there is. Where there can be no worker, SVG moves, each frame.

mod canvas;
mod svg;

use std::rc::Rc;

use replication::ordered::{Ordered, sort_by_key};
use replication::promise::Violation;
use replication::run::Run;
use replication::trace::Seq;
use scene::flights::FLIGHTS_MAX;
use scene::geometry::Point;
use scene::{Flight, Mark, SceneIndex, Soon, Stage};
use web_sys::{HtmlCanvasElement, SvggElement};

use crate::player::{Again, Pace};
use canvas::Canvas;
pub use canvas::Surroundings;
use svg::{Drawn, Layer};

/// How far along its way a chip stands where motion is reduced.
const STILL_AT: f64 = 0.5;
/// How far beside a chip a tap still means it, in pixels.
const TAP: f64 = 8.0;
/// For so many frames SVG goes on moving once the canvas is drawn on: that is seen a little later.
const OVERLAP: u32 = 4;

/// Draws the messages of one stage.
pub struct Painter {
    layer: Layer,
    canvas: Canvas,
    chips: Ordered<Seq, Chip>,
    /// Those that will be sent before the next turn: the canvas knows of them.
    coming: Ordered<Seq, Chip>,
    crosses: Ordered<Seq, Drawn>,
    /// How often somebody had done something to a message when all were drawn last.
    disturbed: usize,
    /// How the cursor moves, where it does.
    pace: Option<Pace>,
    /// How many frames the canvas has drawn since it began to.
    drawn: u32,
    /// The stage's places: they stand still, so an old stage gives them as well as a new one.
    pub stage: Rc<Stage>,
    /// What the canvas is drawn for.
    pub around: Surroundings,
    /// The violation that is lit.
    pub focus: Option<Violation>,
    /// Whether chips stand in the middle of their way instead of moving along it.
    pub still: bool,
}

/// One message on the stage.
struct Chip {
    flight: Flight,
    place: Point,
    /// As SVG, where it is.
    drawn: Option<Drawn>,
    /// The canvas's number for what it looks like, once it is known.
    look: Option<canvas::Look>,
}

impl Chip {
    fn of(flight: Flight) -> Self {
        Chip {
            flight,
            place: Point::default(),
            drawn: None,
            look: None,
        }
    }
}

impl Painter {
    /// A painter of an empty layer, and of a canvas over it.
    pub fn new(layer: SvggElement, canvas: HtmlCanvasElement) -> Option<Self> {
        Some(Painter {
            layer: Layer::new(layer)?,
            canvas: Canvas::new(canvas),
            chips: Ordered::default(),
            coming: Ordered::default(),
            crosses: Ordered::default(),
            disturbed: 0,
            pace: None,
            drawn: 0,
            stage: Rc::default(),
            around: Surroundings::default(),
            focus: None,
            still: false,
        })
    }

    /// Draws what is on the wire at the run's cursor, on this stage and with this violation lit.
    pub fn repaint(&mut self, run: &dyn Run, index: &SceneIndex) {
        self.canvas.put_into(self.around);
        self.disturbed = index.disturbed();
        let flights = scene::flights(run, index, &self.stage, self.focus.as_ref());
        let mut here: Vec<Seq> = flights.iter().map(|flight| flight.seq).collect();
        sort_by_key(&mut here, |seq| (0, seq.0.into()));
        self.keep(&here);
        self.take(flights);
        self.coming = Ordered::default();
        self.put(run, index);
    }

    /// The same, where the stage stands as it stood: what is on its way keeps that, unless somebody holds it up, and
    /// only what was sent since is new. `pace` says how the cursor goes on; what is returned, when this has to be
    /// called again where it does.
    pub fn paint(&mut self, run: &dyn Run, index: &SceneIndex, pace: Option<Pace>) -> Again {
        self.pace = pace;
        let here = run.in_flight();
        if here.len() > FLIGHTS_MAX || self.disturbed != index.disturbed() {
            self.repaint(run, index);
        } else {
            self.go_on(run, index, here);
        }
        match self.drawn > OVERLAP {
            true => Again::Turn,
            false => Again::Frame,
        }
    }

    fn go_on(&mut self, run: &dyn Run, index: &SceneIndex, here: Vec<Seq>) {
        self.keep(&here);
        let mut sent = here;
        sent.retain(|seq| !self.chips.contains(*seq));
        let sent = move_over(sent, &mut self.coming, &mut self.chips);
        if !sent.is_empty() {
            let focus = self.focus.as_ref();
            self.take(scene::flights_of(run, index, &sent, &self.stage, focus));
        }
        self.put(run, index);
    }

    /// The message whose chip is at a point of the stage, or so near that one who taps means it.
    pub fn at(&self, point: Point) -> Option<Seq> {
        let reached = self.chips.iter().filter_map(|(seq, chip)| {
            let (flight, place) = (&chip.flight, chip.place);
            let away = (point.x - place.x, point.y - place.y);
            let within = |away: f64, half: f64| away.abs() <= half + TAP;
            let hit = within(away.0, flight.half_width) && within(away.1, flight.half_height);
            hit.then_some((seq, away.0.hypot(away.1)))
        });
        let nearest = reached.min_by(|(_, one), (_, other)| one.total_cmp(other));
        nearest.map(|(seq, _)| seq)
    }

    /// Takes away all chips but these, which are in order.
    fn keep(&mut self, here: &[Seq]) {
        let chips = self.chips.iter().map(|(seq, _)| seq);
        let gone: Vec<Seq> = chips
            .filter(|seq| here.binary_search(seq).is_err())
            .collect();
        for seq in gone {
            self.take_away(seq);
        }
    }

    /// Takes these up, where they are not there already and the same.
    fn take(&mut self, flights: Vec<Flight>) {
        for flight in flights {
            let seq = flight.seq;
            let chip = self.chips.get(seq);
            if chip.is_none_or(|chip| chip.flight != flight) {
                self.take_away(seq);
                self.chips.insert(seq, Chip::of(flight));
            }
        }
    }

    /// Draws everything where it is at the cursor.
    fn put(&mut self, run: &dyn Run, index: &SceneIndex) {
        let marks = scene::marks(run, index, &self.stage);
        let now_us = run.now().0 as f64;
        for chip in self.chips.values_mut() {
            chip.place = match self.still {
                true => chip.flight.curve.at(STILL_AT),
                false => scene::position(&chip.flight, now_us),
            };
        }
        let moves = self.pace.filter(|_| !self.still && self.canvas.is_ready());
        match moves {
            Some(pace) => {
                self.put_on_canvas(run, index, pace);
                let drawn = u32::from(self.canvas.is_drawn());
                self.drawn = self.drawn.saturating_add(drawn);
            }
            None => {
                self.drawn = 0;
                if !self.canvas.is_clear() {
                    self.put_on_canvas(run, index, Pace::at_rest(run.now()));
                    self.canvas.clear_soon();
                }
            }
        }
        self.put_in_svg(self.drawn <= OVERLAP);
        self.put_crosses(marks);
        self.layer.tidy();
    }

    /// With what will be sent, and without what will be received, before the next turn.
    fn put_on_canvas(&mut self, run: &dyn Run, index: &SceneIndex, pace: Pace) {
        let now_us = run.now().0;
        let Soon { sent, over } = scene::soon(run, index, pace.until);
        let mut coming = Ordered::default();
        let sent = move_over(sent, &mut self.coming, &mut coming);
        for flight in scene::flights_of(run, index, &sent, &self.stage, self.focus.as_ref()) {
            coming.insert(flight.seq, Chip::of(flight));
        }
        self.coming = coming;
        let over_us = |flight: &Flight| {
            let mut over = over.iter();
            over.find_map(|(seq, at_us)| (*seq == flight.seq).then_some(*at_us))
        };
        let radius = self.stage.chip_radius;
        let (layer, canvas) = (&mut self.layer, &mut self.canvas);
        // What a broken promise is about lies on top.
        for bad in [false, true] {
            let chips = self.chips.values_mut().chain(self.coming.values_mut());
            for chip in chips.filter(|chip| chip.flight.bad == bad) {
                let known = chip.look.filter(|look| canvas.knows(*look));
                chip.look = known.or_else(|| canvas.look(&chip.flight, radius, layer));
                if let Some(look) = chip.look {
                    canvas.put(look, &chip.flight, now_us, over_us(&chip.flight));
                }
            }
        }
        self.canvas.draw(now_us, pace);
    }

    /// Puts the chips there as SVG, or takes all of them away.
    fn put_in_svg(&mut self, shown: bool) {
        let radius = self.stage.chip_radius;
        let layer = &mut self.layer;
        for chip in self.chips.values_mut() {
            match (shown, chip.drawn.take()) {
                (true, drawn) => {
                    chip.drawn = drawn.or_else(|| layer.chip(&chip.flight, radius));
                    if let Some(drawn) = &mut chip.drawn {
                        drawn.put(chip.place);
                    }
                }
                (false, Some(drawn)) => layer.spare(drawn),
                (false, None) => {}
            }
        }
    }

    fn put_crosses(&mut self, marks: Vec<Mark>) {
        let is_here = |seq: Seq| marks.iter().any(|mark| mark.seq == seq);
        let crosses = self.crosses.iter().map(|(seq, _)| seq);
        let gone: Vec<Seq> = crosses.filter(|seq| !is_here(*seq)).collect();
        for seq in gone {
            if let Some(cross) = self.crosses.remove(seq) {
                self.layer.spare(cross);
            }
        }
        for mark in marks {
            match self.crosses.get_mut(mark.seq) {
                Some(cross) => cross.put(mark.at),
                None => {
                    if let Some(cross) = self.layer.cross(&mark, self.stage.chip_radius) {
                        self.crosses.insert(mark.seq, cross);
                    }
                }
            }
        }
    }

    fn take_away(&mut self, seq: Seq) {
        if let Some(drawn) = self.chips.remove(seq).and_then(|chip| chip.drawn) {
            self.layer.spare(drawn);
        }
    }
}

/// Moves these where they are there; gives those that are not.
fn move_over(
    mut which: Vec<Seq>,
    from: &mut Ordered<Seq, Chip>,
    to: &mut Ordered<Seq, Chip>,
) -> Vec<Seq> {
    which.retain(|seq| match from.remove(*seq) {
        Some(chip) => {
            to.insert(*seq, chip);
            false
        }
        None => true,
    });
    which
}

/// A length as SVG reads it, to a hundredth of a pixel, without the code that prints any float.
pub fn number(length: f64) -> String {
    let hundredths = (length * 100.0).round() as i64;
    let sign = if hundredths < 0 { "-" } else { "" };
    let hundredths = hundredths.unsigned_abs();
    match hundredths % 100 {
        0 => format!("{sign}{}", hundredths / 100),
        rest => format!("{sign}{}.{rest:02}", hundredths / 100),
    }
}

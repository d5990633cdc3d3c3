//! What moves: chips and crosses, outside the virtual DOM.
//!
//! Yew draws what stands. Each frame this moves one SVG group a message to the place that the scene
//! computes, by its transform list, which costs a fraction of writing attributes. Groups are kept and
//! used again.

use std::rc::Rc;

use replication::ordered::{Ordered, sort_by_key};
use replication::promise::Violation;
use replication::run::Run;
use replication::trace::Seq;
use scene::flights::FLIGHTS_MAX;
use scene::geometry::{Point, Rect};
use scene::{Flight, Mark, Part, SceneIndex, Stage, glyphs};
use wasm_bindgen::JsCast;
use web_sys::{Document, Element, SvgTransform, SvggElement};

const SVG: &str = "http://www.w3.org/2000/svg";
/// How far along its way a chip stands where motion is reduced.
const STILL_AT: f64 = 0.5;

/// How far beside a chip a tap still means it, in pixels.
const TAP: f64 = 8.0;
/// How many of those that have left the stage are kept for others to come.
const SPARE_MAX: usize = 120;

const ORIGIN: Point = Point::new(0.0, 0.0);

/// A layer of an SVG in which messages move.
pub struct Painter {
    document: Document,
    layer: SvggElement,
    chips: Ordered<Seq, Chip>,
    crosses: Ordered<Seq, Chip>,
    /// What has left the stage and waits to be another message's, the newest last.
    spare: Vec<Drawn>,
    /// How often somebody had done something to a message when all were drawn last.
    disturbed: usize,
    /// The stage's places: they stand still, so an old stage gives them as well as a new one.
    pub stage: Rc<Stage>,
    /// The violation that is lit.
    pub focus: Option<Violation>,
    /// Whether chips stand in the middle of their way instead of moving along it.
    pub still: bool,
}

/// One message on the stage.
struct Chip {
    flight: Option<Flight>,
    drawn: Drawn,
    place: (f64, f64),
}

/// What stands for a message.
struct Drawn {
    /// Moves, and has no style of its own: so nothing is asked of the style sheets when it does.
    group: SvggElement,
    transform: SvgTransform,
    on_stage: bool,
    /// What it is made of, but for what is written on it: what is made of the same can take its place.
    parts: Vec<Part>,
    /// Has the colours.
    inner: Element,
    look: Look,
    /// What is written on it.
    text: Option<Element>,
    said: String,
}

/// What a message looks like, as classes.
#[derive(Clone, PartialEq)]
struct Look {
    /// What it is: a chip, or a cross.
    what: &'static str,
    class: String,
}

impl Painter {
    /// A painter of an empty layer.
    pub fn new(layer: SvggElement) -> Option<Self> {
        Some(Painter {
            document: layer.owner_document()?,
            layer,
            chips: Ordered::default(),
            crosses: Ordered::default(),
            spare: Vec::new(),
            disturbed: 0,
            stage: Rc::default(),
            focus: None,
            still: false,
        })
    }

    /// Draws what is on the wire at the run's cursor, on this stage and with this violation lit.
    pub fn repaint(&mut self, run: &dyn Run, index: &SceneIndex) {
        self.disturbed = index.disturbed();
        let flights = scene::flights(run, index, &self.stage, self.focus.as_ref());
        let mut here: Vec<Seq> = flights.iter().map(|flight| flight.seq).collect();
        sort_by_key(&mut here, |seq| (0, seq.0.into()));
        self.keep(&here);
        self.take(flights);
        self.put(run);
        self.paint_crosses(scene::marks(run, index, &self.stage));
        self.tidy();
    }

    /// The same, where the stage stands as it stood: what is on its way keeps that, unless somebody holds it up, and
    /// only what was sent since is new. This is what a frame costs.
    pub fn paint(&mut self, run: &dyn Run, index: &SceneIndex) {
        let here = run.in_flight();
        if here.len() > FLIGHTS_MAX || self.disturbed != index.disturbed() {
            return self.repaint(run, index);
        }
        self.keep(&here);
        let sent = here.into_iter().filter(|seq| !self.chips.contains(*seq));
        let sent: Vec<Seq> = sent.collect();
        if !sent.is_empty() {
            let focus = self.focus.as_ref();
            self.take(scene::flights_of(run, index, &sent, &self.stage, focus));
        }
        self.put(run);
        self.paint_crosses(scene::marks(run, index, &self.stage));
        self.tidy();
    }

    /// The message whose chip is at a point of the stage, or so near that one who taps means it.
    pub fn at(&self, point: Point) -> Option<Seq> {
        let reached = self.chips.iter().filter_map(|(seq, chip)| {
            let flight = chip.flight.as_ref()?;
            let away = (point.x - chip.place.0, point.y - chip.place.1);
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

    /// Draws these anew, where they do not look the same already.
    fn take(&mut self, flights: Vec<Flight>) {
        for flight in flights {
            let seq = flight.seq;
            let chip = self.chips.get(seq);
            if chip.is_none_or(|chip| chip.flight.as_ref() != Some(&flight)) {
                self.take_away(seq);
                if let Some(chip) = self.chip(flight) {
                    self.chips.insert(seq, chip);
                }
            }
        }
    }

    /// Puts every chip where it is at the cursor.
    fn put(&mut self, run: &dyn Run) {
        let now_us = run.now().0 as f64;
        for chip in self.chips.values_mut() {
            let place = chip.flight.as_ref().map(|flight| match self.still {
                true => flight.curve.at(STILL_AT),
                false => scene::position(flight, now_us),
            });
            if let Some(place) = place {
                chip.put(place.x, place.y);
            }
        }
    }

    fn paint_crosses(&mut self, marks: Vec<Mark>) {
        let gone: Vec<Seq> = {
            let here = |seq: &Seq| marks.iter().any(|mark| mark.seq == *seq);
            self.crosses
                .iter()
                .map(|(seq, _)| seq)
                .filter(|seq| !here(seq))
                .collect()
        };
        for seq in gone {
            if let Some(cross) = self.crosses.remove(seq) {
                self.spare(cross.drawn);
            }
        }
        for mark in marks {
            if !self.crosses.contains(mark.seq) {
                let path = glyphs::cross(ORIGIN, 0.5 * self.stage.chip_radius);
                let look = Look {
                    what: "cross",
                    class: String::new(),
                };
                let parts = vec![Part::Path("lost", path)];
                if let Some(mut drawn) = self.drawn(look, parts)
                    && self.show(&mut drawn).is_some()
                {
                    self.crosses.insert(mark.seq, Chip::of(drawn, None));
                }
            }
            if let Some(cross) = self.crosses.get_mut(mark.seq) {
                cross.put(mark.at.x, mark.at.y);
            }
        }
    }

    fn take_away(&mut self, seq: Seq) {
        if let Some(chip) = self.chips.remove(seq) {
            self.spare(chip.drawn);
        }
    }

    /// It stays where it is until the others have come: often one of them is made of the same.
    fn spare(&mut self, drawn: Drawn) {
        self.spare.push(drawn);
    }

    /// Takes off the stage what nothing has taken the place of.
    fn tidy(&mut self) {
        for spare in self.spare.iter_mut().filter(|spare| spare.on_stage) {
            spare.group.remove();
            spare.on_stage = false;
        }
        let over = self.spare.len().saturating_sub(SPARE_MAX);
        self.spare.drain(..over);
    }

    fn chip(&mut self, flight: Flight) -> Option<Chip> {
        let hue = flight
            .hue
            .map_or_else(|| "v-none".to_owned(), |hue| format!("v{}", hue.0));
        let bad = if flight.bad { " bad" } else { "" };
        let class = format!(
            "{} t-{} {hue}{bad}",
            flight.shape.class(),
            flight.tone.name()
        );
        let look = Look {
            what: "chip",
            class,
        };
        let mut drawn = self.drawn(look, flight.parts(self.stage.chip_radius))?;
        if flight.bad {
            // On top of the others.
            drawn.on_stage = false;
        }
        self.show(&mut drawn)?;
        // What the place is computed from, for whoever wants to check it.
        let curve = &flight.curve;
        let [from, bend, to] = [curve.from, curve.bend, curve.to]
            .map(|at| format!("{} {}", number(at.x), number(at.y)));
        let trip = &flight.trip;
        let (sent, length, end) = (trip.sent_us, trip.flight_us, trip.ends_us);
        let way = format!("{from} {bend} {to} {sent} {length} {end}");
        drawn.group.set_attribute("data-way", &way).ok()?;
        Some(Chip::of(drawn, Some(flight)))
    }

    /// Something that looks like this: one that has left the stage, or a new one.
    fn drawn(&mut self, look: Look, mut parts: Vec<Part>) -> Option<Drawn> {
        let text = parts.iter_mut().find_map(|part| match part {
            Part::Text(_, text, _) => Some(std::mem::take(text)),
            _ => None,
        });
        let like = |spare: &Drawn| spare.look.what == look.what && spare.parts == parts;
        let like = self.spare.iter().rposition(like);
        let mut drawn = match like {
            Some(place) => self.spare.remove(place),
            None => self.draw(&look, parts)?,
        };
        if drawn.look != look {
            drawn.inner.set_attribute("class", &look.class).ok()?;
            drawn.look = look;
        }
        let said = text.unwrap_or_default();
        if let Some(text) = drawn.text.as_ref().filter(|_| drawn.said != said) {
            text.set_text_content(Some(&said));
            drawn.said = said;
        }
        Some(drawn)
    }

    fn show(&self, drawn: &mut Drawn) -> Option<()> {
        if !drawn.on_stage {
            self.layer.append_child(&drawn.group).ok()?;
            drawn.on_stage = true;
        }
        Some(())
    }

    /// Draws it around its own origin, with nothing written on it.
    fn draw(&self, look: &Look, parts: Vec<Part>) -> Option<Drawn> {
        let group: SvggElement = self.element("g")?.dyn_into().ok()?;
        group.set_attribute("class", look.what).ok()?;
        let inner = self.shape(&group, "g", &[("class", &look.class)])?;
        let mut text = None;
        for part in &parts {
            match part {
                Part::Rect(class, at, radius) => {
                    self.rect(&inner, class, *at, *radius);
                }
                Part::Circle(class, radius) => {
                    self.shape(
                        &inner,
                        "circle",
                        &[("r", &number(*radius)), ("class", class)],
                    );
                }
                Part::Path(class, d) => {
                    self.shape(&inner, "path", &[("d", d), ("class", class)]);
                }
                Part::Text(face, _, size) => text = self.text(&inner, face.class(), *size),
            }
        }
        let svg = self.layer.owner_svg_element()?;
        let list = group.transform().base_val();
        let transform = list.initialize(&svg.create_svg_transform()).ok()?;
        Some(Drawn {
            group,
            transform,
            on_stage: false,
            parts,
            inner,
            look: look.clone(),
            text,
            said: String::new(),
        })
    }

    fn text(&self, group: &Element, class: &str, size: f64) -> Option<Element> {
        let attributes = [
            ("y", &*number(0.36 * size)),
            ("font-size", &*number(size)),
            ("text-anchor", "middle"),
            ("class", class),
        ];
        self.shape(group, "text", &attributes)
    }

    fn rect(&self, group: &Element, class: &str, at: Rect, radius: f64) {
        let attributes = [
            ("x", &*number(at.x)),
            ("y", &*number(at.y)),
            ("width", &*number(at.w)),
            ("height", &*number(at.h)),
            ("rx", &*number(radius)),
            ("class", class),
        ];
        self.shape(group, "rect", &attributes);
    }

    fn shape(&self, group: &Element, name: &str, attributes: &[(&str, &str)]) -> Option<Element> {
        let shape = self.element(name)?;
        for (name, value) in attributes {
            shape.set_attribute(name, value).ok()?;
        }
        group.append_child(&shape).ok()?;
        Some(shape)
    }

    fn element(&self, name: &str) -> Option<Element> {
        self.document.create_element_ns(Some(SVG), name).ok()
    }
}

impl Chip {
    fn of(drawn: Drawn, flight: Option<Flight>) -> Self {
        Chip {
            flight,
            drawn,
            place: (f64::NAN, f64::NAN),
        }
    }

    fn put(&mut self, x: f64, y: f64) {
        if self.place != (x, y) {
            self.place = (x, y);
            let _ = self.drawn.transform.set_translate(x as f32, y as f32);
        }
    }
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

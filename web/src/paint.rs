//! What moves: chips and crosses, outside the virtual DOM.
//!
//! Yew draws what stands. Each frame this moves one SVG group a message to the place that the scene
//! computes, by its transform list, which costs a fraction of writing attributes. Groups are kept and
//! used again.

use replication::ordered::Ordered;
use replication::promise::Violation;
use replication::run::Run;
use replication::trace::Seq;
use scene::geometry::{Point, Rect};
use scene::{ChipShape, Flight, Mark, SceneIndex, Stage, glyphs};
use wasm_bindgen::JsCast;
use web_sys::{Document, Element, SvgTransform, SvggElement};

const SVG: &str = "http://www.w3.org/2000/svg";
/// How far along its way a chip stands where motion is reduced.
const STILL_AT: f64 = 0.5;

const ORIGIN: Point = Point::new(0.0, 0.0);

/// A layer of an SVG in which messages move.
pub struct Painter {
    document: Document,
    layer: SvggElement,
    chips: Ordered<Seq, Chip>,
    crosses: Ordered<Seq, Chip>,
    spare: Vec<SvggElement>,
    /// The stage's places: they stand still, so an old stage gives them as well as a new one.
    pub stage: Stage,
    /// The violation that is lit.
    pub focus: Option<Violation>,
    /// Whether chips stand in the middle of their way instead of moving along it.
    pub still: bool,
}

/// One message on the stage.
struct Chip {
    flight: Option<Flight>,
    group: SvggElement,
    transform: SvgTransform,
    place: (f64, f64),
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
            stage: Stage::default(),
            focus: None,
            still: false,
        })
    }

    /// Draws what is on the wire at the run's cursor.
    pub fn paint(&mut self, run: &dyn Run, index: &SceneIndex) {
        let flights = scene::flights(run, index, &self.stage, self.focus.as_ref());
        let gone: Vec<Seq> = {
            let here = |seq: &Seq| flights.iter().any(|flight| flight.seq == *seq);
            self.chips
                .iter()
                .map(|(seq, _)| seq)
                .filter(|seq| !here(seq))
                .collect()
        };
        for seq in gone {
            self.take_away(seq);
        }
        let now_us = run.now().0 as f64;
        for flight in flights {
            let place = match self.still {
                true => flight.curve.at(STILL_AT),
                false => scene::position(&flight, now_us),
            };
            let seq = flight.seq;
            if self
                .chips
                .get(seq)
                .is_none_or(|chip| chip.flight.as_ref() != Some(&flight))
            {
                self.take_away(seq);
                if let Some(chip) = self.chip(flight) {
                    self.chips.insert(seq, chip);
                }
            }
            if let Some(chip) = self.chips.get_mut(seq) {
                chip.put(place.x, place.y);
            }
        }
        self.paint_crosses(scene::marks(run, index, &self.stage));
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
                self.spare(cross.group);
            }
        }
        for mark in marks {
            if !self.crosses.contains(mark.seq) {
                let Some(group) = self.group("cross") else {
                    continue;
                };
                let path = glyphs::cross(ORIGIN, 0.5 * self.stage.chip_radius);
                self.shape(&group, "path", &[("d", &path), ("class", "lost")]);
                if let Some(cross) = Chip::of(group, None) {
                    self.crosses.insert(mark.seq, cross);
                }
            }
            if let Some(cross) = self.crosses.get_mut(mark.seq) {
                cross.put(mark.at.x, mark.at.y);
            }
        }
    }

    fn take_away(&mut self, seq: Seq) {
        if let Some(chip) = self.chips.remove(seq) {
            self.spare(chip.group);
        }
    }

    fn spare(&mut self, group: SvggElement) {
        group.remove();
        group.set_text_content(None);
        for name in group
            .get_attribute_names()
            .iter()
            .filter_map(|name| name.as_string())
        {
            let _ = group.remove_attribute(&name);
        }
        self.spare.push(group);
    }

    fn group(&mut self, class: &str) -> Option<SvggElement> {
        let group = match self.spare.pop() {
            Some(group) => group,
            None => self
                .document
                .create_element_ns(Some(SVG), "g")
                .ok()?
                .dyn_into()
                .ok()?,
        };
        group.set_attribute("class", class).ok()?;
        self.layer.append_child(&group).ok()?;
        Some(group)
    }

    fn chip(&mut self, flight: Flight) -> Option<Chip> {
        let hue = flight
            .hue
            .map_or_else(|| "v-none".to_owned(), |hue| format!("v{}", hue.0));
        let bad = if flight.bad { "bad" } else { "" };
        let class = format!(
            "chip {} t-{} {hue} {bad}",
            flight.shape.class(),
            flight.tone.name()
        );
        let group = self.group(class.trim_end())?;
        // What the place is computed from, for whoever wants to check it.
        let curve = &flight.curve;
        let curve = [curve.from, curve.bend, curve.to]
            .map(|at| format!("{} {}", number(at.x), number(at.y)))
            .join(" ");
        for (name, value) in [
            ("data-seq", flight.seq.0.to_string()),
            ("data-curve", curve),
            ("data-sent-us", flight.sent_us.to_string()),
            ("data-flight-us", flight.flight_us.to_string()),
            ("data-ends-us", flight.ends_us.to_string()),
        ] {
            group.set_attribute(name, &value).ok()?;
        }
        self.draw(&group, &flight);
        Chip::of(group, Some(flight))
    }

    /// Draws a chip around its own origin, as [`scene::svg()`] does.
    fn draw(&self, group: &SvggElement, flight: &Flight) {
        let (w, h, r) = (
            flight.half_width,
            flight.half_height,
            self.stage.chip_radius,
        );
        match flight.shape {
            ChipShape::Request | ChipShape::Replicate => {
                if flight.more > 0 {
                    self.rect(
                        group,
                        "body more",
                        Point::new(0.24 * r, -0.24 * r),
                        w,
                        h,
                        0.45 * r,
                    );
                }
                self.rect(group, "body", ORIGIN, w, h, 0.45 * r);
            }
            ChipShape::Answer => self.rect(group, "body", ORIGIN, w, h, h),
            ChipShape::Told => self.rect(group, "body", ORIGIN, w, 0.62 * h, 0.62 * h),
            ChipShape::VoteRequest | ChipShape::Vote | ChipShape::Appoint => {
                self.rect(group, "body", ORIGIN, w, h, 0.22 * r)
            }
            _ => self.shape(group, "circle", &[("r", &number(w)), ("class", "body")]),
        }
        match flight.shape {
            ChipShape::AckCheck | ChipShape::Done | ChipShape::Vote => {
                self.shape(
                    group,
                    "path",
                    &[("d", &glyphs::check(ORIGIN, w)), ("class", "glyph")],
                );
            }
            ChipShape::Appoint => {
                let crown = glyphs::crown(Rect::around(ORIGIN, 1.15 * r, 0.75 * r));
                self.shape(group, "path", &[("d", &crown), ("class", "glyph filled")]);
            }
            ChipShape::ReadRequest | ChipShape::Ask | ChipShape::VoteRequest => {
                self.text(group, "?", "f-inverse", 1.3 * h)
            }
            _ => {}
        }
        if !flight.text.is_empty() {
            let class = if flight.shape == ChipShape::Answer {
                "f-value"
            } else {
                "f-inverse"
            };
            self.text(group, &flight.text, class, flight.text_size);
        }
    }

    fn text(&self, group: &SvggElement, text: &str, class: &str, size: f64) {
        let attributes = [
            ("y", &*number(0.36 * size)),
            ("font-size", &*number(size)),
            ("text-anchor", "middle"),
            ("class", class),
        ];
        if let Some(element) = self.shape_made(group, "text", &attributes) {
            element.set_text_content(Some(text));
        }
    }

    fn rect(&self, group: &SvggElement, class: &str, at: Point, w: f64, h: f64, r: f64) {
        let attributes = [
            ("x", &*number(at.x - w)),
            ("y", &*number(at.y - h)),
            ("width", &*number(2.0 * w)),
            ("height", &*number(2.0 * h)),
            ("rx", &*number(r)),
            ("class", class),
        ];
        self.shape(group, "rect", &attributes);
    }

    fn shape(&self, group: &SvggElement, name: &str, attributes: &[(&str, &str)]) {
        let _ = self.shape_made(group, name, attributes);
    }

    fn shape_made(
        &self,
        group: &SvggElement,
        name: &str,
        attributes: &[(&str, &str)],
    ) -> Option<Element> {
        let shape = self.document.create_element_ns(Some(SVG), name).ok()?;
        for (name, value) in attributes {
            shape.set_attribute(name, value).ok()?;
        }
        group.append_child(&shape).ok()?;
        Some(shape)
    }
}

impl Chip {
    fn of(group: SvggElement, flight: Option<Flight>) -> Option<Self> {
        let svg = group.owner_svg_element()?;
        let list = group.transform().base_val();
        let transform = svg.create_svg_transform();
        let transform = list.initialize(&transform).ok()?;
        Some(Chip {
            flight,
            group,
            transform,
            place: (f64::NAN, f64::NAN),
        })
    }

    fn put(&mut self, x: f64, y: f64) {
        if self.place != (x, y) {
            self.place = (x, y);
            let _ = self.transform.set_translate(x as f32, y as f32);
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

//! What moves, as SVG: one group for a message, moved by its transform list, which costs a fraction of writing
//! attributes. Groups are kept and used again.

use scene::geometry::{Point, Rect};
use scene::{Flight, Mark, Part, glyphs};
use wasm_bindgen::JsCast;
use web_sys::{Document, Element, SvgTransform, SvggElement};

use super::number;

const SVG: &str = "http://www.w3.org/2000/svg";
/// How many of those that have left the stage are kept for others to come.
const SPARE_MAX: usize = 120;
const ORIGIN: Point = Point::new(0.0, 0.0);

/// A layer of an SVG in which messages move.
pub struct Layer {
    document: Document,
    layer: SvggElement,
    /// What has left the stage and waits to be another message's, the newest last.
    spare: Vec<Drawn>,
}

/// What stands for a message, or for where one was lost.
pub struct Drawn {
    /// Moves, and has no style of its own: so nothing is asked of the style sheets when it does.
    group: SvggElement,
    transform: SvgTransform,
    on_stage: bool,
    place: (f64, f64),
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

/// The classes that give a message its colours.
pub fn class(flight: &Flight) -> String {
    let hue = flight
        .hue
        .map_or_else(|| "v-none".to_owned(), |hue| format!("v{}", hue.0));
    let bad = if flight.bad { " bad" } else { "" };
    let (shape, tone) = (flight.shape.class(), flight.tone.name());
    format!("{shape} t-{tone} {hue}{bad}")
}

impl Layer {
    /// An empty one.
    pub fn new(layer: SvggElement) -> Option<Self> {
        Some(Layer {
            document: layer.owner_document()?,
            layer,
            spare: Vec::new(),
        })
    }

    /// A message, on the stage but in no place yet.
    pub fn chip(&mut self, flight: &Flight, radius: f64) -> Option<Drawn> {
        let look = Look {
            what: "chip",
            class: class(flight),
        };
        let mut drawn = self.drawn(look, flight.parts(radius))?;
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
        Some(drawn)
    }

    /// A cross where a message was lost.
    pub fn cross(&mut self, mark: &Mark, radius: f64) -> Option<Drawn> {
        let look = Look {
            what: "cross",
            class: String::new(),
        };
        let parts = vec![Part::Path("lost", glyphs::cross(ORIGIN, 0.5 * radius))];
        let mut drawn = self.drawn(look, parts)?;
        self.show(&mut drawn)?;
        drawn.put(mark.at);
        Some(drawn)
    }

    /// Takes one back. It stays where it is until the others have come: often one of them is made of the same.
    pub fn spare(&mut self, drawn: Drawn) {
        self.spare.push(drawn);
    }

    /// Takes off the stage what nothing has taken the place of.
    pub fn tidy(&mut self) {
        for spare in self.spare.iter_mut().filter(|spare| spare.on_stage) {
            spare.group.remove();
            spare.on_stage = false;
        }
        let over = self.spare.len().saturating_sub(SPARE_MAX);
        self.spare.drain(..over);
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
            place: (f64::NAN, f64::NAN),
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

impl Drawn {
    /// Moves it there.
    pub fn put(&mut self, at: Point) {
        if self.place != (at.x, at.y) {
            self.place = (at.x, at.y);
            let _ = self.transform.set_translate(at.x as f32, at.y as f32);
        }
    }

    /// The elements that stand for its parts, in their order.
    pub fn elements(&self) -> Vec<Element> {
        let children = self.inner.children();
        (0..children.length())
            .filter_map(|place| children.item(place))
            .collect()
    }
}

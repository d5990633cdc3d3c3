//! The scene as SVG text: for the page before its program has loaded, for exports, and for tests.
//!
//! Colours and fonts are classes: `t-` and a tone, `v` and a write's colour, `f-` and a face, `c-` and
//! a cell's state, `k-` and a chip's shape. [`STYLE`] gives them where no page does.

use std::fmt::Write;

use replication::run::Role;

use crate::flights::{Flight, Mark, Part, position};
use crate::geometry::{Point, Rect, tenths};
use crate::glyphs;
use crate::space_time::{Bracket, Diagram, NAME_SIZE};
use crate::stage::{
    Anchor, Cell, CellState, Face, Glyph, Hub, Label, NodeCard, Person, Progress, Stage, Tag, Wire,
};
use crate::tone::{Hue, Tone};

/// The stage, what is on the wire and what was lost, at a moment in microseconds.
pub fn svg(stage: &Stage, flights: &[Flight], marks: &[Mark], now_us: u64) -> String {
    let mut out = Drawing::default();
    out.head(stage.width, stage.height);
    out.body(stage, flights, marks, now_us);
    out.close("svg");
    out.text
}

/// The space-time diagram.
pub fn diagram(diagram: &Diagram) -> String {
    let mut out = Drawing::default();
    out.head(diagram.width, diagram.height);
    out.diagram(diagram);
    out.close("svg");
    out.text
}

/// The same with its own style sheet, light or dark as the reader's screen is.
pub fn standalone(stage: &Stage, flights: &[Flight], marks: &[Mark], now_us: u64) -> String {
    let picture = svg(stage, flights, marks, now_us);
    match picture.find('>') {
        Some(end) => {
            let (head, body) = picture.split_at(end + 1);
            format!("{head}<style>{STYLE}</style>{body}")
        }
        None => picture,
    }
}

/// The style sheet of a picture that stands alone.
pub const STYLE: &str = include_str!("svg.css");

/// SVG text in the making.
#[derive(Default)]
struct Drawing {
    text: String,
}

impl Drawing {
    fn head(&mut self, width: f64, height: f64) {
        let size = format!("0 0 {} {}", number(width), number(height));
        let attributes = [
            ("xmlns", "http://www.w3.org/2000/svg"),
            ("class", "scene"),
            ("viewBox", &size),
            ("role", "img"),
        ];
        self.open("svg", &attributes);
    }

    fn diagram(&mut self, diagram: &Diagram) {
        let plot = diagram.plot;
        for (x, words) in &diagram.ticks {
            self.path(
                "tick",
                &format!(
                    "M{} {}V{}",
                    number(*x),
                    number(plot.y),
                    number(plot.bottom())
                ),
            );
            let at = Point::new(*x, plot.bottom() + 13.0);
            let label = Label::new(at, words.as_str(), Face::Mono, 10.0);
            self.label(&label.anchored(Anchor::Middle).toned(Tone::Muted));
        }
        for band in &diagram.bands {
            self.rect(
                &format!("plight {}-band", band.plight.name()),
                band.rect,
                3.0,
            );
            let (at, text) = &band.label;
            if !text.is_empty() {
                self.label(&Label::new(*at, text.as_str(), Face::Plain, 9.5).toned(Tone::Muted));
            }
        }
        for each in &diagram.breaks {
            self.rect("break", each.rect, 0.0);
        }
        for lane in &diagram.lanes {
            self.path(
                "lane",
                &format!(
                    "M{} {}H{}",
                    number(plot.x),
                    number(lane.y),
                    number(plot.right())
                ),
            );
            let at = Point::new(10.0, lane.y + 0.36 * NAME_SIZE);
            self.label(&Label::new(at, lane.name.as_str(), Face::Plain, NAME_SIZE));
        }
        for reign in &diagram.reigns {
            let [from, to, y] = [reign.from_x, reign.to_x, reign.y].map(number);
            self.path("reign", &format!("M{from} {y}H{to}"));
        }
        for line in &diagram.lines {
            let hued = line.hue.map_or("v-none", hue);
            let mut class = format!("slant {hued} {}", tone(line.tone));
            for (is, name) in [
                (line.reply, " reply"),
                (line.lost, " is-lost"),
                (line.bad, " bad"),
            ] {
                if is {
                    class += name;
                }
            }
            if line.hue.is_none() {
                class += " plain";
            }
            let [x1, y1, x2, y2] = [line.from.x, line.from.y, line.to.x, line.to.y].map(number);
            self.path(&class, &format!("M{x1} {y1}L{x2} {y2}"));
            if line.lost {
                self.path("lost", &glyphs::cross(line.to, 3.2));
            }
        }
        for dot in &diagram.dots {
            self.circle(&format!("dot {}", tone(dot.tone)), dot.at, dot.radius);
        }
        for bracket in &diagram.brackets {
            self.bracket(bracket);
        }
        let (x, width) = (diagram.cursor_x, plot.right() - diagram.cursor_x);
        if x >= plot.x && width >= 0.0 {
            let future = Rect {
                x,
                w: width,
                ..plot
            };
            self.rect("future", future, 0.0);
            self.path(
                "cursor",
                &format!(
                    "M{} {}V{}",
                    number(x),
                    number(plot.y - 4.0),
                    number(plot.bottom())
                ),
            );
        }
    }

    fn bracket(&mut self, bracket: &Bracket) {
        let [from, to, y, end] =
            [bracket.from_x, bracket.to_x, bracket.y, bracket.y + 4.0].map(number);
        self.path("bracket", &format!("M{from} {end}V{y}H{to}V{end}"));
        self.rect("bracket-chip", bracket.chip, 7.0);
        let at = Point::new(bracket.chip.centre().x, bracket.chip.bottom() - 4.0);
        let label = Label::new(at, bracket.text.as_str(), Face::Title, 10.5);
        self.label(&label.anchored(Anchor::Middle).toned(Tone::Bad));
    }

    fn body(&mut self, stage: &Stage, flights: &[Flight], marks: &[Mark], now_us: u64) {
        for ground in &stage.regions {
            self.rect("region", ground.rect, ground.radius);
        }
        self.open("g", &[("class", "wires")]);
        stage.wires.iter().for_each(|wire| self.wire(wire));
        stage.wires.iter().for_each(|wire| self.on_wire(wire));
        // Over the wires, which would cross them out.
        let names = stage.regions.iter().map(|ground| &ground.label);
        names.for_each(|label| self.label(label));
        self.close("g");
        stage.hub.iter().for_each(|hub| self.hub(hub));
        stage
            .nodes
            .iter()
            .for_each(|card| self.card(card, stage.scale));
        stage.people.iter().for_each(|person| self.person(person));
        for frontier in &stage.frontiers {
            frontier.line.iter().for_each(|d| self.path("frontier", d));
            frontier.tag.iter().for_each(|tag| self.tag(tag));
        }
        marks
            .iter()
            .for_each(|mark| self.mark(mark, stage.chip_radius));
        for flight in flights {
            self.flight(flight, stage.chip_radius, now_us);
        }
    }

    fn wire(&mut self, wire: &Wire) {
        let class = format!("{} {}", wire.class(), tone(wire.tone));
        self.path(&class, &wire.path());
    }

    /// What stands on a wire: drawn after all of them.
    fn on_wire(&mut self, wire: &Wire) {
        wire.cut.iter().for_each(|cut| self.path("cut", &cut.cross));
        wire.label.iter().for_each(|label| self.label(label));
    }

    fn tag(&mut self, tag: &Tag) {
        let class = format!("tag {}", tone(tag.tone));
        self.rect(&class, tag.rect, 0.5 * tag.rect.h);
        self.label(&tag.label);
    }

    fn card(&mut self, card: &NodeCard, scale: f64) {
        let mut class = format!("node {}", tone(card.tone));
        for (is, name) in [
            (card.crown, " crowned"),
            (card.deposed, " deposed"),
            (!card.up, " down"),
            (card.paused, " paused"),
            (card.role == Role::Manager, " manager"),
            (card.bad, " bad"),
        ] {
            if is {
                class += name;
            }
        }
        self.open("g", &[("class", &class)]);
        self.element("title", &card.aria);
        if card.bad {
            self.rect(
                "halo",
                card.rect.grown(5.0 * scale),
                card.radius + 5.0 * scale,
            );
        }
        self.rect("body", card.rect, card.radius);
        if card.band > 0.0 {
            self.path("band", &band(card.rect, card.band, card.radius));
            self.path("crown", &glyphs::crown(card.crown_at));
        }
        if card.bad || card.band > 0.0 {
            // Once more, so that the band does not cover the outline.
            self.rect("rim", card.rect, card.radius);
        }
        card.cells.iter().for_each(|cell| self.cell(cell));
        card.progress
            .iter()
            .for_each(|progress| self.progress(progress));
        for Glyph {
            class,
            tone: of,
            path,
        } in &card.glyphs
        {
            let class = format!("{class} {}", tone(*of));
            self.path(&class, path);
        }
        card.labels.iter().for_each(|label| self.label(label));
        card.tags.iter().for_each(|tag| self.tag(tag));
        self.close("g");
    }

    fn cell(&mut self, cell: &Cell) {
        let newest = if cell.newest { " newest" } else { "" };
        let class = format!("cell {} {}{newest}", cell.state.class(), hue(cell.hue));
        let inset = match cell.state {
            CellState::Filled | CellState::Replaced | CellState::NoOp => 0.0,
            // An outline is drawn inside the place that a filled cell takes.
            _ => 0.6,
        };
        let rect = cell.state.shape(cell.rect.grown(-inset));
        self.rect(&class, rect, (0.16 * rect.w).min(0.4 * rect.h));
        if cell.state == CellState::Discarded {
            self.path("hatch", &glyphs::hatch(rect));
        }
        cell.label.iter().for_each(|label| self.label(label));
    }

    fn progress(&mut self, progress: &Progress) {
        for (rect, filled) in &progress.segments {
            let class = if *filled { "segment filled" } else { "segment" };
            self.rect(class, *rect, rect.h / 2.0);
        }
    }

    fn hub(&mut self, hub: &Hub) {
        let class = if hub.up { "hub" } else { "hub down" };
        self.open("g", &[("class", class)]);
        self.element("title", &hub.aria);
        self.circle("body", hub.at, hub.radius);
        let (_, width) = hub.ring;
        for (arc, filled) in hub.progress.iter().flat_map(|progress| &progress.arcs) {
            let class = if *filled { "arc filled" } else { "arc" };
            let width = number(width);
            self.empty(
                "path",
                &[("class", class), ("d", arc), ("stroke-width", &width)],
            );
        }
        hub.labels.iter().for_each(|label| self.label(label));
        self.close("g");
    }

    fn person(&mut self, person: &Person) {
        let class = match (person.bad, person.busy) {
            (true, _) => "person bad",
            (false, true) => "person busy",
            (false, false) => "person",
        };
        self.open("g", &[("class", class)]);
        self.element("title", &person.aria);
        self.circle("body", person.at, person.radius);
        let (head, r) = glyphs::head(person.at, person.radius);
        self.circle("figure", head, r);
        self.path("figure", &glyphs::shoulders(person.at, person.radius));
        person.labels.iter().for_each(|label| self.label(label));
        person.tags.iter().for_each(|tag| self.tag(tag));
        self.close("g");
    }

    fn mark(&mut self, mark: &Mark, r: f64) {
        self.path("lost", &glyphs::cross(mark.at, 0.5 * r));
    }

    fn flight(&mut self, flight: &Flight, r: f64, now_us: u64) {
        let at = position(flight, now_us as f64);
        let bad = if flight.bad { " bad" } else { "" };
        let hued = flight.hue.map_or("v-none", hue);
        let class = format!(
            "chip {} {hued} {}{bad}",
            flight.shape.class(),
            tone(flight.tone)
        );
        self.open("g", &[("class", &class)]);
        for part in flight.parts(r) {
            match part {
                Part::Rect(class, rect, radius) => {
                    let rect = Rect {
                        x: rect.x + at.x,
                        y: rect.y + at.y,
                        ..rect
                    };
                    self.rect(class, rect, radius);
                }
                Part::Circle(class, radius) => self.circle(class, at, radius),
                Part::Path(class, d) => {
                    let place = format!("translate({} {})", number(at.x), number(at.y));
                    let attributes = [("class", class), ("d", &*d), ("transform", &*place)];
                    self.empty("path", &attributes);
                }
                Part::Text(face, text, size) => {
                    self.label(&on_chip(at, &text, face, size, flight.tone));
                }
            }
        }
        self.close("g");
    }

    fn label(&mut self, label: &Label) {
        let class = format!("{} {}", label.face.class(), tone(label.tone));
        let (x, y, size) = (number(label.at.x), number(label.at.y), number(label.size));
        let mut attributes = vec![
            ("class", class.as_str()),
            ("x", &x),
            ("y", &y),
            ("font-size", &size),
        ];
        match label.anchor {
            Anchor::Start => {}
            Anchor::Middle => attributes.push(("text-anchor", "middle")),
            Anchor::End => attributes.push(("text-anchor", "end")),
        }
        self.start("text", &attributes);
        let _ = writeln!(self.text, ">{}</text>", escaped(&label.text));
    }

    fn rect(&mut self, class: &str, rect: Rect, radius: f64) {
        let [x, y, w, h, r] = [rect.x, rect.y, rect.w, rect.h, radius].map(number);
        self.empty(
            "rect",
            &[
                ("class", class),
                ("x", &x),
                ("y", &y),
                ("width", &w),
                ("height", &h),
                ("rx", &r),
            ],
        );
    }

    fn circle(&mut self, class: &str, at: Point, radius: f64) {
        let [x, y, r] = [at.x, at.y, radius].map(number);
        self.empty(
            "circle",
            &[("class", class), ("cx", &x), ("cy", &y), ("r", &r)],
        );
    }

    fn path(&mut self, class: &str, d: &str) {
        self.empty("path", &[("class", class), ("d", d)]);
    }

    fn element(&mut self, name: &str, text: &str) {
        let _ = writeln!(self.text, "<{name}>{}</{name}>", escaped(text));
    }

    fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.start(name, attributes);
        self.text += ">\n";
    }

    fn close(&mut self, name: &str) {
        let _ = writeln!(self.text, "</{name}>");
    }

    fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.start(name, attributes);
        self.text += "/>\n";
    }

    fn start(&mut self, name: &str, attributes: &[(&str, &str)]) {
        // Writing to a string can't fail.
        let _ = write!(self.text, "<{name}");
        for (key, value) in attributes {
            let _ = write!(self.text, " {key}=\"{}\"", escaped(value));
        }
    }
}

fn on_chip(at: Point, text: &str, face: Face, size: f64, tone: Tone) -> Label {
    Label::new(at.moved(0.0, 0.36 * size), text, face, size)
        .anchored(Anchor::Middle)
        .toned(tone)
}

/// The band behind a leader's name: round above, straight below.
fn band(card: Rect, height: f64, r: f64) -> String {
    let [x, y, right, bottom] = [card.x, card.y, card.right(), card.y + height].map(number);
    let (r_text, left_in, right_in) = (number(r), number(card.x + r), number(card.right() - r));
    let below = number(card.y + r);
    format!(
        "M{x} {bottom}V{below}A{r_text} {r_text} 0 0 1 {left_in} {y}H{right_in}A{r_text} {r_text} 0 0 1 {right} {below}V{bottom}z"
    )
}

fn tone(tone: Tone) -> &'static str {
    match tone {
        Tone::Ink => "t-ink",
        Tone::Muted => "t-muted",
        Tone::Leader => "t-leader",
        Tone::Follower => "t-follower",
        Tone::Client => "t-client",
        Tone::Ok => "t-ok",
        Tone::Warn => "t-warn",
        Tone::Bad => "t-bad",
        Tone::Wire => "t-wire",
    }
}

fn hue(hue: Hue) -> &'static str {
    ["v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7"][usize::from(hue.0 & 7)]
}

/// With a tenth of a pixel, which is more than an eye can see, and without ".0".
fn number(value: f64) -> String {
    let text = tenths(value);
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

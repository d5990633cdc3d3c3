//! What moves, on a canvas that a worker draws: `web/chips.js`.
//!
//! The page sends once what each message looks like, and then at each turn how each goes on from there: the worker
//! moves it by itself until the next. The colours are the style sheets': they are asked what they would give the same
//! message as SVG.

use std::cell::Cell;
use std::rc::Rc;

use gloo_timers::callback::Timeout;
use js_sys::{Array, Float64Array, Object, Reflect};
use scene::{Flight, Part};
use serde_json::{Value, json};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::*;
use web_sys::{CssStyleDeclaration, Element, HtmlCanvasElement, MessageEvent, Worker};

use super::svg::{self, Layer};
use crate::platform;
use crate::player::Pace;

/// Stands beside the page.
const SCRIPT: &str = "chips.js";
/// How long the canvas shows what has come to rest: until the page shows the same.
const CLEAR_MS: u32 = 250;
/// Once there are more looks, the worker forgets them, and is told again.
const LOOKS_MAX: usize = 1000;

/// A canvas over the stage, and the worker that draws on it.
pub struct Canvas {
    element: HtmlCanvasElement,
    hand: Hand,
    around: Surroundings,
    /// A message of each look that is known, and the radius of chips where it is drawn; by number.
    looks: Vec<(Flight, f64)>,
    /// The classes of which the worker knows the styles, by number.
    styles: Vec<String>,
    /// What it has to be told of them before it draws again.
    news: News,
    /// How often all looks were forgotten.
    era: u32,
    /// How what was put goes on.
    legs: Vec<f64>,
    is_clear: Rc<Cell<bool>>,
    clearing: Option<Timeout>,
}

/// What a canvas is drawn for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Surroundings {
    /// The width of the stage.
    pub width: f64,
    /// Its height.
    pub height: f64,
    /// How many pixels of the screen make one of the page's.
    pub pixels: f64,
    /// Whether the page is dark.
    pub is_dark: bool,
}

impl Surroundings {
    /// Those of a stage of this size now.
    pub fn of(width: f64, height: f64) -> Self {
        Surroundings {
            width,
            height,
            pixels: platform::pixels_per_length(),
            is_dark: platform::is_dark(),
        }
    }
}

/// Looks and styles that the worker has not heard of, in the order of their numbers.
#[derive(Default)]
struct News {
    /// For each set of classes, the style of each part.
    styles: Vec<Value>,
    /// For each look, the number of its styles and its parts.
    looks: Vec<Value>,
}

/// The number of a look, and the era in which it has it.
#[derive(Clone, Copy, PartialEq)]
pub struct Look {
    era: u32,
    number: usize,
}

/// Who draws.
enum Hand {
    /// Nobody has asked for it yet.
    Unasked,
    /// A worker; `ready` once it has the canvas, and `drawn` once it has drawn on it since it was clear.
    Worker {
        worker: Worker,
        ready: Rc<Cell<bool>>,
        drawn: Rc<Cell<bool>>,
        _heard: Closure<dyn FnMut(MessageEvent)>,
    },
    /// There can be none.
    None,
}

impl Drop for Canvas {
    fn drop(&mut self) {
        if let Hand::Worker { worker, .. } = &self.hand {
            worker.terminate();
        }
    }
}

impl Canvas {
    /// A canvas on which nothing is drawn.
    pub fn new(element: HtmlCanvasElement) -> Self {
        Canvas {
            element,
            hand: Hand::Unasked,
            around: Surroundings::default(),
            looks: Vec::new(),
            styles: Vec::new(),
            news: News::default(),
            era: 0,
            legs: Vec::new(),
            is_clear: Rc::new(Cell::new(true)),
            clearing: None,
        }
    }

    /// Whether it can be drawn on now. The first who asks has the worker come.
    pub fn is_ready(&mut self) -> bool {
        if let Hand::Unasked = self.hand {
            self.hand = hire(&self.element).unwrap_or(Hand::None);
            self.fit();
        }
        let is_measured = self.around.width > 0.0;
        matches!(&self.hand, Hand::Worker { ready, .. } if ready.get() && is_measured)
    }

    /// What it is drawn for, from now on.
    pub fn put_into(&mut self, around: Surroundings) {
        let before = std::mem::replace(&mut self.around, around);
        if before.is_dark != around.is_dark {
            self.styles.clear();
            self.forget_looks();
        }
        if before != around {
            self.fit();
        }
    }

    /// Gives it the pixels that it needs.
    fn fit(&self) {
        let Surroundings { width, height, .. } = self.around;
        // It may be zoomed by a style sheet too, which takes long to ask: a zoomed stage has another size.
        let ratio = self.around.pixels * platform::zoom(&self.element);
        let size = [(width * ratio).round(), (height * ratio).round(), ratio];
        self.send(
            "size",
            &size.map(JsValue::from).into_iter().collect::<Array>(),
        );
    }

    /// Whether the worker still has a look.
    pub fn knows(&self, look: Look) -> bool {
        look.era == self.era
    }

    /// What a message looks like; `layer` is where the style sheets are asked.
    pub fn look(&mut self, flight: &Flight, radius: f64, layer: &mut Layer) -> Option<Look> {
        let is_it = |(other, of): &(Flight, f64)| *of == radius && flight.looks_like(other);
        // The newest are asked for most.
        if let Some(number) = self.looks.iter().rposition(is_it) {
            return Some(Look {
                era: self.era,
                number,
            });
        }
        let parts = flight.parts(radius);
        let classes = parts
            .iter()
            .fold(svg::class(flight), |all, part| all + " " + class_of(part));
        let style = match self.styles.iter().position(|of| *of == classes) {
            Some(style) => style,
            None => {
                self.news.styles.push(styles(flight, radius, layer)?);
                self.styles.push(classes);
                self.styles.len() - 1
            }
        };
        let told: Vec<Value> = parts.iter().map(told).collect();
        self.news.looks.push(json!([style, told]));
        let number = self.looks.len();
        self.looks.push((flight.clone(), radius));
        Some(Look {
            era: self.era,
            number,
        })
    }

    /// This goes on as it does at a moment, over what was put before; from `over_us` on it is no longer there.
    pub fn put(&mut self, look: Look, flight: &Flight, now_us: u64, over_us: Option<u64>) {
        let (curve, trip) = (&flight.curve, &flight.trip);
        let leg = trip.leg(now_us);
        self.legs.push(look.number as f64);
        for point in [curve.from, curve.bend, curve.to] {
            self.legs.extend([point.x, point.y]);
        }
        self.legs.push(leg.share);
        let times_us = [leg.from_us, leg.until_us, trip.flight_us, trip.sent_us];
        self.legs.extend(times_us.map(|time_us| time_us as f64));
        self.legs
            .push(over_us.map_or(f64::INFINITY, |over_us| over_us as f64));
    }

    /// Draws what was put since and nothing else, from a moment on at a pace.
    pub fn draw(&mut self, now_us: u64, pace: Pace) {
        self.clearing = None;
        let until_us = pace.until.0.max(now_us);
        let head = [
            pace.since_ms,
            now_us as f64,
            pace.us_per_ms,
            until_us as f64,
        ];
        self.post(&[&head, self.legs.as_slice()].concat());
        self.legs.clear();
        self.is_clear.set(false);
        if self.looks.len() > LOOKS_MAX {
            self.forget_looks();
        }
    }

    /// Whether nothing is drawn on it.
    pub fn is_clear(&self) -> bool {
        self.is_clear.get()
    }

    /// Whether it has been drawn on since it was clear.
    pub fn is_drawn(&self) -> bool {
        matches!(&self.hand, Hand::Worker { drawn, .. } if drawn.get())
    }

    /// Draws nothing, once the same can be seen elsewhere.
    pub fn clear_soon(&mut self) {
        if let Hand::Worker { worker, drawn, .. } = &self.hand {
            let (worker, drawn, is_clear) = (worker.clone(), drawn.clone(), self.is_clear.clone());
            self.clearing = Some(Timeout::new(CLEAR_MS, move || {
                let _ = worker.post_message(&plan("", &[]));
                drawn.set(false);
                is_clear.set(true);
            }));
        }
    }

    fn post(&mut self, moves: &[f64]) {
        let News { styles, looks } = std::mem::take(&mut self.news);
        let news = match looks.is_empty() {
            true => String::new(),
            false => json!({ "styles": styles, "looks": looks }).to_string(),
        };
        if let Hand::Worker { worker, .. } = &self.hand {
            let _ = worker.post_message(&plan(&news, moves));
        }
    }

    /// Forgets what messages look like, but not what the style sheets say: messages differ in what is written on them.
    fn forget_looks(&mut self) {
        let kept = self.styles.len();
        self.looks.clear();
        self.news.looks.clear();
        self.news.styles.truncate(kept);
        self.era += 1;
        self.send("keep", &kept.into());
    }

    fn send(&self, name: &str, what: &JsValue) {
        if let Hand::Worker { worker, .. } = &self.hand {
            let message = Object::new();
            if Reflect::set(&message, &name.into(), what).is_ok() {
                let _ = worker.post_message(&message);
            }
        }
    }
}

/// Gives the canvas to a worker. There is none where the browser can't, or may not: in a sandboxed frame, say.
fn hire(element: &HtmlCanvasElement) -> Option<Hand> {
    // Colours that the visitor has forced on the page do not reach a canvas.
    if platform::matches_media("(forced-colors: active)") {
        return None;
    }
    let worker = Worker::new(SCRIPT).ok()?;
    let ready = Rc::new(Cell::new(false));
    let drawn = Rc::new(Cell::new(false));
    let heard = {
        let (ready, drawn) = (ready.clone(), drawn.clone());
        Closure::new(move |event: MessageEvent| match event.data().as_string() {
            Some(said) if said == "drawn" => drawn.set(true),
            _ => ready.set(true),
        })
    };
    worker.set_onmessage(Some(heard.as_ref().unchecked_ref()));
    let canvas = element.transfer_control_to_offscreen().ok()?;
    let message = Object::new();
    Reflect::set(&message, &"canvas".into(), &canvas).ok()?;
    worker
        .post_message_with_transfer(&message, &Array::of1(&canvas))
        .ok()?;
    Some(Hand::Worker {
        worker,
        ready,
        drawn,
        _heard: heard,
    })
}

/// What the worker is to draw: one message, since each costs as much as what is in it. What is new is text, which
/// crosses over faster than objects do.
fn plan(news: &str, moves: &[f64]) -> Array {
    Array::of2(&news.into(), &Float64Array::from(moves))
}

/// What the style sheets say of each part of a message: they are asked on the stage, where it would stand.
fn styles(flight: &Flight, radius: f64, layer: &mut Layer) -> Option<Value> {
    let drawn = layer.chip(flight, radius)?;
    let window = web_sys::window()?;
    let style = |element: &Element| -> Option<Value> {
        Some(style(&window.get_computed_style(element).ok()??))
    };
    let styles = drawn.elements().iter().map(style).collect();
    layer.spare(drawn);
    styles
}

/// Fill, stroke, its width and how it ends and turns, opacity, and the font but for its size.
fn style(of: &CssStyleDeclaration) -> Value {
    let value = |name: &str| of.get_property_value(name).unwrap_or_default();
    let names = [
        "fill",
        "stroke",
        "stroke-width",
        "stroke-linecap",
        "stroke-linejoin",
        "opacity",
        "font-weight",
        "font-family",
    ];
    names.map(value).to_vec().into()
}

fn class_of(part: &Part) -> &'static str {
    match part {
        Part::Rect(class, ..) | Part::Circle(class, _) | Part::Path(class, _) => class,
        Part::Text(face, ..) => face.class(),
    }
}

/// A part as the worker hears of it: its geometry. A rectangle is its corner, its size and the radius of its corners; a
/// path is its `d`; a text is its words and its size.
fn told(part: &Part) -> Value {
    match part {
        Part::Rect(_, at, radius) => json!(["rect", [at.x, at.y, at.w, at.h, radius]]),
        Part::Circle(_, radius) => {
            let across = 2.0 * radius;
            json!(["rect", [-radius, -radius, across, across, radius]])
        }
        Part::Path(_, d) => json!(["path", d]),
        Part::Text(_, words, size) => json!(["text", [words, size]]),
    }
}

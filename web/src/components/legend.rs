//! What is what on the stage, and on the time line.

use scene::geometry::{Point, Rect};
use scene::glyphs;
use scene::legend::{CHIP_RADIUS, LegendRow, legend};
use scene::stage::CellState;
use scene::{Flight, Part};
use yew::prelude::*;

use crate::components::marks::Shape;
use crate::paint::number;

/// How high a picture is, in pixels.
const HEIGHT: f64 = 2.6 * CHIP_RADIUS;
/// How wide it may be.
const WIDTH: f64 = 84.0;

/// A cell of a log, and what it means.
const CELLS: [(CellState, &str); 6] = [
    (
        CellState::Filled,
        "A write in a log, or in a copy, on disk.",
    ),
    (
        CellState::Memory,
        "The same, but in memory only: a crash would take it.",
    ),
    (CellState::Missing, "Not there yet."),
    (
        CellState::Replaced,
        "It was here, and a later one has taken its place.",
    ),
    (
        CellState::NoOp,
        "No write: with it a new leader begins its epoch.",
    ),
    (
        CellState::Discarded,
        "Thrown away, or about to be: the new leader never had it.",
    ),
];

/// What a cross on a wire means.
const CROSS: &str = "Lost here: on a cut link, on a lossy one, or dropped by hand.";

/// What stands on a replica's card besides: its class, and what it means.
const CROWNS: [(&str, &str); 2] = [
    ("node crowned", "It leads."),
    (
        "node deposed",
        "It led: another one leads in a later epoch, and this one may not know it yet.",
    ),
];
/// How far behind, as a card says it.
const BEHIND: (&str, &str) = (
    "−2 · 90 ms",
    "How far behind: two writes do not show here yet, the older one for 90 ms. “Not shown”: it has them.",
);

/// A mark of the time line, how far up it has to be moved to be in the middle, and what it means.
const MARKS: [(Shape, f64, &str); 5] = [
    (Shape::Broken, 4.0, "A promise is broken."),
    (Shape::Leader, 12.0, "Another one leads from here on."),
    (
        Shape::Fault,
        12.5,
        "Something else that matters: a fault, its mending, a change of settings, a conflict.",
    ),
    (Shape::Fork, 12.5, "This run left another one here."),
    (Shape::Parting, 9.0, "Two runs that are compared part here."),
];

/// A picture and its words for each shape.
#[component]
pub fn Legend() -> Html {
    let crown = |(class, words): (&'static str, &'static str)| {
        let at = Rect::around(Point::default(), 18.0, 11.0);
        drawn(
            html! { <g {class}><path class="crown" d={glyphs::crown(at)}/></g> },
            words,
        )
    };
    let (behind, words) = BEHIND;
    html! {
        <>
        <h3>{ "What is what on the stage" }</h3>
        <dl class="legend">
            for row in legend().iter() { { message(row) } }
            { drawn(html! { <path class="lost" d={glyphs::cross(Point::default(), 0.5 * CHIP_RADIUS)}/> }, CROSS) }
            for (state, words) in CELLS { { cell(state, words) } }
            for each in CROWNS { { crown(each) } }
            { drawn(html! { <text class="f-mono t-warn" y="4" font-size="12" text-anchor="middle">{ behind }</text> }, words) }
        </dl>
        <h3>{ "On the time line" }</h3>
        <dl class="legend">
            for (shape, up, words) in MARKS { { mark(shape, up, words) } }
        </dl>
        </>
    }
}

fn mark(shape: Shape, up: f64, words: &'static str) -> Html {
    let (class, d) = shape.drawn();
    let transform = format!("translate(0 {})", number(-up));
    drawn(
        html! { <g class="marks" {transform}><path {class} {d}/></g> },
        words,
    )
}

fn message(row: &LegendRow) -> Html {
    let class = format!(
        "chip {} t-{} {}",
        row.flight.shape.class(),
        row.flight.tone.name(),
        row.flight
            .hue
            .map_or_else(|| "v-none".to_owned(), |hue| format!("v{}", hue.0))
    );
    drawn(html! { <g {class}>{ chip(&row.flight) }</g> }, row.words)
}

fn cell(state: CellState, words: &'static str) -> Html {
    let place = Rect::around(Point::default(), 17.0, 17.0);
    let Rect { x, y, w, h } = state.shape(place);
    let class = format!("cell {} v7", state.class());
    let picture = html! {
        <>
            <rect {class} x={number(x)} y={number(y)} width={number(w)} height={number(h)} rx={number((0.24 * w).min(0.4 * h))}/>
            if state == CellState::Discarded { <path class="hatch" d={glyphs::hatch(place)}/> }
        </>
    };
    drawn(picture, words)
}

/// A picture around its middle, and its words.
fn drawn(picture: Html, words: &'static str) -> Html {
    let view = format!("{} {} {WIDTH} {HEIGHT}", -WIDTH / 2.0, -HEIGHT / 2.0);
    html! {
        <div>
            <dt><svg class="scene" viewBox={view} width={number(WIDTH)} height={number(HEIGHT)} aria-hidden="true">{ picture }</svg></dt>
            <dd>{ words }</dd>
        </div>
    }
}

fn chip(flight: &Flight) -> Html {
    let part = |part: Part| match part {
        Part::Rect(class, Rect { x, y, w, h }, radius) => html! {
            <rect {class} x={number(x)} y={number(y)} width={number(w)} height={number(h)} rx={number(radius)}/>
        },
        Part::Circle(class, radius) => html! { <circle {class} r={number(radius)}/> },
        Part::Path(class, d) => html! { <path {class} {d}/> },
        Part::Text(face, text, size) => html! {
            <text class={face.class()} y={number(0.36 * size)} font-size={number(size)} text-anchor="middle">{ text }</text>
        },
    };
    flight.parts(CHIP_RADIUS).into_iter().map(part).collect()
}

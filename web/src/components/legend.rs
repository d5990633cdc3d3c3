//! What is what on the stage.

use scene::geometry::{Point, Rect};
use scene::glyphs;
use scene::legend::{CHIP_RADIUS, LegendRow, legend};
use scene::{Flight, Part};
use yew::prelude::*;

use crate::paint::number;

/// How high a picture is, in pixels.
const HEIGHT: f64 = 2.6 * CHIP_RADIUS;
/// How wide it may be.
const WIDTH: f64 = 84.0;

/// A cell of a log: its class, whether it is hatched, and what it means.
const CELLS: [(&str, bool, &str); 6] = [
    (
        "cell c-filled v7",
        false,
        "A write in a log, or in a copy, on disk.",
    ),
    (
        "cell c-memory v7",
        false,
        "The same, but in memory only: a crash would take it.",
    ),
    ("cell c-missing", false, "Not there yet."),
    (
        "cell c-replaced v7",
        false,
        "It was here, and a later one has taken its place.",
    ),
    (
        "cell c-noop",
        false,
        "No write: with it a new leader begins its epoch.",
    ),
    (
        "cell c-discarded",
        true,
        "Thrown away, or about to be: the new leader never had it.",
    ),
];

/// What a cross on a wire means.
const CROSS: &str = "Lost here: on a cut link, on a lossy one, or dropped by hand.";

/// A picture and its words for each shape.
#[component]
pub fn Legend() -> Html {
    html! {
        <dl class="legend">
            for row in legend().iter() { { message(row) } }
            { drawn(html! { <path class="lost" d={glyphs::cross(Point::default(), 0.5 * CHIP_RADIUS)}/> }, CROSS) }
            for (class, hatched, words) in CELLS { { cell(class, hatched, words) } }
        </dl>
    }
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

fn cell(class: &'static str, hatched: bool, words: &'static str) -> Html {
    let size = 17.0;
    let at = Rect {
        x: -size / 2.0,
        y: -size / 2.0,
        w: size,
        h: size,
    };
    let picture = html! {
        <>
            <rect {class} x={number(at.x)} y={number(at.y)} width={number(size)} height={number(size)} rx="4"/>
            if hatched { <path class="hatch" d={glyphs::hatch(at)}/> }
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

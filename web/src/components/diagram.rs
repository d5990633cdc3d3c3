//! The space-time diagram: a lane for each place, time to the right, on the stage's own cursor.

use replication::engine::time::SimTime;
use replication::ids::Place;
use scene::geometry::Rect;
use scene::space_time::{Bracket, Dot, Lane, Slant};
use scene::{Diagram as Picture, Tone};
use web_sys::Element;
use yew::prelude::*;

use crate::desk::Desk;
use crate::paint::number;
use crate::platform;
use crate::watching::watch;

/// How much time is seen at once, in microseconds: the longest of these in which not too much happens.
/// A shorter run is seen as a whole.
const WINDOWS_US: [u64; 5] = [4_000_000, 2_000_000, 1_000_000, 400_000, 200_000];
/// More lanes than this want more height.
const LANES_LOW: usize = 8;
/// More messages at once than this can't be told apart.
const MESSAGES_MAX: usize = 120;
/// The screens on which it is open unasked: those with room for it below the stage.
const ROOMY: &str = "(min-width: 1120px) and (min-height: 820px)";

/// The diagram.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The desk.
    pub desk: Desk,
}

/// The diagram, under a heading that folds it away. A click goes to its moment.
#[component]
pub fn Diagram(props: &Props) -> Html {
    let open = use_state(|| platform::matches_media(ROOMY));
    let onclick = {
        let open = open.clone();
        Callback::from(move |_: MouseEvent| open.set(!*open))
    };
    html! {
        <div class="diagram">
            <button type="button" class="quiet unfold" aria-expanded={if *open { "true" } else { "false" }} {onclick}>
                { "Who sent what to whom, and when" }
            </button>
            if *open { <Lanes desk={props.desk.clone()}/> }
        </div>
    }
}

#[component]
fn Lanes(props: &Props) -> Html {
    let desk = &props.desk;
    let area = use_node_ref();
    let size = use_state(|| (0.0, 0.0));
    {
        let (area, size) = (area.clone(), size.setter());
        use_effect_with((), move |()| {
            let watching = area
                .cast::<Element>()
                .and_then(|area| watch(area, size, |_| ()));
            move || drop(watching)
        });
    }
    let focus = desk.focus();
    let (picture, from_us, to_us) = desk.with(|run, index| {
        let length_us = scene::timeline(run, index).length_us;
        let quiet = |(from_us, to_us): &(u64, u64)| {
            scene::space_time::messages_between(run, index, *from_us, *to_us) <= MESSAGES_MAX
        };
        let windows = WINDOWS_US.map(|window_us| window(run.now().0, length_us, window_us));
        let (from_us, to_us) = windows
            .into_iter()
            .find(quiet)
            .unwrap_or(windows[WINDOWS_US.len() - 1]);
        let focus = focus.and_then(|number| run.violations().get(number));
        let picture = scene::space_time(run, index, size.0, size.1, from_us, to_us, focus);
        (picture, from_us, to_us)
    });
    let onclick = {
        let (desk, area, plot) = (desk.clone(), area.clone(), picture.plot);
        Callback::from(move |event: MouseEvent| {
            let Some(area) = area.cast::<Element>() else {
                return;
            };
            let x = f64::from(event.client_x()) - area.get_bounding_client_rect().left();
            let share = ((x - plot.x) / plot.w.max(1.0)).clamp(0.0, 1.0);
            desk.seek(SimTime(from_us + ((to_us - from_us) as f64 * share) as u64));
        })
    };
    html! {
        <div class={classes!("lanes", (picture.lanes.len() > LANES_LOW).then_some("many"))} ref={area} {onclick}>
            <svg class="scene" viewBox={format!("0 0 {} {}", number(size.0), number(size.1))} aria-hidden="true">
                { drawing(&picture) }
            </svg>
        </div>
    }
}

/// The stretch of time around a moment. It stands still while time runs through it.
fn window(now_us: u64, length_us: u64, window_us: u64) -> (u64, u64) {
    if length_us <= window_us {
        return (0, length_us);
    }
    let last = length_us.saturating_sub(1) / window_us;
    let from_us = (now_us / window_us).min(last) * window_us;
    (from_us, from_us + window_us)
}

fn drawing(picture: &Picture) -> Html {
    let Rect { y, h, .. } = picture.plot;
    let (top, bottom) = (number(y), number(y + h));
    let cursor = number(picture.cursor_x);
    html! {
        <>
            for at in picture.crashes.iter() {
                <rect class="down-band" x={number(at.x)} y={number(at.y)} width={number(at.w)} height={number(at.h)}/>
            }
            for each in picture.lanes.iter() { { lane(each, picture.plot) } }
            for (x, words) in picture.ticks.iter() {
                <text class="f-mono t-muted" x={number(*x)} y={number(picture.height - 4.0)} text-anchor="middle" font-size="10.5">{ words.clone() }</text>
            }
            for each in picture.lines.iter() { { slant(each) } }
            for each in picture.dots.iter() { { dot(each) } }
            // What has been seen already, and is still to come at the cursor.
            <rect class="future" x={cursor.clone()} y={top.clone()} width={number((picture.plot.right() - picture.cursor_x).max(0.0))} height={number(h)}/>
            for each in picture.brackets.iter() { { bracket(each, picture.plot) } }
            <path class="cursor-line" d={format!("M{cursor} {top}V{bottom}")}/>
        </>
    }
}

fn lane(lane: &Lane, plot: Rect) -> Html {
    let class = match lane.place {
        Place::Client(_) => "t-client",
        Place::Node(_) => "t-ink",
    };
    let d = format!(
        "M{} {}H{}",
        number(plot.x),
        number(lane.y),
        number(plot.right())
    );
    html! {
        <>
            <path class="lane" {d}/>
            <text {class} x="14" y={number(lane.y + 4.0)} font-size="12">{ lane.name.clone() }</text>
        </>
    }
}

fn slant(line: &Slant) -> Html {
    let hue = line.hue.map(|hue| format!("v{}", hue.0));
    let class = classes!(
        "slant",
        hue.is_some().then_some("hued"),
        hue,
        tone(line.tone),
        line.reply.then_some("reply"),
        line.lost.then_some("ends-lost"),
        line.bad.then_some("bad"),
    );
    let d = format!(
        "M{} {}L{} {}",
        number(line.from.x),
        number(line.from.y),
        number(line.to.x),
        number(line.to.y)
    );
    html! {
        <>
            <path {class} {d}/>
            if line.lost { <path class="lost" d={scene::glyphs::cross(line.to, 4.0)}/> }
        </>
    }
}

fn dot(dot: &Dot) -> Html {
    let class = classes!("dot", tone(dot.tone));
    html! {
        <circle {class} cx={number(dot.at.x)} cy={number(dot.at.y)} r={number(dot.radius)}><title>{ dot.words.clone() }</title></circle>
    }
}

/// A broken promise: a bar from where its evidence begins, with its name.
fn bracket(bracket: &Bracket, plot: Rect) -> Html {
    let y = plot.y + 6.0 + f64::from(bracket.row) * 14.0;
    let d = format!(
        "M{} {}H{}",
        number(bracket.from_x),
        number(y),
        number(bracket.to_x)
    );
    html! {
        <>
            <path class="bracket" {d}/>
            <text class="t-bad f-title" x={number(bracket.label_x)} y={number(y - 4.0)} font-size="10.5">{ bracket.text.clone() }</text>
        </>
    }
}

fn tone(tone: Tone) -> String {
    format!("t-{}", tone.name())
}

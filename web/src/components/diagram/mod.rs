//! The space-time diagram: a lane for each place, time to the right, on the stage's own cursor.
//!
//! For the eye it is a picture that one can zoom, drag and point into; for the keyboard and for those who
//! listen it is a list of what happened, in order. What is shown is the component's own matter: the run and its
//! cursor know nothing of it.

mod drawing;
mod hands;
mod tip;
mod tools;
mod view;

use std::cell::Cell;
use std::rc::Rc;

use replication::engine::time::SimTime;
use scene::geometry::Point;
use scene::space_time::{Axis, Thing, What, Window, all_told, light, told};
use scene::{Diagram as Picture, space_time};
use web_sys::Element;
use yew::prelude::*;

use crate::desk::{Desk, Part, use_turns};
use crate::paint::number;
use crate::platform;
use crate::watching::watch;
use hands::{Drag, point_of};
use tip::Tip;
use tools::tools;
use view::View;

/// More lanes than this want more height.
const LANES_LOW: usize = 8;
/// The screens on which it is open unasked: those with room for it below the stage.
const ROOMY: &str = "(min-width: 1120px) and (min-height: 820px)";
/// How near to a line a mouse has to be, in pixels.
const REACH: f64 = 7.0;
/// How near a finger.
const REACH_FINGER: f64 = 14.0;

/// The diagram.
#[derive(Properties)]
pub struct Props {
    /// The desk.
    pub desk: Desk,
}

impl PartialEq for Props {
    fn eq(&self, other: &Self) -> bool {
        self.desk.is_drawn_same(&other.desk, Part::Diagram)
    }
}

/// The diagram, under a heading that folds it away.
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
            if *open { <Opened desk={props.desk.clone()}/> }
        </div>
    }
}

/// What is seen: the stretch, where moments stand in it, and the picture.
struct Seen {
    axis: Axis,
    picture: Picture,
}

/// What is pointed at, and where words about it stand.
type Pointed = Option<(What, Point)>;

#[component]
fn Opened(props: &Props) -> Html {
    let desk = &use_turns(&props.desk, Part::Diagram);
    let area = use_node_ref();
    let size = use_state_eq(|| (0.0, 0.0));
    let view = use_state_eq(View::default);
    let as_text = use_state_eq(|| false);
    // What the pointer is on, and what the keys have come to: the pointer goes first.
    let pointed = use_state_eq(|| Pointed::None);
    let active = use_state_eq(|| None::<What>);
    let dragged = use_mut_ref(|| None::<Drag>);
    let before = use_mut_ref(|| None::<Window>);
    let number_of = use_memo((), |()| next_number());
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
    let seen = use_memo(
        (desk.clone(), *view, *size, focus),
        |(desk, view, size, focus)| {
            let window = view.window(desk, *before.borrow());
            *before.borrow_mut() = view.follows().then_some(window);
            let axis = view.axis(desk, window);
            let picture = desk.with(|run, index| {
                let focus = focus.and_then(|number| run.violations().get(number));
                space_time(run, index, *size, &axis, focus)
            });
            Seen { axis, picture }
        },
    );
    let Seen { axis, picture } = &*seen;

    // What is said of it. While time runs nobody can read as fast as things happen.
    let listed = !desk.store().playing;
    let lines = use_memo(
        (desk.clone(), *view, listed, *size),
        |(desk, _, listed, _)| {
            let things = if *listed {
                picture.things()
            } else {
                Vec::new()
            };
            let words = desk.with(|run, index| all_told(run, index, &things));
            let words = words.into_iter().map(AttrValue::from);
            things.into_iter().zip(words).collect::<Vec<_>>()
        },
    );
    let active_at = lines
        .iter()
        .position(|(thing, _)| Some(thing.what) == *active);
    let by_key = active_at.map(|place| (lines[place].0.what, lines[place].0.at));
    let about = pointed.or(by_key);
    let lit_what = about.map(|(what, _)| what).or(focus.map(What::Violation));
    let lit = lit_what.map(|what| {
        let light = desk.with(|run, index| light(run, index, picture, axis, what));
        (what, light)
    });
    let words = about.map(|(what, at)| {
        let words = desk.with(|run, index| told(run, index, what));
        (AttrValue::from(words), at)
    });

    let go = {
        let desk = desk.clone();
        // A message is gone to where one points along it.
        Callback::from(move |(what, pointed_us): (What, Option<u64>)| match what {
            What::Violation(number) => desk.show_violation(number),
            What::Event(seq) | What::Message(seq) => {
                let at = desk.with(|run, _| run.records().get(seq.index()).map(|record| record.at));
                let at = at.unwrap_or_default();
                let along = pointed_us.map(SimTime).filter(|along| *along > at);
                desk.seek(along.unwrap_or(at));
            }
        })
    };
    let onclick = {
        let (desk, area, seen) = (desk.clone(), area.clone(), seen.clone());
        let (dragged, pointed, go) = (dragged.clone(), pointed.clone(), go.clone());
        Callback::from(move |event: MouseEvent| {
            // A drag is no click.
            if dragged.take().is_some_and(|drag| drag.moved) {
                return;
            }
            let Some(at) = point_of(&event, &area) else {
                return;
            };
            let moment_us = seen.moment_us(at.x);
            let what = seen.picture.nearest(at, seen.reach(&event));
            pointed.set(what.map(|what| (what, at)));
            match what {
                Some(What::Message(seq)) => {
                    let along = seen.picture.lines.iter().find(|line| line.seq == seq);
                    let along = along.map(|line| moment_us.min(line.during.to_us));
                    go.emit((What::Message(seq), along));
                }
                Some(what) => go.emit((what, None)),
                None => desk.seek(SimTime(moment_us)),
            }
        })
    };
    let touch = hands::pointing(desk, &view, &seen, &area, &dragged, &pointed);
    hands::use_wheel(desk, &view, &seen, &area);
    // Where the keys are: ahead of what is drawn, where they are pressed faster than that.
    let pressed_at = use_mut_ref(|| None);
    pressed_at.replace(active_at);
    let onkeydown = hands::keys(desk, &view, &seen, &active, &lines, &pressed_at, &go);
    let drawn = !*as_text;
    let option_id = |place: usize| format!("diagram-{number_of}-{place}");
    {
        // What the keys have come to stays in sight.
        let area = area.clone();
        use_effect_with((active_at, *as_text), move |(_, as_text)| {
            let chosen = area
                .cast::<Element>()
                .and_then(|area| area.query_selector("[aria-selected=true]").ok().flatten());
            if let Some(chosen) = chosen.filter(|_| *as_text) {
                platform::bring_into_sight(&chosen);
            }
        });
    }
    html! {
        <>
            { tools(desk, &view, &as_text, axis) }
            <div
                class={classes!("lanes", (picture.lanes.len() > LANES_LOW).then_some("many"), as_text.then_some("as-text"))}
                ref={area}
                tabindex="0"
                role={if lines.is_empty() { "group" } else { "listbox" }}
                aria-label="What happened, in order of time"
                aria-activedescendant={active_at.map(option_id)}
                onclick={drawn.then_some(onclick)}
                {onkeydown}
                onpointerdown={drawn.then_some(touch.down)}
                onpointermove={drawn.then_some(touch.r#move)}
                onpointerleave={drawn.then_some(touch.leave)}
                onpointercancel={drawn.then_some(touch.cancel)}
            >
                if drawn {
                    <svg class="scene" width={number(size.0)} height={number(size.1)} aria-hidden="true">
                        { drawing::drawing(&seen, lit.as_ref()) }
                    </svg>
                    if let Some((words, at)) = words { <Tip {words} {at} size={*size}/> }
                }
                <ol class={if *as_text { "told" } else { "told unseen" }} role="presentation">
                    for (place, (thing, words)) in lines.iter().enumerate() {
                        { option(option_id(place), thing, words, active_at == Some(place), thing.at_us > picture.now_us, as_text.then(|| go.clone())) }
                    }
                </ol>
                if *as_text && !listed { <p class="why">{ "Pause to read what is here." }</p> }
            </div>
        </>
    }
}

impl Seen {
    /// The moment at a distance from the left.
    fn moment_us(&self, x: f64) -> u64 {
        let plot = self.picture.plot;
        let share = (x - plot.x) / plot.w.max(1.0);
        self.axis.us(share.clamp(0.0, 1.0))
    }

    /// How near to a thing a pointer has to be to be on it.
    fn reach(&self, event: &MouseEvent) -> f64 {
        let finger = hands::is_finger(event);
        if finger { REACH_FINGER } else { REACH }
    }
}

/// A line of the list.
fn option(
    id: String,
    thing: &Thing,
    words: &AttrValue,
    active: bool,
    later: bool,
    go: Option<Callback<(What, Option<u64>)>>,
) -> Html {
    let what = thing.what;
    let onclick = go.map(|go| Callback::from(move |_: MouseEvent| go.emit((what, None))));
    let broken = matches!(what, What::Violation(_)).then_some("broken");
    let class = classes!(broken, later.then_some("later"));
    html! {
        <li {id} role="option" {class} aria-selected={if active { "true" } else { "false" }} {onclick}>{ words.clone() }</li>
    }
}

/// A number that no other diagram on the page has.
fn next_number() -> u32 {
    thread_local! {
        static NEXT: Cell<u32> = const { Cell::new(0) };
    }
    NEXT.replace(NEXT.get() + 1)
}

/// The lines of a list: each thing in words.
type Lines = Rc<Vec<(Thing, AttrValue)>>;

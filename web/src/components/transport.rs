//! Play, step, speed and the scrubber; of two runs side by side too.

use replication::engine::time::SimTime;
use replication::run::End;
use scene::quantity::moment;
use web_sys::{Element, HtmlInputElement};
use yew::prelude::*;

use crate::components::branches::Branches;
use crate::components::marks::Marks;
use crate::desk::Desk;
use crate::platform;
use crate::speed::Speed;
use crate::store::Stopped;

/// How fine the scrubber is: so many places over the whole run.
const PLACES: u64 = 2000;

/// One row of buttons and the scrubber.
pub fn transport(desk: &Desk) -> Html {
    let store = desk.store();
    let marks = Marks::of(desk);
    let now = desk.player().now();
    let does = |verb: fn(&Desk)| {
        let desk = desk.clone();
        Callback::from(move |_: MouseEvent| verb(&desk))
    };
    let ended = desk.player().over();
    let on_speed = {
        let desk = desk.clone();
        Callback::from(move |event: InputEvent| {
            if let Some(step) = read(&event).and_then(|value| value.parse().ok()) {
                desk.pace(Speed::at(step));
            }
        })
    };
    let place_us = marks.length_us.div_ceil(PLACES).max(1);
    let on_scrub = {
        let desk = desk.clone();
        Callback::from(move |event: InputEvent| {
            if let Some(place) = read(&event).and_then(|value| value.parse::<u64>().ok()) {
                desk.seek(SimTime(place * place_us));
            }
        })
    };
    let places = marks.length_us.div_ceil(place_us);
    let (play, picture) = match (store.playing, store.stopped, ended.is_some()) {
        (true, _, _) => ("Pause", PAUSE),
        (false, _, true) => ("Play again", AGAIN),
        (false, Some(Stopped::Violation), _) => ("Go on", PLAY),
        _ => ("Play", PLAY),
    };
    let at_start = now == SimTime::ZERO;
    let undo = {
        let desk = desk.clone();
        Callback::from(move |event: MouseEvent| {
            desk.undo();
            // The button goes with the run: what one does next is to let time run.
            platform::focus_in_figure(event.target_dyn_into(), ".play");
        })
    };
    html! {
        <div class="transport" role="group" aria-label="Player">
            <div class="row">
                <button type="button" class="primary play" onclick={does(Desk::toggle)}>
                    <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true"><path d={picture} fill="currentColor"/></svg>
                    { play }
                </button>
                <button type="button" class="icon to-start" aria-label="To the start" title="To the start" aria-disabled={idle(at_start)} onclick={does(Desk::restart)}>{ "|◂" }</button>
                <button type="button" aria-disabled={idle(at_start)} onclick={does(Desk::step_back)}>{ "◂ step" }</button>
                <button type="button" aria-disabled={idle(ended.is_some())} onclick={does(Desk::step)}>{ "step ▸" }</button>
                if marks.broken {
                    <button type="button" class="icon" aria-label="Broken promise before" title="Broken promise before (Shift+N)" aria-disabled={idle(desk.violation_behind().is_none())} onclick={does(Desk::previous_violation)}>{ "◂ ✗" }</button>
                    <button type="button" class="icon" aria-label="Next broken promise" title="Next broken promise (N)" aria-disabled={idle(desk.is_known() && desk.violation_ahead().is_none())} onclick={does(Desk::next_violation)}>{ "✗ ▸" }</button>
                }
                <span class="time" data-now-us={now.0.to_string()}><span>{ format!("t = {}", moment(now.0)) }</span></span>
                <span class="speed">
                    <label>
                        <span class="name">{ "Speed" }</span>
                        <input type="range" min="0" max={Speed::LAST.to_string()} step="1" value={store.speed.step().to_string()} aria-valuetext={store.speed.written()} oninput={on_speed}/>
                    </label>
                    <output>{ store.speed.written() }</output>
                </span>
            </div>
            <div class="scrub">
                { marks.view(desk) }
                <input
                    type="range"
                    aria-label="Moment of the run"
                    min="0"
                    max={places.to_string()}
                    step="1"
                    value={(now.0 / place_us).to_string()}
                    aria-valuetext={moment(now.0)}
                    oninput={on_scrub}
                />
            </div>
            <div class="row notice-row">
                { status(desk, ended) }
                if let Some(notice) = &store.notice { <span class="notice-words">{ notice }</span> }
                if store.branches.parent().is_some() && store.beside.is_none() {
                    <button type="button" class="link" onclick={undo}>{ "Undo: back to the run before" }</button>
                    <button type="button" class="link" onclick={does(Desk::compare_with_parent)}>{ "Compare with the run before" }</button>
                }
            </div>
            if store.beside.is_none() { <Branches desk={desk.clone()}/> }
        </div>
    }
}

const PLAY: &str = "M2 0.5L13 7L2 13.5z";
const PAUSE: &str = "M2 1h3.6v12H2zM8.4 1H12v12H8.4z";
const AGAIN: &str = "M7 1a6 6 0 1 0 6 6h-2.2A3.8 3.8 0 1 1 7 3.2V6l4.4-3.6L7-1z";

/// What a button says that does nothing now. It can't be taken away from whoever has just pressed it: a disabled one would
/// lose the focus, and the keyboard with it.
pub fn idle(is_idle: bool) -> &'static str {
    if is_idle { "true" } else { "false" }
}

/// Why it stands still, where one could wonder.
fn status(desk: &Desk, ended: Option<End>) -> Html {
    match (desk.store().stopped, ended) {
        // The card that says why is beside the run, and not beside two of them.
        (Some(Stopped::Violation), _) if desk.player().beside().is_some() => {
            html! { <strong class="paused-note">{ "Paused: a promise was broken." }</strong> }
        }
        (Some(Stopped::Violation), _) => {
            html! { <Broken key="paused" words="Paused: a promise was broken."/> }
        }
        // Who has jumped there.
        _ if desk.store().focus.is_some() && desk.store().beside.is_none() => {
            html! { <Broken key="jumped" words="Here a promise is broken."/> }
        }
        // Of two runs a table says more.
        (_, Some(end)) if desk.store().beside.is_some() => html! { <span>{ over(end) }</span> },
        (_, Some(end)) => {
            let verdict = desk.with(|run, _| scene::verdict_words(run));
            html! { <span>{ over(end) }{ " " }{ verdict }</span> }
        }
        _ => Html::default(),
    }
}

#[derive(PartialEq, Properties)]
struct BrokenProps {
    words: &'static str,
}

/// That a promise is broken: comes into sight by itself, since on a phone it may be below what one sees.
#[component]
fn Broken(props: &BrokenProps) -> Html {
    let note = use_node_ref();
    {
        let note = note.clone();
        use_effect_with((), move |()| {
            if let Some(note) = note.cast::<Element>() {
                platform::bring_into_sight(&note);
            }
        });
    }
    html! {
        <>
            <strong class="paused-note" ref={note}>{ props.words }</strong>
            // On a phone the card that says why is further down.
            <a class="why-paused" href="#violation-title">{ "Why?" }</a>
        </>
    }
}

/// Why a run is over.
pub fn over(end: End) -> &'static str {
    match end {
        End::Time => "The run is over: its time is up.",
        End::Quiet => "The run is over: nothing more can happen.",
        End::Records => "The run is over: it reached its limit of events.",
        End::Operations => "The run is over: it reached its limit of operations.",
        End::InFlight => "The run is over: too many messages are on the wire.",
    }
}

fn read(event: &InputEvent) -> Option<String> {
    Some(event.target_dyn_into::<HtmlInputElement>()?.value())
}

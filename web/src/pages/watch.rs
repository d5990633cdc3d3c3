//! The page on which one watches a run.

use gloo_events::{EventListener, EventListenerOptions};
use wasm_bindgen::JsCast;
use web_sys::Element;
use yew::prelude::*;

use crate::catalogue;
use crate::components::document::Document;
use crate::components::figure::Figure;
use crate::components::fold::Fold;
use crate::components::keys::Keys;
use crate::components::knobs::knobs;
use crate::components::measured::measured;
use crate::components::promises::promises;
use crate::components::screens::screens;
use crate::components::topbar::Topbar;
use crate::components::violation::violation_card;
use crate::desk::{Desk, use_desk};
use crate::store::Open;

/// The page.
#[component]
pub fn Watch() -> Html {
    let desk = use_desk(catalogue::opening);
    use_keys(&desk);
    let accept = {
        let desk = desk.clone();
        Callback::from(move |_: MouseEvent| desk.accept())
    };
    let store = desk.store();
    html! {
        <div class="app">
            <div>
                <Topbar desk={desk.clone()}/>
                if let Some(why) = &store.refused {
                    <div class="error" role="alert">
                        <p>{ why }</p>
                        <button type="button" onclick={accept}>{ "Close" }</button>
                    </div>
                }
            </div>
            <main class="watch" data-figure="">
                <Figure desk={desk.clone()}/>
                <div class="results">
                    { violation_card(&desk) }
                    { screens(&desk) }
                    { promises(&desk) }
                    <Fold id="measured" name="Measured so far">{ measured(&desk) }</Fold>
                </div>
                <div class="knobs">
                    <Fold id="knobs" name="Knobs">{ knobs(&desk) }</Fold>
                </div>
            </main>
            if store.open == Open::Document { <Document desk={desk.clone()}/> }
            if store.open == Open::Keys { <Keys desk={desk.clone()}/> }
        </div>
    }
}

/// The keys of the page; a control that has the focus keeps its own.
#[hook]
fn use_keys(desk: &Desk) {
    let latest = use_mut_ref(|| desk.clone());
    *latest.borrow_mut() = desk.clone();
    use_effect_with((), move |()| {
        let body = web_sys::window()
            .and_then(|window| window.document())
            .and_then(|document| document.body());
        let listener = body.map(|body| {
            let options = EventListenerOptions::enable_prevent_default();
            EventListener::new_with_options(&body, "keydown", options, move |event| {
                let Some(event) = event.dyn_ref::<KeyboardEvent>() else {
                    return;
                };
                let desk = latest.borrow().clone();
                if act(&desk, event) {
                    event.prevent_default();
                }
            })
        });
        move || drop(listener)
    });
}

/// Whether the key did something.
fn act(desk: &Desk, event: &KeyboardEvent) -> bool {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    let within = |selector: &str| {
        target
            .as_ref()
            .is_some_and(|target| matches!(target.closest(selector), Ok(Some(_))))
    };
    if event.default_prevented()
        || event.ctrl_key()
        || event.meta_key()
        || event.alt_key()
        || within("dialog, input, select, textarea")
    {
        return false;
    }
    match event.key().as_str() {
        // A button that has the focus is pressed by Space, and nothing else is.
        " " if !within("button, summary, a, [role=button]") => desk.toggle(),
        "ArrowRight" => desk.step(),
        "ArrowLeft" => desk.step_back(),
        "Home" => desk.restart(),
        "u" | "U" => desk.undo(),
        "?" => desk.show(Open::Keys),
        "Escape" if desk.store().open != Open::Nothing => desk.show(Open::Nothing),
        _ => return false,
    }
    true
}

//! The page on which one watches a run.

use gloo_events::{EventListener, EventListenerOptions};
use wasm_bindgen::JsCast;
use web_sys::Element;
use yew::prelude::*;

use crate::catalogue;
use crate::components::document::Document;
use crate::components::figure::Figure;
use crate::components::fold::Fold;
use crate::components::in_turn::in_turn;
use crate::components::keys::Keys;
use crate::components::knobs::knobs;
use crate::components::lecture::lecture;
use crate::components::results::Results;
use crate::components::topbar::Topbar;
use crate::components::words::TermCard;
use crate::desk::{Desk, Part, use_desk};
use crate::pages::compare::Compare;
use crate::pages::glossary::Glossary;
use crate::pages::history::HistoryPage;
use crate::pages::limits::Limits;
use crate::platform;
use crate::store::{Open, Store};
use crate::stories;

/// What the address asks for beside the run, which waits meanwhile.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Beside {
    /// The page that says what is left out.
    Limits,
    /// The page that judges a history.
    History,
    /// The page that says what the words mean.
    Glossary,
}

impl Beside {
    /// What the address asks for now.
    fn asked() -> Option<Self> {
        [Beside::Limits, Beside::History, Beside::Glossary]
            .into_iter()
            .find(|page| platform::fragment().strip_prefix('#') == Some(page.name()))
    }

    /// Its address, and the name of its element.
    fn name(self) -> &'static str {
        match self {
            Beside::Limits => "limits",
            Beside::History => "history",
            Beside::Glossary => "glossary",
        }
    }
}

/// The page.
#[component]
pub fn Watch() -> Html {
    let desk = use_desk(|| {
        let scenario = catalogue::opening();
        let seed = scenario.seed;
        Store::open(scenario, seed, catalogue::opening_text().into())
    });
    let (beside, back) = use_address(&desk);
    use_keys(&desk);
    use_focus(desk.store().beside.is_some(), None);
    use_focus(desk.store().lecture, Some(".lecture-bar .on"));
    use_focus(beside.is_some(), None);
    let accept = {
        let desk = desk.clone();
        Callback::from(move |_: MouseEvent| desk.accept())
    };
    let store = desk.store();
    html! {
        <div class="app">
            <div>
                if !store.lecture { <Topbar desk={desk.clone()}/> }
                if let Some(why) = &store.refused {
                    <div class="error" role="alert">
                        <p>{ why }</p>
                        <button type="button" onclick={accept}>{ "Close" }</button>
                    </div>
                }
            </div>
            if beside == Some(Beside::Limits) {
                <Limits {back}/>
            } else if beside == Some(Beside::History) {
                <HistoryPage desk={desk.clone()} {back}/>
            } else if beside == Some(Beside::Glossary) {
                <Glossary {back}/>
            } else if store.beside.is_some() {
                <Compare desk={desk.clone()}/>
            } else {
                <main class={classes!("watch", store.lecture.then_some("lecture"))} data-figure="" data-run-title={store.scenario.title.clone()}>
                    if store.lecture { { in_turn(&desk, Part::Player, lecture) } }
                    <Figure desk={desk.clone()}/>
                    <Results desk={desk.clone()}/>
                    <div class="knobs">
                        <Fold id="knobs" name="Knobs">{ in_turn(&desk, Part::Read, knobs) }</Fold>
                    </div>
                </main>
            }
            if store.open == Open::Document { <Document desk={desk.clone()}/> }
            if store.open == Open::Keys { <Keys desk={desk.clone()}/> }
            <TermCard/>
        </div>
    }
}

/// Follows the address: it names a story, or asks for another page, which is returned with what leads back.
#[hook]
fn use_address(desk: &Desk) -> (Option<Beside>, String) {
    let asked = use_state_eq(Beside::asked);
    // The last that asked for no page.
    let run = use_mut_ref(|| match Beside::asked() {
        Some(_) => "#".to_owned(),
        None => platform::fragment(),
    });
    let latest = use_mut_ref(|| desk.clone());
    *latest.borrow_mut() = desk.clone();
    {
        let (asked, run) = (asked.setter(), run.clone());
        use_effect_with((), move |()| {
            let first = latest.clone();
            if Beside::asked().is_none() {
                stories::open_named(false, move || first.borrow().clone());
            }
            let listener = web_sys::window().map(|window| {
                EventListener::new(&window, "hashchange", move |_| {
                    let desk = latest.borrow().clone();
                    desk.pause();
                    desk.show(Open::Nothing);
                    asked.set(Beside::asked());
                    let latest = latest.clone();
                    // Back from another page, whatever was made of a story stays.
                    let goes_back = || {
                        let before = run.replace(platform::fragment());
                        before.trim_start_matches('#')
                            == platform::fragment().trim_start_matches('#')
                    };
                    if Beside::asked().is_none() && !goes_back() {
                        stories::open_named(false, move || latest.borrow().clone());
                    }
                })
            });
            move || drop(listener)
        });
    }
    use_effect_with(*asked, |asked| {
        if let Some(page) = asked {
            platform::go_to(page.name());
        }
    });
    let back = match run.borrow().as_str() {
        "" => "#".to_owned(),
        run => run.to_owned(),
    };
    (*asked, back)
}

/// Who comes to another view of the page, or back from one, finds the focus where they go on: back on the player, and there
/// on what `there` selects, unless the view sees to that itself.
#[hook]
fn use_focus(is_there: bool, there: Option<&'static str>) {
    let last = use_mut_ref(|| (is_there, 0_u32));
    let (was_there, turns) = *last.borrow();
    // Counted as they are drawn: where one is back before the effect has run, all is as it was, but for the focus.
    let turns = turns + u32::from(was_there != is_there);
    last.replace((is_there, turns));
    use_effect_with(turns, move |turns| {
        let selector = if is_there { there } else { Some(".play") };
        if let Some(selector) = selector.filter(|_| *turns > 0) {
            platform::focus_on(selector);
        }
    });
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
        || Beside::asked().is_some()
    {
        return false;
    }
    match event.key().as_str() {
        // A button that has the focus is pressed by Space, and nothing else is.
        " " if !within("button, summary, a, [role=button]") => desk.toggle(),
        "ArrowRight" => desk.step(),
        "ArrowLeft" => desk.step_back(),
        "Home" => desk.restart(),
        "PageDown" if desk.store().lecture => desk.next_beat(),
        "PageUp" if desk.store().lecture => desk.previous_beat(),
        "l" | "L" => desk.toggle_lecture(),
        "n" => desk.next_violation(),
        "N" => desk.previous_violation(),
        "u" | "U" => desk.undo(),
        "c" | "C" if desk.store().beside.is_some() => desk.compare_no_more(),
        "c" | "C" => desk.compare(),
        "?" => desk.show(Open::Keys),
        "Escape" if desk.store().open != Open::Nothing => desk.show(Open::Nothing),
        "Escape" if desk.store().lecture && !desk.is_choosing() => desk.toggle_lecture(),
        "Escape" if desk.store().beside.is_some() => desk.compare_no_more(),
        _ => return false,
    }
    true
}

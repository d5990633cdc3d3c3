//! The top of the page: the story, its text, the keys, the theme.

use replication::scenario::Scenario;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

use crate::catalogue;
use crate::desk::Desk;
use crate::platform;
use crate::store::Open;

/// The value of a scenario that is none of the list's.
const OWN: &str = "own";

/// The top of the page.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The desk.
    pub desk: Desk,
}

/// Name, picker and the page's own buttons.
#[component]
pub fn Topbar(props: &Props) -> Html {
    let desk = &props.desk;
    let stories = use_memo((), |()| catalogue::titles());
    let dark = use_state(platform::is_dark);
    let title = &desk.store().scenario.title;
    let chosen = stories.iter().position(|story| story == title);
    let onchange = {
        let desk = desk.clone();
        Callback::from(move |event: Event| {
            let value = event
                .target_dyn_into::<HtmlSelectElement>()
                .map(|select| select.value());
            let story = value
                .and_then(|value| value.parse::<usize>().ok())
                .and_then(|number| catalogue::STORIES.get(number));
            if let Some(story) = story {
                desk.load(Scenario::from_bytes(story.as_bytes()));
            }
        })
    };
    let shows = |open: Open| {
        let desk = desk.clone();
        Callback::from(move |_: MouseEvent| desk.show(open))
    };
    let ontheme = {
        let dark = dark.clone();
        Callback::from(move |_: MouseEvent| {
            platform::set_dark(!*dark);
            dark.set(!*dark);
        })
    };
    html! {
        <header class="topbar">
            <h1 class="brand">
                <svg width="22" height="22" viewBox="0 0 22 22" aria-hidden="true">
                    <circle class="mark-rim" cx="11" cy="11" r="9.2"/>
                    <circle class="mark-leader" cx="11" cy="6.2" r="2.4"/>
                    <circle class="mark-follower" cx="6.6" cy="13.6" r="2.4"/>
                    <circle class="mark-stale" cx="15.4" cy="13.6" r="2.4"/>
                </svg>
                { "Replicascope" }
            </h1>
            <label class="field story">
                <span>{ "Story" }</span>
                <select {onchange}>
                    for (number, story) in stories.iter().enumerate() {
                        <option key={number} value={number.to_string()} selected={chosen == Some(number)}>{ story }</option>
                    }
                    if chosen.is_none() { <option value={OWN} selected=true>{ title }</option> }
                </select>
            </label>
            <button type="button" class="open" aria-haspopup="dialog" onclick={shows(Open::Document)}>{ "Open or edit…" }</button>
            <span class="space"></span>
            <p class="tagline">{ "Copies of data make promises. Watch them kept, and broken." }</p>
            <button type="button" class="quiet" aria-haspopup="dialog" onclick={shows(Open::Keys)}>{ "Keys" }</button>
            <button type="button" class="quiet" aria-pressed={if *dark { "true" } else { "false" }} onclick={ontheme}>{ "Dark" }</button>
        </header>
    }
}

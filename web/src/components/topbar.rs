//! The top of the page: the story, its text, the keys, the theme.

use web_sys::HtmlSelectElement;
use yew::prelude::*;

use crate::catalogue;
use crate::desk::Desk;
use crate::platform;
use crate::store::Open;
use crate::stories;

/// The value of a scenario that is none of the list's.
const OWN: &str = "own";

/// The top of the page.
#[derive(Properties)]
pub struct Props {
    /// The desk.
    pub desk: Desk,
}

impl PartialEq for Props {
    fn eq(&self, other: &Self) -> bool {
        self.desk.is_of_same_intent(&other.desk)
    }
}

/// Name, picker and the page's own buttons.
#[component]
pub fn Topbar(props: &Props) -> Html {
    let desk = &props.desk;
    let dark = use_state(platform::is_dark);
    let title = &desk.store().scenario.title;
    let chapters = use_memo((), |()| catalogue::chapters());
    let mut all = chapters.iter().flat_map(|chapter| &chapter.stories);
    let chosen = all.find(|story| story.title == *title);
    let onchange = {
        let desk = desk.clone();
        Callback::from(move |event: Event| {
            let select = event.target_dyn_into::<HtmlSelectElement>();
            if let Some(file) = select.map(|select| select.value()) {
                stories::go_to(&desk, &file);
            }
        })
    };
    let shows = |open: Open| {
        let desk = desk.clone();
        Callback::from(move |_: MouseEvent| desk.show(open))
    };
    let oncompare = {
        let desk = desk.clone();
        Callback::from(move |_: MouseEvent| match desk.store().beside {
            Some(_) => desk.compare_no_more(),
            None => desk.compare(),
        })
    };
    let onlecture = {
        let desk = desk.clone();
        Callback::from(move |_: MouseEvent| desk.toggle_lecture())
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
                <span class="name">{ "Replicascope" }</span>
            </h1>
            <label class="field story">
                <span class="name">{ "Story" }</span>
                <select {onchange}>
                    for chapter in chapters.iter() {
                        <optgroup label={chapter.name.clone()}>
                            for story in &chapter.stories {
                                <option value={story.file.clone()} selected={chosen == Some(story)}>{ &story.title }</option>
                            }
                        </optgroup>
                    }
                    if chosen.is_none() { <option value={OWN} selected=true>{ title }</option> }
                </select>
            </label>
            <button type="button" class="open" aria-haspopup="dialog" onclick={shows(Open::Document)}>{ "Open or edit…" }</button>
            <button type="button" class="open" aria-pressed={if desk.store().beside.is_some() { "true" } else { "false" }} onclick={oncompare}>{ "Compare" }</button>
            <div class="ways">
                <p class="tagline">{ "Copies of data make promises. Watch them kept, and broken." }</p>
                <a class="quiet" href="#history">{ "Judge a history" }</a>
                <a class="quiet" href="#glossary">{ "Words" }</a>
                <a class="quiet" href="#limits">{ "What is left out" }</a>
                if !desk.is_choosing() {
                    <button type="button" class="quiet to-lecture" onclick={onlecture}>{ "Lecture" }</button>
                }
                <button type="button" class="quiet keys" aria-haspopup="dialog" onclick={shows(Open::Keys)}>{ "Help" }</button>
                <button type="button" class="quiet" aria-pressed={if *dark { "true" } else { "false" }} onclick={ontheme}>{ "Dark" }</button>
            </div>
        </header>
    }
}

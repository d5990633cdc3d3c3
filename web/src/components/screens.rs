//! What each person sees, beside the truth.

use scene::Screen;
use scene::screens::{Ask, Picture, ScreenRow, Thing};
use yew::prelude::*;

use crate::desk::Desk;
use crate::paint::number;

/// Longer values are set smaller.
const LARGE_CHARS_MAX: usize = 8;

/// A small screen for each client, and a card for the truth.
pub fn screens(desk: &Desk) -> Html {
    let screens = desk.with(scene::what_they_see);
    let truth = all_keys(&screens);
    if truth.is_empty() {
        return Html::default();
    }
    html! {
        <section aria-labelledby="screens-title">
            <h2 id="screens-title">{ "What they see" }</h2>
            <ul class="screens">
                { for screens.iter().map(screen) }
                <li class="screen truth">
                    <h3>{ "The truth" }</h3>
                    <dl>
                        { for truth.iter().map(|row| entry(row, &row.truth_things, &row.truth_note, false)) }
                    </dl>
                </li>
            </ul>
        </section>
    }
}

/// A row for each key that anyone has on a screen; each says the truth about its key.
fn all_keys(screens: &[Screen]) -> Vec<&ScreenRow> {
    let mut rows: Vec<&ScreenRow> = Vec::new();
    for row in screens.iter().flat_map(|screen| &screen.rows) {
        if rows.iter().all(|known| known.id != row.id) {
            rows.push(row);
        }
    }
    rows
}

fn screen(screen: &Screen) -> Html {
    let stale = screen.rows.iter().any(|row| row.stale);
    let sees = |row: &ScreenRow| entry(row, &row.things, &row.note(), row.stale);
    html! {
        <li key={screen.client.0.to_string()} class={classes!("screen", stale.then_some("stale"))}>
            <h3>{ format!("{}’s screen", screen.name) }</h3>
            <dl>{ for screen.rows.iter().map(sees) }</dl>
            if !screen.asks.is_empty() {
                <ul class="asks">{ for screen.asks.iter().map(ask) }</ul>
            }
        </li>
    }
}

fn ask(ask: &Ask) -> Html {
    html! {
        <li class={format!("t-{}", ask.tone.name())}>
            <span>{ &ask.what }</span>
            { " " }
            <em>{ ask.fate }</em>
        </li>
    }
}

fn entry(row: &ScreenRow, things: &[Thing], note: &str, stale: bool) -> Html {
    html! {
        <>
            <dt>{ &row.key }</dt>
            <dd class={classes!("things", stale.then_some("stale"))}>
                if things.is_empty() { <span class="thing unseen-yet">{ "–" }</span> }
                { for things.iter().map(thing) }
            </dd>
            <dd class="note">
                if stale { <b class="old">{ "old" }</b>{ " " } }
                { note.to_owned() }
            </dd>
        </>
    }
}

fn thing(thing: &Thing) -> Html {
    match thing {
        Thing::Nothing => html! { <span class="thing nothing">{ "nothing" }</span> },
        Thing::Text(text) => html! { <span class={sized("text", text)}>{ text }</span> },
        Thing::Money(amount) => html! { <span class="thing money">{ amount }</span> },
        Thing::Title(text) => html! { <span class="thing page"><b>{ text }</b><i/><i/></span> },
        Thing::Document(text) => html! { <span class="thing sheet">{ text }<i/><i/></span> },
        Thing::Counter(digits) => html! {
            <span class="thing counter">
                <span class="unseen">{ digits }</span>
                { for digits.chars().map(|digit| html! { <span aria-hidden="true">{ digit }</span> }) }
            </span>
        },
        Thing::Message { from, text } => html! {
            <span class="thing message">
                if !from.is_empty() { <small>{ from }</small> }
                { text }
            </span>
        },
        Thing::Cart(items) => list(items, "cart", "an empty cart"),
        Thing::List(items) => list(items, "list", "an empty list"),
        Thing::Photo {
            caption,
            hue,
            picture,
        } => html! {
            <span class={format!("thing photo v{}", hue.0)}>
                { landscape(picture) }
                <span>{ caption }</span>
            </span>
        },
    }
}

fn sized(kind: &'static str, text: &str) -> Classes {
    let long = text.chars().count() > LARGE_CHARS_MAX;
    classes!("thing", kind, long.then_some("long"))
}

fn list(items: &[String], kind: &'static str, none: &'static str) -> Html {
    if items.is_empty() {
        return html! { <span class="thing nothing">{ none }</span> };
    }
    html! {
        <ul class={classes!("thing", kind)}>
            { for items.iter().map(|item| html! { <li key={item.clone()}>{ item }</li> }) }
        </ul>
    }
}

fn landscape(picture: &Picture) -> Html {
    let (x, y) = picture.sun;
    html! {
        <svg viewBox={format!("0 0 {} {}", Picture::W, Picture::H)} aria-hidden="true">
            <rect width={Picture::W.to_string()} height={Picture::H.to_string()} class="sky"/>
            <circle cx={number(x)} cy={number(y)} r={number(picture.sun_r)} class="sun"/>
            { for picture.hills.iter().map(|hill| html! { <path d={hill.clone()} class="hill"/> }) }
        </svg>
    }
}

//! Terms of the field, explained where they are met: a word in a text, and the card that says what it means.

use gloo_events::EventListener;
use scene::glossary::{Term, marked_after};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};
use yew::prelude::*;

use crate::platform;

/// Between a word and its card, and between the card and the edges of the window, in pixels.
const GAP: f64 = 6.0;

/// A text.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// As it is written.
    pub text: AttrValue,
    /// What stands before it: the terms in that are not marked once more.
    #[prop_or_default]
    pub after: AttrValue,
}

/// A text in which each term of the field is a button that says what it means.
#[component]
pub fn Prose(props: &Props) -> Html {
    let pieces = marked_after(&props.after, &props.text);
    let is_term = |place: usize| pieces.get(place).is_some_and(|piece| piece.term.is_some());
    // What stands close to a term, as a comma does, stays on its line: browsers break lines beside any button.
    let close = |place: usize| {
        let Some(piece) = pieces.get(place).filter(|piece| piece.term.is_none()) else {
            return ("", "", "");
        };
        let after = place.checked_sub(1).is_some_and(&is_term);
        let (head, rest) = piece
            .text
            .split_at(if after { close_length(piece.text) } else { 0 });
        let before = is_term(place + 1);
        let tail = if before { close_length_back(rest) } else { 0 };
        let (rest, tail) = rest.split_at(rest.len() - tail);
        (head, rest, tail)
    };
    let drawn = pieces.iter().enumerate().map(|(place, piece)| match piece.term {
        None => html! { { close(place).1 } },
        Some(term) => {
            let before = place.checked_sub(1).map_or("", |before| close(before).2);
            let (after, _, _) = close(place + 1);
            html! { <span class="kept-whole">{ before }{ word(term, piece.text) }{ after }</span> }
        }
    });
    html! { <>{ for drawn }</> }
}

fn word(term: &'static Term, written: &str) -> Html {
    html! {
        <button type="button" class="term" aria-haspopup="dialog" data-term={term.id}>{ written }</button>
    }
}

/// How much of a text's beginning no space parts from what is before it.
fn close_length(text: &str) -> usize {
    text.find(char::is_whitespace).unwrap_or(text.len())
}

/// How much of its end no space parts from what comes after it.
fn close_length_back(text: &str) -> usize {
    let last = text
        .char_indices()
        .rev()
        .find(|(_, each)| each.is_whitespace());
    text.len() - last.map_or(0, |(at, each)| at + each.len_utf8())
}

/// The card beside the word that was chosen last. One for the whole page: it hears every click.
#[component]
pub fn TermCard() -> Html {
    let card = use_node_ref();
    // With the time of the click: the same word again is another choice.
    let chosen = use_state(|| None::<(f64, &'static Term, HtmlElement)>);
    {
        let chosen = chosen.setter();
        use_effect_with((), move |()| {
            let body = web_sys::window()
                .and_then(|window| window.document())
                .and_then(|document| document.body());
            let listener = body.map(|body| {
                EventListener::new(&body, "click", move |event| {
                    let target = event
                        .target()
                        .and_then(|target| target.dyn_into::<Element>().ok());
                    let word =
                        target.and_then(|target| target.closest("[data-term]").ok().flatten());
                    let word = word.and_then(|word| word.dyn_into::<HtmlElement>().ok());
                    let term = word
                        .as_ref()
                        .and_then(|word| word.get_attribute("data-term"))
                        .and_then(|id| Term::find(&id));
                    if let (Some(term), Some(word)) = (term, word) {
                        chosen.set(Some((event.time_stamp(), term, word)));
                    }
                })
            });
            move || drop(listener)
        });
    }
    {
        let card = card.clone();
        use_effect_with(chosen.clone(), move |chosen| {
            if let (Some((_, _, word)), Some(card)) = (&**chosen, card.cast::<HtmlElement>()) {
                // Where one came from has the focus again when it closes: the browser sees to that.
                let _ = card.show_popover();
                place(&card, word);
                let _ = card.focus();
            }
        });
    }
    let term = chosen.as_ref().map(|(_, term, _)| *term);
    html! {
        <div class="term-card" ref={card} popover="auto" role="dialog" tabindex="-1" aria-labelledby="term-name">
            if let Some(term) = term {
                <h3 id="term-name">{ term.name }</h3>
                <p>{ term.means }</p>
                <p class="more"><a href="#glossary">{ "All words" }</a></p>
            } else {
                <h3 id="term-name">{ "A word" }</h3>
            }
        </div>
    }
}

/// Puts a card below a word, or above it where there is no room, within the window.
fn place(card: &HtmlElement, word: &HtmlElement) {
    let (width, height) = platform::window_size();
    let at = word.get_bounding_client_rect();
    let (w, h) = (
        f64::from(card.offset_width()),
        f64::from(card.offset_height()),
    );
    let left = at.left().min(width - w - GAP).max(GAP);
    let below = at.bottom() + GAP;
    let top = match below + h + GAP <= height {
        true => below,
        false => (at.top() - GAP - h).max(GAP),
    };
    // The policy forbids style attributes, not styles that a script sets.
    let style = card.style();
    let _ = style.set_property("left", &format!("{}px", left as i32));
    let _ = style.set_property("top", &format!("{}px", top as i32));
}

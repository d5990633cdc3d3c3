//! What one can do to a replica or a link, or have a client do: a small dialog beside it on the stage, or below it on a
//! phone.

use replication::ids::Place;
use replication::trace::Seq;
use scene::geometry::Rect;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlSelectElement};
use yew::prelude::*;

use crate::components::verbs::button;
use crate::components::wishes::Wishes;
use crate::deeds::{self, Group, name_of};
use crate::desk::Desk;
use crate::platform;
use crate::store::Open;

/// How far the menu stays from the edges of the stage, in pixels.
const MARGIN: f64 = 8.0;

/// Whose menu it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// A replica's or a client's.
    Place(Place),
    /// A link's.
    Link(Place, Place),
    /// A message's, by the record of its sending.
    Message(Seq),
}

/// Whose menu, and where.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The desk.
    pub desk: Desk,
    /// Whose.
    pub whose: Whose,
    /// What it belongs to, in pixels of the stage.
    pub beside: Rect,
    /// How wide the stage is.
    pub width: f64,
    /// How high.
    pub height: f64,
}

/// The menu of a replica or a client.
#[component]
pub fn Menu(props: &Props) -> Html {
    let Props {
        desk,
        whose,
        beside,
        width,
        height,
    } = props;
    let menu = use_node_ref();
    {
        let (menu, beside, width, height) = (menu.clone(), *beside, *width, *height);
        // Each time: it may have grown.
        use_effect(move || {
            if let Some(menu) = menu.cast::<HtmlElement>() {
                let (w, h) = (
                    f64::from(menu.offset_width()),
                    f64::from(menu.offset_height()),
                );
                let left = left_of(beside, w, width);
                let top = (beside.centre().y - h / 2.0)
                    .min(height - h - MARGIN)
                    .max(MARGIN);
                let style = menu.style();
                // The policy forbids style attributes, not styles that a script sets.
                let _ = style.set_property("--left", &format!("{}px", left as i32));
                let _ = style.set_property("--top", &format!("{}px", top as i32));
            }
        });
    }
    {
        let menu = menu.clone();
        use_effect_with((), move |()| {
            let menu = menu.cast::<Element>();
            let opener = platform::focused();
            // On a phone the menu stands below: what it belongs to is to be seen over it.
            let before = platform::scrolled();
            if let Some(stage) = menu.as_ref().and_then(|menu| menu.parent_element()) {
                platform::bring_into_sight(&stage);
            }
            let moved = platform::scrolled();
            platform::focus(menu.as_ref().and_then(|menu| {
                menu.query_selector(".body button, .body select")
                    .ok()
                    .flatten()
            }));
            // Where one came from has the focus again, unless it has gone elsewhere.
            move || {
                if moved != before && platform::scrolled() == moved {
                    platform::scroll_to(before);
                }
                let focused = platform::focused();
                let inside =
                    menu.is_some_and(|menu| menu.contains(focused.as_ref().map(AsRef::as_ref)));
                if inside || focused.is_none_or(|focused| focused.tag_name() == "BODY") {
                    platform::focus(opener);
                }
            }
        });
    }
    let close = {
        let desk = desk.clone();
        Callback::from(move |_: MouseEvent| desk.show(Open::Nothing))
    };
    let tabs = use_mut_ref(|| false);
    let onkeydown = {
        let (desk, tabs) = (desk.clone(), tabs.clone());
        Callback::from(move |event: KeyboardEvent| {
            tabs.replace(event.key() == "Tab");
            if event.key() == "Escape" {
                event.stop_propagation();
                desk.show(Open::Nothing);
            }
        })
    };
    let onfocusout = {
        let (desk, menu) = (desk.clone(), menu.clone());
        // Who goes on with Tab leaves it, and would not see it over what they have come to. A click beside it closes it by itself.
        Callback::from(move |event: FocusEvent| {
            let to = event.related_target().and_then(|to| to.dyn_into().ok());
            let menu = menu.cast::<Element>();
            let inside = menu.is_some_and(|menu| menu.contains(to.as_ref()));
            if tabs.take() && !inside {
                desk.show(Open::Nothing);
            }
        })
    };
    let names = &desk.store().scenario.names;
    let (name, body) = match *whose {
        Whose::Place(place) => {
            let groups = match place {
                Place::Node(node) => desk.with(|run, _| deeds::of_node(run, node)),
                Place::Client(_) => desk
                    .with(|run, _| deeds::of_links(run, place))
                    .into_iter()
                    .collect(),
            };
            let body = html! {
                <>
                    if let Place::Client(client) = place { <Wishes desk={desk.clone()} client={client.0}/> }
                    { for groups.iter().map(|each| group(desk, each)) }
                    <Links desk={desk.clone()} {place}/>
                </>
            };
            (name_of(names, place).to_owned(), body)
        }
        Whose::Link(one, other) => {
            let name = format!("{} ↔ {}", name_of(names, one), name_of(names, other));
            (name, link(desk, (one, other)))
        }
        Whose::Message(seq) => {
            let message = desk.with(|run, index| deeds::of_message(run, index, seq));
            let body = match message {
                Some(message) => group(desk, &message),
                None => html! { <p>{ "It is no longer on the wire." }</p> },
            };
            ("This message".to_owned(), body)
        }
    };
    html! {
        <div class="menu" ref={menu} role="dialog" aria-label={name.clone()} {onkeydown} {onfocusout}>
            <h3>
                { name }
                <button type="button" class="icon quiet" aria-label="Close" onclick={close}>{ "✕" }</button>
            </h3>
            <div class="body">{ body }</div>
        </div>
    }
}

/// Where a menu of width `w` begins: to the right of what it belongs to, or to the left, or as far to
/// the right as there is room.
fn left_of(beside: Rect, w: f64, room: f64) -> f64 {
    let (right, left) = (beside.right() + MARGIN, beside.x - w - MARGIN);
    match right + w + MARGIN <= room {
        true => right,
        false if left >= MARGIN => left,
        false => (room - w - MARGIN).max(MARGIN),
    }
}

/// What can be done to a link, and to what is on it.
fn link(desk: &Desk, ends: (Place, Place)) -> Html {
    let (own, messages) = desk.with(|run, index| {
        (
            deeds::of_link(run, ends),
            deeds::of_messages(run, index, ends),
        )
    });
    html! {
        <>
            { group(desk, &own) }
            { for messages.iter().map(|each| group(desk, each)) }
        </>
    }
}

fn group(desk: &Desk, group: &Group) -> Html {
    html! {
        <div class="group">
            if !group.says.is_empty() { <p>{ &group.says }</p> }
            if !group.deeds.is_empty() {
                <div class="deeds">{ for group.deeds.iter().map(|deed| button(desk, deed, None)) }</div>
            }
        </div>
    }
}

#[derive(PartialEq, Properties)]
struct LinksProps {
    desk: Desk,
    place: Place,
}

/// The links of a place one by one, for those who can't point at one on the stage.
#[component]
fn Links(props: &LinksProps) -> Html {
    let LinksProps { desk, place } = props;
    let chosen = use_state(|| None::<usize>);
    let names = &desk.store().scenario.names;
    let others = desk.with(|run, _| deeds::neighbours(run, *place));
    let onchange = {
        let chosen = chosen.setter();
        Callback::from(move |event: Event| {
            let value = event
                .target_dyn_into::<HtmlSelectElement>()
                .map(|select| select.value());
            chosen.set(value.and_then(|value| value.parse().ok()));
        })
    };
    let other = chosen.and_then(|number| others.get(number));
    html! {
        <div class="group">
            <label>
                { "One of its links" }
                <select {onchange}>
                    <option key="choose" value="" selected={chosen.is_none()}>{ "choose…" }</option>
                    for (number, other) in others.iter().enumerate() {
                        <option key={number} value={number.to_string()} selected={*chosen == Some(number)}>{ format!("to {}", name_of(names, *other)) }</option>
                    }
                </select>
            </label>
            { for other.map(|other| link(desk, (*place, *other))) }
        </div>
    }
}

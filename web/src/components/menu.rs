//! What one can do to a replica, or have a client do: a small dialog beside it on the stage.

use replication::ids::{ClientId, NodeId, Place};
use scene::geometry::Rect;
use serde_json::{Value as Json, json};
use web_sys::{Element, HtmlElement, HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use crate::components::verbs::{crash, is_up, restart};
use crate::desk::Desk;
use crate::platform;
use crate::store::Open;

/// How far the menu stays from the edges of the stage, in pixels.
const MARGIN: f64 = 8.0;

/// Whose menu, and where.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The desk.
    pub desk: Desk,
    /// Whose.
    pub place: Place,
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
        place,
        beside,
        width,
        height,
    } = props;
    let menu = use_node_ref();
    {
        let (menu, beside, width, height) = (menu.clone(), *beside, *width, *height);
        use_effect_with(
            (
                beside.x as i32,
                beside.y as i32,
                width as i32,
                height as i32,
            ),
            move |_| {
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
                    let _ = style.set_property("left", &format!("{}px", left as i32));
                    let _ = style.set_property("top", &format!("{}px", top as i32));
                }
            },
        );
    }
    {
        let menu = menu.clone();
        use_effect_with((), move |()| {
            let menu = menu.cast::<Element>();
            let opener = platform::focused();
            platform::focus(
                menu.as_ref()
                    .and_then(|menu| menu.query_selector("[data-first]").ok().flatten()),
            );
            // Where one came from has the focus again, unless it has gone elsewhere.
            move || {
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
    let onkeydown = {
        let desk = desk.clone();
        Callback::from(move |event: KeyboardEvent| {
            if event.key() == "Escape" {
                event.stop_propagation();
                desk.show(Open::Nothing);
            }
        })
    };
    let (name, body) = match place {
        Place::Node(node) => (
            desk.store().scenario.names.node(*node).to_owned(),
            replica(desk, *node),
        ),
        Place::Client(client) => {
            let name = desk.store().scenario.names.client(*client).to_owned();
            (
                name,
                html! { <Wishes desk={desk.clone()} client={client.0}/> },
            )
        }
    };
    html! {
        <div class="menu" ref={menu} role="dialog" aria-label={name.clone()} {onkeydown}>
            <h3>
                { name }
                <button type="button" class="icon quiet" aria-label="Close" onclick={close}>{ "✕" }</button>
            </h3>
            { body }
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

fn replica(desk: &Desk, node: NodeId) -> Html {
    let act = |deed: fn(&Desk, NodeId)| {
        let desk = desk.clone();
        Callback::from(move |_: MouseEvent| {
            deed(&desk, node);
            desk.show(Open::Nothing);
        })
    };
    html! {
        <div class="group">
            if is_up(desk, node) {
                <p>{ "A crash stops it. What is on its disk comes back with it; the rest is gone." }</p>
                <button type="button" data-first="" onclick={act(crash)}>{ "Crash it" }</button>
            } else {
                <p>{ "It is down. It starts again from what is on its disk." }</p>
                <button type="button" data-first="" onclick={act(restart)}>{ "Restart it" }</button>
            }
        </div>
    }
}

#[derive(PartialEq, Properties)]
struct WishesProps {
    desk: Desk,
    client: u8,
}

/// What a client can be asked to do: a write or a read of one's own.
#[component]
fn Wishes(props: &WishesProps) -> Html {
    let WishesProps { desk, client } = props;
    let names = &desk.store().scenario.names;
    let name = names.client(ClientId(*client)).to_owned();
    let (written, value, read) = (use_node_ref(), use_node_ref(), use_node_ref());
    let write = {
        let (desk, name, written, value) =
            (desk.clone(), name.clone(), written.clone(), value.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let key = written
                .cast::<HtmlSelectElement>()
                .map(|select| select.value());
            let value = value.cast::<HtmlInputElement>().map(|input| input.value());
            if let (Some(key), Some(value)) = (key, value) {
                desk.act(json!({ "client": name, "write": { key: typed(&value) } }));
                desk.show(Open::Nothing);
            }
        })
    };
    let look = {
        let (desk, name, read) = (desk.clone(), name.clone(), read.clone());
        let all = names.keys.clone();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let key = read
                .cast::<HtmlSelectElement>()
                .map(|select| select.value());
            let keys = key
                .filter(|key| !key.is_empty())
                .map_or_else(|| all.clone(), |key| vec![key]);
            desk.act(json!({ "client": name, "read": keys }));
            desk.show(Open::Nothing);
        })
    };
    let keys = || {
        names
            .keys
            .iter()
            .map(|key| html! { <option value={key.clone()}>{ key }</option> })
    };
    let busy = desk.with(|run, _| {
        run.clients()
            .get(usize::from(*client))
            .is_some_and(|client| client.busy.is_some())
    });
    html! {
        <>
            <p>
                if busy { { format!("{name} is waiting for an answer, and will do it after that.") } }
                else { { format!("{name} will do it now: press play to watch.") } }
            </p>
            <form onsubmit={write}>
                <div class="row">
                    <label>{ "Key" }<select ref={written} data-first="">{ for keys() }</select></label>
                    <label>{ "New value" }<input ref={value} type="text" value="0" maxlength="40"/></label>
                </div>
                <button type="submit">{ "Write" }</button>
            </form>
            <form onsubmit={look}>
                <label>
                    { "Key" }
                    <select ref={read}>
                        { for keys() }
                        if names.keys.len() > 1 { <option value="">{ "all of them, in one view" }</option> }
                    </select>
                </label>
                <button type="submit">{ "Read" }</button>
            </form>
        </>
    }
}

/// A whole number where it is one, else a text.
fn typed(value: &str) -> Json {
    value
        .trim()
        .parse::<i64>()
        .map_or_else(|_| Json::from(value), Json::from)
}

//! Help: what is what on the stage, and what the keys do.

use web_sys::HtmlDialogElement;
use yew::prelude::*;

use crate::components::legend::Legend;
use crate::desk::Desk;
use crate::store::Open;

const KEYS: &[(&str, &str)] = &[
    ("Space", "play or pause"),
    ("→", "step to the next event"),
    ("←", "step back"),
    ("Home", "to the start"),
    ("N", "to the next broken promise"),
    ("Shift+N", "to the broken promise before"),
    ("U", "undo: back to the run that this one was made from"),
    ("C", "compare this run with another; once more to come back"),
    (
        "L",
        "lecture view: large, for a room; once more to come back",
    ),
    (
        "Page Down",
        "in the lecture view: play on to what is worth saying next; once more: be there",
    ),
    (
        "Page Up",
        "in the lecture view: back to what was worth saying before",
    ),
    ("Escape", "close what is open"),
    ("?", "this list"),
    (
        "↑ ↓",
        "in the diagram: what happened before or next, in words; Enter goes there",
    ),
    ("+ − 0", "in the diagram: closer, further, all of the run"),
    ("Shift ← →", "in the diagram: earlier, later"),
];

/// The dialog.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The desk.
    pub desk: Desk,
}

/// What is what, and the list of keys, as a dialog.
#[component]
pub fn Keys(props: &Props) -> Html {
    let dialog = use_node_ref();
    use_modal(&dialog);
    let close = {
        let desk = props.desk.clone();
        move || desk.show(Open::Nothing)
    };
    let onclose = {
        let close = close.clone();
        Callback::from(move |_: Event| close())
    };
    let onclick = Callback::from(move |_: MouseEvent| close());
    html! {
        <dialog ref={dialog} aria-labelledby="keys-title" {onclose}>
            <h2 id="keys-title" tabindex="-1" autofocus=true>{ "Help" }</h2>
            <p>{ "Press Play. Click, or tap, a replica, a person, a link or a message to break something there, or to write and read. A word with dots under it says what it means; " }<a href="#glossary">{ "all of them" }</a>{ "." }</p>
            <Legend/>
            <div class="keyboard">
                <h3>{ "Keys" }</h3>
                <p>{ "They work wherever you are not typing or on a control of its own. Every replica and person on the stage can be reached with Tab and opened with Enter; the arrow keys move a slider, Page Up and Page Down move it far." }</p>
                <dl class="keys">
                    for (key, does) in KEYS { <><dt><kbd>{ key }</kbd></dt><dd>{ does }</dd></> }
                </dl>
            </div>
            <div class="row stays"><button type="button" {onclick}>{ "Close" }</button></div>
        </dialog>
    }
}

/// Opens a dialog over everything else as soon as it is there: the browser keeps the focus in it.
#[hook]
pub fn use_modal(dialog: &NodeRef) {
    let dialog = dialog.clone();
    use_effect_with((), move |()| {
        let shown = dialog.cast::<HtmlDialogElement>();
        if let Some(dialog) = &shown {
            let _ = dialog.show_modal();
        }
        move || {
            if let Some(dialog) = shown {
                dialog.close();
            }
        }
    });
}

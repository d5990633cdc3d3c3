//! What the keys do.

use web_sys::HtmlDialogElement;
use yew::prelude::*;

use crate::desk::Desk;
use crate::store::Open;

const KEYS: [(&str, &str); 6] = [
    ("Space", "play or pause"),
    ("→", "step to the next event"),
    ("←", "step back"),
    ("Home", "to the start"),
    ("U", "undo: back to the run before"),
    ("?", "this list"),
];

/// The dialog.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The desk.
    pub desk: Desk,
}

/// The list of keys, as a dialog.
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
            <h2 id="keys-title">{ "Keys" }</h2>
            <p>{ "They work wherever you are not typing or on a control of its own. Every replica and person on the stage can be reached with Tab and opened with Enter; the arrow keys move a slider, Page Up and Page Down move it far." }</p>
            <dl class="keys">
                for (key, does) in KEYS { <><dt><kbd>{ key }</kbd></dt><dd>{ does }</dd></> }
            </dl>
            <div class="row"><button type="button" {onclick}>{ "Close" }</button></div>
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

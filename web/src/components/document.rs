//! The scenario's own text: to read, to edit, to paste or to open from a file.

use replication::scenario::Scenario;
use web_sys::{HtmlInputElement, HtmlTextAreaElement};
use yew::prelude::*;

use crate::components::keys::use_modal;
use crate::desk::Desk;
use crate::platform;
use crate::store::Open;

/// A file this large is no scenario, and is not even read; the scenario's own limit is far lower.
const FILE_BYTES_MAX: f64 = 16e6;

/// The dialog.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The desk.
    pub desk: Desk,
}

/// The scenario's text in a dialog. What is wrong with it is said there, and the last good one runs on.
#[component]
pub fn Document(props: &Props) -> Html {
    let desk = &props.desk;
    let dialog = use_node_ref();
    let text = use_node_ref();
    let refused = use_state(|| None::<String>);
    use_modal(&dialog);
    {
        let (text, document) = (text.clone(), desk.store().text());
        use_effect_with((), move |()| {
            if let Some(text) = text.cast::<HtmlTextAreaElement>() {
                text.set_value(&document);
            }
        });
    }
    let run = {
        let (desk, text, refused) = (desk.clone(), text.clone(), refused.setter());
        Callback::from(move |_: MouseEvent| {
            let Some(text) = text.cast::<HtmlTextAreaElement>() else {
                return;
            };
            match Scenario::from_bytes(text.value().as_bytes()) {
                Ok(scenario) => {
                    desk.rewrite(Ok(scenario));
                }
                Err(error) => refused.set(Some(error.to_string())),
            }
        })
    };
    let onfile = {
        let (text, refused) = (text.clone(), refused.setter());
        Callback::from(move |event: Event| {
            let input = event.target_dyn_into::<HtmlInputElement>();
            if let Some(file) = input
                .and_then(|input| input.files())
                .and_then(|files| files.get(0))
            {
                open(&file, text.clone(), refused.clone());
            }
        })
    };
    let close = {
        let desk = desk.clone();
        move || desk.show(Open::Nothing)
    };
    let onclose = {
        let close = close.clone();
        Callback::from(move |_: Event| close())
    };
    let onclick = Callback::from(move |_: MouseEvent| close());
    html! {
        <dialog ref={dialog} aria-labelledby="document-title" {onclose}>
            <h2 id="document-title">{ "The scenario as text" }</h2>
            <p>{ "A run is this text and a seed, nothing else: every knob that you turn is written here. Edit it, paste another one, or open a file." }</p>
            <label class="unseen" for="document-text">{ "Scenario, as JSON" }</label>
            <textarea
                id="document-text"
                ref={text}
                rows="16"
                spellcheck="false"
                autocomplete="off"
                aria-invalid={refused.is_some().then_some("true")}
                aria-describedby={refused.is_some().then_some("document-refused")}
            />
            if let Some(why) = &*refused { <p class="refused" id="document-refused" role="alert">{ why }</p> }
            <div class="row">
                <button type="button" class="primary" onclick={run}>{ "Run this" }</button>
                <label class="file">
                    { "Open a file…" }
                    <input type="file" accept=".json,application/json,text/plain" onchange={onfile}/>
                </label>
                <button type="button" {onclick}>{ "Close" }</button>
            </div>
        </dialog>
    }
}

/// Reads a file into the text field, or says why it can't be a scenario.
fn open(file: &web_sys::File, text: NodeRef, refused: UseStateSetter<Option<String>>) {
    if file.size() > FILE_BYTES_MAX {
        return refused.set(Some(
            "This file is not allowed: a scenario has at most 1 MiB.".to_owned(),
        ));
    }
    platform::read_bytes(file, move |bytes| {
        let error = Scenario::from_bytes(&bytes)
            .err()
            .map(|error| error.to_string());
        if let Some(text) = text.cast::<HtmlTextAreaElement>() {
            text.set_value(&String::from_utf8_lossy(&bytes));
        }
        refused.set(error);
    });
}

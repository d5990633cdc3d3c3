//! A slider: says its value while it is dragged, and acts once, when it is let go.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::components::words::Prose;

/// A slider's place on its scale, and what stands there.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// What it is called on the page, in addresses and for labels.
    pub id: AttrValue,
    /// Its name.
    pub name: AttrValue,
    /// Where it stands.
    pub value: u32,
    /// Its first place.
    #[prop_or_default]
    pub first: u32,
    /// Its last place.
    pub last: u32,
    /// How a place is written.
    pub written: Callback<u32, String>,
    /// What happens when it is let go.
    pub on_turn: Callback<u32>,
    /// What there is to say about it.
    #[prop_or_default]
    pub note: Option<AttrValue>,
    /// The element that says it instead, where one says it of several.
    #[prop_or_default]
    pub described_by: Option<AttrValue>,
    /// A word beside its name.
    #[prop_or_default]
    pub tag: Option<AttrValue>,
    /// Whether the story is about it.
    #[prop_or_default]
    pub story: bool,
    /// Whether it means nothing here; the note says why.
    #[prop_or_default]
    pub off: bool,
}

/// A named slider with its value and what there is to say about it.
#[component]
pub fn Slider(props: &Props) -> Html {
    let dragged = use_state(|| None::<u32>);
    let read = |event: &Event| {
        event
            .target_dyn_into::<HtmlInputElement>()?
            .value()
            .parse()
            .ok()
    };
    let oninput = {
        let dragged = dragged.setter();
        Callback::from(move |event: InputEvent| dragged.set(read(&event)))
    };
    let onchange = {
        let (dragged, on_turn, before) = (dragged.setter(), props.on_turn.clone(), props.value);
        Callback::from(move |event: Event| {
            dragged.set(None);
            if let Some(value) = read(&event).filter(|value| *value != before) {
                on_turn.emit(value);
            }
        })
    };
    let value = dragged.unwrap_or(props.value);
    let written = props.written.emit(value);
    let note_id = format!("{}-note", props.id);
    let described_by = props
        .note
        .is_some()
        .then(|| AttrValue::from(note_id.clone()))
        .or_else(|| props.described_by.clone());
    html! {
        <div class={classes!("knob", props.off.then_some("off"))}>
            <div class="head">
                <label for={props.id.clone()}>
                    { props.name.clone() }
                    if let Some(tag) = &props.tag { <span class="tag">{ tag.clone() }</span> }
                if props.story { <span class="tag try">{ "try this" }</span> }
                </label>
                <output for={props.id.clone()}>{ written.clone() }</output>
            </div>
            <input
                type="range"
                id={props.id.clone()}
                min={props.first.to_string()}
                max={props.last.to_string()}
                step="1"
                value={value.to_string()}
                aria-valuetext={written}
                aria-describedby={described_by}
                disabled={props.off}
                {oninput}
                {onchange}
            />
            if let Some(note) = &props.note { <p class="why" id={note_id}><Prose text={note.clone()}/></p> }
        </div>
    }
}

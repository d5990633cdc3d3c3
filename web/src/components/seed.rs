//! The seed: the same one gives the same run again.

use replication::scenario::limits;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::desk::Desk;

/// Seeds that the button draws are small enough to remember.
const DRAWN_BELOW: f64 = 10_000.0;

/// The seed.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The desk.
    pub desk: Desk,
}

/// A number field, and a button that draws another one.
#[component]
pub fn Seed(props: &Props) -> Html {
    let desk = &props.desk;
    let field = use_node_ref();
    let seed = desk.store().seed;
    let onchange = {
        let (desk, field) = (desk.clone(), field.clone());
        Callback::from(move |_: Event| {
            if let Some(field) = field.cast::<HtmlInputElement>() {
                desk.reseed(&field.value());
                // Where it was refused, the field says what the run still has.
                field.set_value(&desk.store().seed.to_string());
            }
        })
    };
    let another = {
        let desk = desk.clone();
        Callback::from(move |_: MouseEvent| {
            let drawn = (js_sys::Math::random() * DRAWN_BELOW) as u64;
            desk.reseed(&drawn.to_string());
        })
    };
    html! {
        <div class="knob">
            <div class="head"><label for="seed">{ "Seed" }<span class="tag">{ "starts a new run" }</span></label></div>
            <div class="seed">
                <input ref={field} type="text" inputmode="numeric" id="seed" value={seed.to_string()} aria-describedby="seed-note" autocomplete="off" {onchange}/>
                <button type="button" onclick={another}>{ "Another seed" }</button>
            </div>
            <p class="why" id="seed-note">{ format!("Draws all the delays and losses. The same seed gives the same run again: 0 to {}.", limits::INTEGER_MAX) }</p>
        </div>
    }
}

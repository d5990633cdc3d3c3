//! A part of the page that is folded away on a phone until it is asked for.

use yew::prelude::*;

/// The part.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// What it is called in the page.
    pub id: AttrValue,
    /// What the button says.
    pub name: AttrValue,
    /// What is folded.
    pub children: Html,
}

/// A button, shown where room is scarce, and what it unfolds.
#[component]
pub fn Fold(props: &Props) -> Html {
    let folded = use_state(|| true);
    let onclick = {
        let folded = folded.clone();
        Callback::from(move |_: MouseEvent| folded.set(!*folded))
    };
    html! {
        <>
            <button
                type="button"
                class="fold"
                aria-expanded={if *folded { "false" } else { "true" }}
                aria-controls={props.id.clone()}
                {onclick}
            >{ props.name.clone() }</button>
            <div id={props.id.clone()} class={classes!("unfolds", folded.then_some("folded"))}>{ props.children.clone() }</div>
        </>
    }
}

//! The sentence that says what one is looking at.

use yew::prelude::*;

use crate::desk::Desk;

/// The caption.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The desk.
    pub desk: Desk,
}

/// One sentence, and one or two more.
#[component]
pub fn Caption(props: &Props) -> Html {
    let caption = props.desk.with(scene::caption);
    html! {
        <div class="caption">
            <div class="words">
                <h2>{ caption.headline }</h2>
                <p>{ caption.text }</p>
            </div>
        </div>
    }
}

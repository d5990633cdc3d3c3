//! The sentence that says what one is looking at.

use yew::prelude::*;

use crate::desk::Desk;

/// One sentence, and one or two more.
pub fn caption(desk: &Desk) -> Html {
    let caption = desk.with(scene::caption);
    html! {
        <div class="caption">
            <div class="words">
                <h2>{ caption.headline }</h2>
                <p>{ caption.text }</p>
            </div>
        </div>
    }
}

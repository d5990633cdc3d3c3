//! The sentence that says what one is looking at.

use web_sys::Element;
use yew::prelude::*;

use crate::components::words::Prose;
use crate::desk::Desk;

/// One sentence, and one or two more.
pub fn caption(desk: &Desk) -> Html {
    let caption = desk.with_lit(scene::caption);
    let headline = AttrValue::from(caption.headline);
    html! {
        <div class="caption" onclick={pauses_for_words(desk)}>
            <div class="words">
                <h2><Prose text={headline.clone()}/></h2>
                <p><Prose text={caption.text} after={headline}/></p>
            </div>
        </div>
    }
}

/// Time waits for whoever looks a word up: else the sentence would be gone when they come back to it.
pub fn pauses_for_words(desk: &Desk) -> Callback<MouseEvent> {
    let desk = desk.clone();
    Callback::from(move |event: MouseEvent| {
        let target = event.target_dyn_into::<Element>();
        let word = target.and_then(|target| target.closest(".term").ok().flatten());
        if word.is_some() && desk.store().playing {
            desk.pause();
        }
    })
}

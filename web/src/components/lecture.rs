//! The lecture view's own buttons: from one thing worth saying to the next, as presenters' remotes ask for it.

use yew::prelude::*;

use crate::components::transport::idle;
use crate::desk::Desk;

/// Back, on, start again, and out of it.
pub fn lecture(desk: &Desk) -> Html {
    let does = |verb: fn(&Desk)| {
        let desk = desk.clone();
        Callback::from(move |_: MouseEvent| verb(&desk))
    };
    let (before, after) = desk.beats();
    let is_last = after.is_none() && desk.is_known();
    html! {
        <div class="lecture-bar" role="group" aria-label="Lecture">
            // The top of the page, which has it otherwise, is not shown.
            <h1 class="unseen">{ &desk.store().scenario.title }</h1>
            <button type="button" aria-disabled={idle(before.is_none())} onclick={does(Desk::previous_beat)}>{ "◂ Before" }</button>
            <button type="button" class="primary on" aria-disabled={idle(is_last && !desk.store().playing)} onclick={does(Desk::next_beat)}>{ "On ▸" }</button>
            <button type="button" onclick={does(Desk::restart)}>{ "Start again" }</button>
            <span class="space"></span>
            <button type="button" class="quiet" onclick={does(Desk::toggle_lecture)}>{ "Leave the lecture view" }</button>
        </div>
    }
}

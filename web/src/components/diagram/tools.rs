//! The buttons of the diagram.

use scene::space_time::{Axis, Window, run_us};
use yew::prelude::*;

use super::view::{CLOSER, FURTHER, View};
use crate::desk::Desk;

/// One row of buttons.
pub fn tools(
    desk: &Desk,
    view: &UseStateHandle<View>,
    as_text: &UseStateHandle<bool>,
    seen: &Axis,
) -> Html {
    let becomes = |next: View| {
        let view = view.clone();
        Callback::from(move |_: MouseEvent| view.set(next))
    };
    let onto_text = {
        let as_text = as_text.clone();
        Callback::from(move |_: MouseEvent| as_text.set(!*as_text))
    };
    let all_us = desk.with(|run, _| run_us(run));
    let length_us = seen.window().length_us();
    let whole = length_us >= all_us;
    let pressed = |is: bool| if is { "true" } else { "false" };
    html! {
        <div class="diagram-tools" role="group" aria-label="Diagram">
            if !**as_text {
                <button type="button" class="icon" aria-label="Zoom in" title="Zoom in (+)" disabled={length_us <= Window::LENGTH_US_MIN} onclick={becomes(view.zoomed(desk, seen, CLOSER, None))}>{ "+" }</button>
                <button type="button" class="icon" aria-label="Zoom out" title="Zoom out (−)" disabled={whole} onclick={becomes(view.zoomed(desk, seen, FURTHER, None))}>{ "−" }</button>
            }
            <button type="button" title="All of the run (0)" disabled={whole} onclick={becomes(view.whole(desk))}>{ "Fit" }</button>
            <button type="button" title="Show where the cursor is" aria-pressed={pressed(view.follows())} onclick={becomes(view.following())}>{ "Follow" }</button>
            if !**as_text {
                <button type="button" title="Leave out stretches in which nothing happens" aria-pressed={pressed(view.folds())} onclick={becomes(view.turned())}>{ "Fold quiet" }</button>
            }
            <button type="button" aria-pressed={pressed(**as_text)} onclick={onto_text}>{ "As text" }</button>
        </div>
    }
}

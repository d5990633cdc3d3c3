//! The broken promise: who was told what, when, and why the answer was old.

use replication::promise::Violation;
use replication::run::Run;
use scene::quantity::moment;
use yew::prelude::*;

use crate::desk::Desk;
use crate::store::Stopped;

/// How many earlier ones are listed.
const LISTED_MAX: usize = 50;

/// The newest broken promise at the cursor, or the one that is lit, and a list of the others.
pub fn violation_card(desk: &Desk) -> Html {
    let broken: Vec<(usize, u64, Violation)> = desk.with(|run, _| {
        let so_far = run
            .violations()
            .iter()
            .take_while(|violation| at_us(run, violation) <= run.now().0);
        so_far
            .enumerate()
            .map(|(number, violation)| (number, at_us(run, violation), violation.clone()))
            .collect()
    });
    let shown = desk
        .focus()
        .filter(|number| *number < broken.len())
        .or(broken.len().checked_sub(1));
    let Some((number, at, violation)) = shown.map(|number| &broken[number]) else {
        return Html::default();
    };
    let show = |number: usize| {
        let desk = desk.clone();
        Callback::from(move |_: MouseEvent| desk.show_violation(number))
    };
    let play = {
        let desk = desk.clone();
        Callback::from(move |_: MouseEvent| desk.play())
    };
    let paused_here = desk.store().stopped == Some(Stopped::Violation);
    let lit = desk.focus() == Some(*number);
    html! {
        <section class="violation-card" aria-labelledby="violation-title">
            <h3 id="violation-title">{ &violation.title }</h3>
            <p>{ &violation.sentence }</p>
            <div class="row">
                if paused_here { <button type="button" class="primary" onclick={play}>{ "Go on" }</button> }
                if !lit { <button type="button" onclick={show(*number)}>{ "Show me" }</button> }
                <span class="time">{ format!("{} · at {}", violation.promise.title(), moment(*at)) }</span>
            </div>
            if broken.len() > 1 {
                <details>
                    <summary>{ format!("All {} so far", broken.len()) }</summary>
                    <ol>
                        for (number, at, violation) in broken.iter().rev().take(LISTED_MAX) {
                            <li key={*number}>
                                <button type="button" aria-current={(shown == Some(*number)).then_some("true")} onclick={show(*number)}>
                                    <span class="time">{ moment(*at) }</span>
                                    <span>{ &violation.title }</span>
                                </button>
                            </li>
                        }
                    </ol>
                </details>
            }
        </section>
    }
}

fn at_us(run: &dyn Run, violation: &Violation) -> u64 {
    run.records()[violation.at.index()].at.0
}

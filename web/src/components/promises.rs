//! How the promises stand.

use replication::promise::{Promise, State};
use scene::PromiseRow;
use yew::prelude::*;

use crate::desk::Desk;

/// A row for each; a broken one leads to where it was first broken.
pub fn promises(desk: &Desk) -> Html {
    let rows = desk.with(scene::promise_rows);
    html! {
        <section aria-labelledby="promises-title">
            <h2 id="promises-title">{ "Promises" }</h2>
            <ul class="promises">
                { for rows.iter().map(|each| html! { <li key={each.promise.name()}>{ row(each, desk) }</li> }) }
            </ul>
        </section>
    }
}

fn row(row: &PromiseRow, desk: &Desk) -> Html {
    let class = match row.state {
        State::Unknown => "promise unknown",
        State::Kept => "promise kept",
        State::AtRisk => "promise risk",
        State::Broken => "promise broken",
    };
    let words = html! {
        <>
            <span class="sign" aria-hidden="true">{ row.mark }</span>
            <span class="title">{ row.title }</span>
            <span class="state">{ row.note.clone() }</span>
            <span class="ask">{ meaning(row.promise) }</span>
        </>
    };
    let first = desk.with(|run, _| {
        run.violations()
            .iter()
            .position(|violation| violation.promise == row.promise)
    });
    match first.filter(|_| row.state == State::Broken) {
        Some(number) => {
            let desk = desk.clone();
            let onclick = Callback::from(move |_: MouseEvent| desk.show_violation(number));
            html! { <button type="button" {class} title="Go to where it was first broken" {onclick}>{ words }</button> }
        }
        None => html! { <div {class}>{ words }</div> },
    }
}

/// What is promised, in a few plain words.
fn meaning(promise: Promise) -> &'static str {
    match promise {
        Promise::ReadYourWrites => "You see what you wrote.",
        Promise::MonotonicReads => "What you saw never goes back.",
        Promise::ConsistentPrefix => "No effect without its cause.",
        Promise::NoAckedWriteLost => "What was told “done” stays.",
        Promise::OneLeaderAtATime => "Only one says “done”.",
    }
}

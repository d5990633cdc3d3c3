//! How the promises stand.

use replication::promise::{Promise, State};
use scene::PromiseRow;
use yew::prelude::*;

use crate::components::words::Prose;
use crate::desk::{Desk, Part, use_turns};

/// What the rows are about.
#[derive(Properties)]
pub struct Props {
    /// The desk.
    pub desk: Desk,
}

impl PartialEq for Props {
    fn eq(&self, other: &Self) -> bool {
        self.desk.is_drawn_same(&other.desk, Part::Promises)
    }
}

/// A row for each that this run tests; a broken one leads to where it was first broken. The others are one line.
#[component]
pub fn Promises(props: &Props) -> Html {
    let desk = &use_turns(&props.desk, Part::Promises);
    let asked = use_state_eq(|| None::<bool>);
    let rows = desk.with(scene::promise_rows);
    // Beside a card that tells of a broken promise there is no room to say what each one is.
    let broken = rows.iter().any(|row| row.state == State::Broken);
    let meant = asked.unwrap_or(!broken);
    let onclick = {
        let asked = asked.setter();
        Callback::from(move |_: MouseEvent| asked.set(Some(!meant)))
    };
    let (tested, others): (Vec<&PromiseRow>, Vec<&PromiseRow>) = rows
        .iter()
        .partition(|row| desk.player().tests(row.promise));
    let view = |row: &&PromiseRow, meant: bool| html! { <li key={row.promise.name()}>{ view(row, meant, desk) }</li> };
    let names: Vec<&str> = others.iter().map(|row| row.title).collect();
    html! {
        <section aria-labelledby="promises-title">
            <div class="promises-head">
                <h2 id="promises-title">{ "Promises" }</h2>
                if !tested.is_empty() {
                    <button type="button" class="link" aria-pressed={if meant { "true" } else { "false" }} {onclick}>{ "what they mean" }</button>
                }
            </div>
            if !tested.is_empty() {
                <ul class={classes!("promises", (!meant).then_some("short"))}>{ for tested.iter().map(|row| view(row, meant)) }</ul>
            }
            if !others.is_empty() {
                <details class="untested">
                    <summary><span>{ format!("not tested {}: {}", if desk.is_known() { "here" } else { "so far" }, names.join(", ")) }</span></summary>
                    <ul class="promises">{ for others.iter().map(|row| view(row, true)) }</ul>
                </details>
            }
        </section>
    }
}

fn view(row: &PromiseRow, meant: bool, desk: &Desk) -> Html {
    let class = match row.state {
        State::Unknown => "promise unknown",
        State::Kept => "promise kept",
        State::AtRisk => "promise risk",
        State::Broken => "promise broken",
    };
    // Within a button there is no room for another one.
    let words = |title: Html, ask: Html| {
        html! {
            <>
                <span class="sign" aria-hidden="true">{ row.mark }</span>
                <span class="title">{ title }</span>
                <span class="state">{ if meant { row.note.clone() } else { row.note.replacen(" so far", "", 1) } }</span>
                if meant { <span class="ask">{ ask }</span> }
            </>
        }
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
            html! { <button type="button" {class} title="Go to where it was first broken" {onclick}>{ words(row.title.into(), meaning(row.promise).into()) }</button> }
        }
        None => {
            let told = |text: &'static str| html! { <Prose {text}/> };
            html! { <div {class}>{ words(told(row.title), told(meaning(row.promise))) }</div> }
        }
    }
}

/// What is promised, in a few plain words.
fn meaning(promise: Promise) -> &'static str {
    match promise {
        Promise::ReadYourWrites => "You see what you wrote, or what counts as newer.",
        Promise::MonotonicReads => "What you saw never goes back.",
        Promise::MonotonicWrites => "Your second write is nowhere without your first.",
        Promise::WritesFollowReads => "An answer is nowhere without its question.",
        Promise::ConsistentPrefix => "No effect without its cause, in one view.",
        Promise::Causal => "Once you saw an effect, you see its cause from then on.",
        Promise::Linearizable => "As if there were one copy.",
        Promise::BoundedStaleness => "Never staler than allowed.",
        Promise::NoAckedWriteLost => {
            "What was told “done” stays, unless another write replaces it."
        }
        Promise::NoSilentOverwrite => "Nobody’s change is dropped without a word.",
        Promise::OneLeaderAtATime => "Only one says “done”.",
        Promise::Convergence => "Left in peace, all copies agree.",
    }
}

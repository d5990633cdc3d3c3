//! The broken promise: who was told what, when, why the answer was old, and what would have helped.

use replication::engine::time::SimTime;
use replication::promise::{Promise, Violation};
use replication::run::Run;
use scene::quantity::moment;
use yew::prelude::*;

use crate::components::fixes::Fixes;
use crate::components::words::Prose;
use crate::desk::{Desk, moment_of, violations_until};
use crate::store::Stopped;

/// How many of the earlier ones are listed.
const LISTED_MAX: usize = 50;

/// The newest broken promise at the cursor, or the one that is lit, and a list of the others.
pub fn violation_card(desk: &Desk) -> Html {
    let Some(told) = desk.told() else {
        return Html::default();
    };
    let (violation, at, also, so_far, all) = desk.with(|run, _| {
        let so_far = violations_until(run, run.now());
        let all = Promise::ALL.map(|promise| run.verdict(promise).violations);
        let violation: Violation = run.violations()[told].clone();
        let at = moment_of(run, told);
        (
            violation,
            at,
            others_at(run, told, so_far),
            so_far,
            all.iter().sum::<u32>(),
        )
    });
    let show = |number: usize| {
        let desk = desk.clone();
        Callback::from(move |_: MouseEvent| desk.show_violation(number))
    };
    let play = {
        let desk = desk.clone();
        Callback::from(move |_: MouseEvent| desk.play())
    };
    let paused_here = desk.store().stopped == Some(Stopped::Violation);
    let lit = desk.focus() == Some(told);
    let listed = so_far.min(LISTED_MAX);
    html! {
        <section class="violation-card" aria-labelledby="violation-title">
            <h3 id="violation-title">{ &violation.title }</h3>
            <p>{ &violation.sentence }</p>
            <p class="time"><Prose text={violation.promise.title()}/>{ " · " }<span class="at">{ format!("at {}", moment(at.0)) }</span></p>
            if !also.is_empty() {
                <p class="also">
                    { "also: " }
                    for (place, (number, promise)) in also.iter().enumerate() {
                        if place > 0 { { ", " } }
                        <button type="button" class="link" onclick={show(*number)}>{ promise.title() }</button>
                    }
                </p>
            }
            <div class="row">
                if paused_here { <button type="button" class="primary" onclick={play}>{ "Go on" }</button> }
                if !lit { <button type="button" onclick={show(told)}>{ "Show me" }</button> }
                <Fixes key={violation.promise.name()} desk={desk.clone()} promise={violation.promise}/>
            </div>
            if so_far > 1 {
                <details class="all-so-far">
                    <summary>{ format!("All {all} so far") }</summary>
                    if listed < all as usize { <p>{ format!("The last {listed} that are kept:") }</p> }
                    <ol>{ for desk.with(|run, _| list(run, so_far, listed, told, &show)) }</ol>
                </details>
            }
        </section>
    }
}

/// The other promises that were broken at the same moment, each with its first violation there.
fn others_at(run: &dyn Run, told: usize, so_far: usize) -> Vec<(usize, Promise)> {
    let at: SimTime = moment_of(run, told);
    let promise_of = |number: usize| run.violations()[number].promise;
    let mut others: Vec<(usize, Promise)> = Vec::new();
    for promise in Promise::ALL {
        let same = (0..so_far)
            .rev()
            .take_while(|number| moment_of(run, *number) >= at);
        let of_it =
            same.filter(|number| promise_of(*number) == promise && moment_of(run, *number) == at);
        if promise != promise_of(told)
            && let Some(first) = of_it.last()
        {
            others.push((first, promise));
        }
    }
    others
}

/// The last of the violations, the newest first.
fn list(
    run: &dyn Run,
    so_far: usize,
    listed: usize,
    told: usize,
    show: &impl Fn(usize) -> Callback<MouseEvent>,
) -> Vec<Html> {
    let row = |number: usize| {
        let violation = &run.violations()[number];
        html! {
            <li key={number}>
                <button type="button" aria-current={(told == number).then_some("true")} onclick={show(number)}>
                    <span class="time">{ moment(moment_of(run, number).0) }</span>
                    // One write that is missing may break several promises.
                    <span>{ format!("{} · {}", violation.title, violation.promise.title()) }</span>
                </button>
            </li>
        }
    };
    (so_far - listed..so_far).rev().map(row).collect()
}

//! Where two runs part, and what came of each.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use gloo_timers::callback::Timeout;
use scene::{Outcome, OutcomeRow, outcome_rows};
use yew::prelude::*;

use crate::desk::{Desk, Part, use_turns};
use crate::player::Player;

/// What came of both runs; nothing until both are known to their ends.
#[derive(Clone, Default)]
pub struct Outcomes(Option<(Rc<Outcome>, Rc<Outcome>)>);

/// Equal where they are the same ones.
impl PartialEq for Outcomes {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            (Some(one), Some(other)) => {
                Rc::ptr_eq(&one.0, &other.0) && Rc::ptr_eq(&one.1, &other.1)
            }
            _ => false,
        }
    }
}

/// Runs both to their ends, in pieces that leave the page time to draw.
#[hook]
pub fn use_outcomes(desk: &Desk, other: &Desk) -> Outcomes {
    let found = use_state(Outcomes::default);
    let key = |desk: &Desk| {
        let store = desk.store();
        (Arc::as_ptr(&store.scenario) as usize, store.seed)
    };
    {
        let found = found.setter();
        let players = (desk.player().clone(), other.player().clone());
        use_effect_with((key(desk), key(other)), move |_| {
            found.set(Outcomes::default());
            let next = Rc::new(RefCell::new(None));
            look_on(&next, players, found);
            move || *next.borrow_mut() = None
        });
    }
    (*found).clone()
}

fn look_on(
    next: &Rc<RefCell<Option<Timeout>>>,
    players: (Player, Player),
    found: UseStateSetter<Outcomes>,
) {
    let again = Rc::downgrade(next);
    let timeout = Timeout::new(0, move || {
        let (one, other) = (&players.0, &players.1);
        if let (Some(left), Some(right)) = (one.outcome(), other.outcome()) {
            return found.set(Outcomes(Some((left, right))));
        }
        one.look_ahead();
        other.look_ahead();
        if let Some(next) = again.upgrade() {
            look_on(&next, players, found);
        }
    });
    *next.borrow_mut() = Some(timeout);
}

#[derive(Clone, Properties)]
pub struct Props {
    /// The desk with the left run.
    pub desk: Desk,
    /// What came of both.
    pub outcomes: Outcomes,
    /// What the left run is called.
    pub left: AttrValue,
    /// What the right one is.
    pub right: AttrValue,
}

impl PartialEq for Props {
    fn eq(&self, other: &Self) -> bool {
        self.desk.is_drawn_same(&other.desk, Part::Read)
            && (&self.outcomes, &self.left, &self.right)
                == (&other.outcomes, &other.left, &other.right)
    }
}

/// One sentence about where they part, and a table of what came of them.
#[component]
pub fn Results(props: &Props) -> Html {
    let desk = &use_turns(&props.desk, Part::Read);
    let course = desk.player().course();
    let there = desk.player().parting().map(|at| {
        let desk = desk.clone();
        let onclick = Callback::from(move |_: MouseEvent| {
            desk.pause();
            desk.seek(at);
        });
        html! { <button type="button" class="link" {onclick}>{ "Go there" }</button> }
    });
    let rows = props
        .outcomes
        .0
        .as_ref()
        .map(|(left, right)| (outcome_rows(left, right), left.clone(), right.clone()));
    html! {
        <section class="outcome" aria-labelledby="outcome-title">
            <h3 id="outcome-title">{ "Where they part, and what came of each" }</h3>
            if let Some(course) = &course {
                <p class="parting-words" role="status">{ course.words() }{ " " }{ for there }</p>
            }
            if let Some((rows, left, right)) = rows {
                { tables(props, &rows, &left.fingerprint, &right.fingerprint) }
            } else {
                <p>{ "Running both to their ends…" }</p>
            }
        </section>
    }
}

fn tables(props: &Props, rows: &[OutcomeRow], left: &str, right: &str) -> Html {
    let (other, same): (Vec<&OutcomeRow>, Vec<&OutcomeRow>) =
        rows.iter().partition(|row| row.differs());
    let sides = (&props.left, &props.right);
    html! {
        <>
            if other.is_empty() {
                <p>{ "Nothing that is measured differs." }</p>
            } else {
                { table("different", sides, &other) }
            }
            <details>
                <summary>{ "What is the same in both, and the fingerprints" }</summary>
                { table("same", sides, &same) }
                <dl class="fingerprints">
                    <dt>{ "First" }</dt><dd data-fingerprint="left">{ left }</dd>
                    <dt>{ "Second" }</dt><dd data-fingerprint="right">{ right }</dd>
                </dl>
                <p>{ "A hash over every record of a run: the same wherever the same scenario runs under the same seed." }</p>
            </details>
        </>
    }
}

fn table(
    class: &'static str,
    (left, right): (&AttrValue, &AttrValue),
    rows: &[&OutcomeRow],
) -> Html {
    let cell = |text: &str, bad: bool| html! { <td class={bad.then_some("bad")}>{ text }</td> };
    html! {
        <table {class}>
            <thead><tr><td></td><th scope="col">{ left.clone() }</th><th scope="col">{ right.clone() }</th></tr></thead>
            <tbody>
                for row in rows {
                    <tr key={row.name.clone()}>
                        <th scope="row">{ &row.name }</th>{ cell(&row.left, row.bad.0) }{ cell(&row.right, row.bad.1) }
                    </tr>
                }
            </tbody>
        </table>
    }
}

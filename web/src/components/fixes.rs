//! "What would fix it?": the changes that theory offers, and what each of them did to this very run.

use replication::fixes::Effect;
use replication::promise::Promise;
use scene::FixRow;
use web_sys::Element;
use yew::prelude::*;

use crate::desk::Desk;
use crate::platform;
use crate::search::Progress;

/// How many of those that keep the promise are shown at first.
const SHOWN_MAX: usize = 3;

/// What is asked about.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The desk.
    pub desk: Desk,
    /// The promise that was broken.
    pub promise: Promise,
}

/// A button that starts the search, then how far it is, then a row for each change.
#[component]
pub fn Fixes(props: &Props) -> Html {
    let (desk, promise) = (&props.desk, props.promise);
    let opened = use_state_eq(|| None::<usize>);
    let unfolded = use_state_eq(|| false);
    let button = use_node_ref();
    let pressed = use_mut_ref(|| false);
    let found = desk.found(promise, |found| {
        (found.progress(), found.tried(), found.of(), found.rows())
    });
    {
        // One button takes the place of the other, and the focus of who has pressed it.
        let (button, pressed) = (button.clone(), pressed.clone());
        use_effect_with(found.is_some(), move |_| {
            if pressed.take() {
                platform::focus(button.cast::<Element>());
            }
        });
    }
    let does = |verb: Box<dyn Fn(&Desk)>| {
        let (desk, pressed) = (desk.clone(), pressed.clone());
        Callback::from(move |_: MouseEvent| {
            *pressed.borrow_mut() = true;
            verb(&desk);
        })
    };
    let Some((progress, tried, of, rows)) = found else {
        let (opened, unfolded) = (opened.setter(), unfolded.setter());
        let onclick = does(Box::new(move |desk| {
            opened.set(None);
            unfolded.set(false);
            desk.search(promise);
        }));
        return html! { <button key="ask" type="button" ref={button} {onclick}>{ "What would fix it?" }</button> };
    };
    let (word, onclick) = match progress {
        Progress::Going => {
            let desk = desk.clone();
            let stop = Callback::from(move |_: MouseEvent| desk.stop_search());
            ("Cancel", stop)
        }
        _ => ("Close", does(Box::new(Desk::forget_search))),
    };
    let kept = |row: &&FixRow| matches!(row.effect, Effect::Kept | Effect::KeptBut);
    let helping = rows.iter().filter(kept).count();
    let folded = !*unfolded && helping > SHOWN_MAX + 1;
    let is_shown = |place: usize| !folded || place < SHOWN_MAX || place >= helping;
    let unfold = {
        let unfolded = unfolded.setter();
        Callback::from(move |_: MouseEvent| unfolded.set(true))
    };
    let row = |row: &FixRow| {
        let number = row.number;
        let open = *opened == Some(number);
        let toggle = {
            let opened = opened.setter();
            Callback::from(move |_: MouseEvent| opened.set((!open).then_some(number)))
        };
        let beside = {
            let desk = desk.clone();
            Callback::from(move |_: MouseEvent| {
                if let Some(fix) = desk.found(promise, |found| found.fix(number).clone()) {
                    desk.compare_changed(&fix);
                }
            })
        };
        view(row, open, toggle, run_it(desk, promise, number), beside)
    };
    html! {
        <div key="fixes" class={classes!("fixes", (progress == Progress::Going).then_some("going"))}>
            <div class="fixes-head">
                <h4>{ "What would fix it?" }</h4>
                <button type="button" ref={button} {onclick}>{ word }</button>
            </div>
            // Only the end is told to those who listen: on the way there the number changes faster than one can.
            <p role="status" aria-live="polite">
                if progress != Progress::Going { { status(progress, tried, of, helping) } }
            </p>
            if progress == Progress::Going {
                <p class="tried">{ status(progress, tried, of, helping) }</p>
                <progress max={of.to_string()} value={tried.to_string()} aria-label="Changes tried"></progress>
            }
            if !rows.is_empty() {
                <ul>
                    for (place, each) in rows.iter().enumerate() {
                        if is_shown(place) { { row(each) } }
                        if folded && place + 1 == helping {
                            <li key="more"><button type="button" class="link" onclick={&unfold}>{ format!("{} more that keep it", helping - SHOWN_MAX) }</button></li>
                        }
                    }
                </ul>
            }
        </div>
    }
}

/// Opens the run with one of the changes.
fn run_it(desk: &Desk, promise: Promise, number: usize) -> Callback<MouseEvent> {
    let desk = desk.clone();
    Callback::from(move |event: MouseEvent| {
        if let Some(fix) = desk.found(promise, |found| found.fix(number).clone()) {
            desk.run_with(&fix);
            // The row goes with the run that it is about: what one does next is to let time run.
            platform::focus_in_figure(event.target_dyn_into(), ".play");
        }
    })
}

/// How far it is.
fn status(progress: Progress, tried: usize, of: usize, helping: usize) -> String {
    let again = "Same seed, same interventions, one change each:";
    match progress {
        _ if of == 0 => "Theory offers no other setting for this promise here.".to_owned(),
        Progress::Going => format!("{tried} of {of} tried"),
        Progress::Stopped => format!("Cancelled: {tried} of {of} tried."),
        Progress::Failed => format!("It stopped by a mistake of its own: {tried} of {of} tried."),
        Progress::Done if helping == 0 => format!("{again} none of {of} kept it."),
        Progress::Done => format!("{again} {helping} of {of} kept it."),
    }
}

fn view(
    row: &FixRow,
    open: bool,
    toggle: Callback<MouseEvent>,
    run: Callback<MouseEvent>,
    beside: Callback<MouseEvent>,
) -> Html {
    let class = match row.effect {
        Effect::Kept => "fix kept",
        Effect::KeptBut => "fix kept but",
        Effect::Broken => "fix broken",
        Effect::Untested => "fix untested",
    };
    let helps = matches!(row.effect, Effect::Kept | Effect::KeptBut);
    let costs = match row.costs.as_slice() {
        [] => "costs nothing more on this run".to_owned(),
        // A line ends between two of them, not within one.
        costs => costs
            .join(" · ")
            .replace(' ', "\u{a0}")
            .replace("\u{a0}·\u{a0}", " · "),
    };
    html! {
        <li key={row.number} {class}>
            <span class="sign" aria-hidden="true">{ row.mark }</span>
            <button type="button" class="name" aria-expanded={if open { "true" } else { "false" }} onclick={toggle}>{ &row.name }</button>
            <span class="verdict">{ &row.verdict }</span>
            if helps || open {
                <button type="button" class="link run" aria-label={format!("Run it like this: {}", row.name)} onclick={run}>{ "Run it like this" }</button>
            }
            if !row.breaks.is_empty() { <span class="breaks">{ &row.breaks }</span> }
            if helps { <span class="costs">{ costs }</span> }
            // Where the promise stays broken and what comes of it is another thing, that may be all one wants.
            if let ([truth], false) = (row.truth.as_slice(), helps) { <span class="costs">{ truth }</span> }
            if open { { more(row, beside) } }
        </li>
    }
}

/// What theory says, what happened, and all that was measured.
fn more(row: &FixRow, beside: Callback<MouseEvent>) -> Html {
    html! {
        <div class="more">
            <p>{ &row.why }</p>
            if let Some(still) = &row.still { <p class="still">{ still }</p> }
            if !row.also_keeps.is_empty() { <p>{ format!("It also keeps {}.", row.also_keeps) }</p> }
            for truth in &row.truth { <p>{ truth }</p> }
            <table>
                <thead><tr><td></td><th scope="col">{ "now" }</th><th scope="col">{ "with it" }</th></tr></thead>
                <tbody>
                    for pair in &row.measured {
                        <tr class={(pair.now != pair.then).then_some("other")}>
                            <th scope="row">{ pair.name }</th><td>{ &pair.now }</td><td>{ &pair.then }</td>
                        </tr>
                    }
                </tbody>
            </table>
            <button type="button" class="link" aria-label={format!("See both side by side: {}", row.name)} onclick={beside}>{ "See both side by side" }</button>
        </div>
    }
}

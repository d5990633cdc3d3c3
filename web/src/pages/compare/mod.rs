//! Two runs side by side: one cursor, the same weather where the seed is the same, one difference.
//!
//! The left one is the run on the visitor's desk. The right one lies on a desk of its own, and its player
//! is taken along by the left one's.

mod choose;
mod offers;
mod results;

use std::rc::Rc;
use std::sync::Arc;

use replication::fixes;
use web_sys::{Element, HtmlSelectElement};
use yew::prelude::*;

use crate::components::announce::Announce;
use crate::components::caption::pauses_for_words;
use crate::components::in_turn::in_turn;
use crate::components::lecture::lecture as lecture_bar;
use crate::components::stage::Stage;
use crate::components::transport::transport;
use crate::components::words::Prose;
use crate::desk::{Desk, Part, use_desk};
use crate::platform;
use crate::store::{Beside, Rival, Store};
use choose::Choose;
use offers::{Offer, offers};
use results::{Results, use_outcomes};

const TITLE: &str = "Two runs side by side";

/// What is compared.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The desk with the left run.
    pub desk: Desk,
}

/// What to compare with, and then both.
#[component]
pub fn Compare(props: &Props) -> Html {
    let desk = &props.desk;
    use_effect_with((), |()| platform::go_to("compare"));
    let offers = {
        let store = desk.store();
        let branches: Vec<(u32, String)> = store
            .branches
            .rows()
            .into_iter()
            .map(|row| (row.id, row.name))
            .collect();
        let key = (Arc::as_ptr(&store.scenario) as usize, store.seed, branches);
        let desk = desk.clone();
        use_memo(key, move |_| offers(&desk))
    };
    let back = {
        let desk = desk.clone();
        Callback::from(move |_: MouseEvent| desk.compare_no_more())
    };
    let head = html! {
        <div class="compare-head">
            <h2>{ TITLE }</h2>
            <button type="button" onclick={back}>{ "Back to the run" }</button>
        </div>
    };
    let title = desk.store().scenario.title.clone();
    let lecture = desk.store().lecture && !desk.is_choosing();
    html! {
        <main class={classes!("compare", lecture.then_some("lecture"))} id="compare" tabindex="-1" data-figure="" data-run-title={title} aria-label="Compare">
            if lecture {
                { in_turn(desk, Part::Player, lecture_bar) }
                <h2 class="unseen">{ TITLE }</h2>
            } else {
                { head }
            }
            if let Some(Beside::Run(rival)) = desk.store().beside.clone() {
                <Pair key={key_of(&rival)} desk={desk.clone()} {offers} rival={rival.clone()}/>
            } else {
                <Choose desk={desk.clone()} {offers}/>
            }
        </main>
    }
}

fn key_of(rival: &Rival) -> String {
    format!("{}-{}", Arc::as_ptr(&rival.scenario) as usize, rival.seed)
}

#[derive(PartialEq, Properties)]
struct PairProps {
    desk: Desk,
    rival: Rival,
    offers: Rc<Vec<Offer>>,
}

/// Equal where they are the same run under the same name.
impl PartialEq for Rival {
    fn eq(&self, other: &Self) -> bool {
        key_of(self) == key_of(other) && self.name == other.name
    }
}

/// Both runs, their one player, and what came of them.
#[component]
fn Pair(props: &PairProps) -> Html {
    let (desk, rival) = (props.desk.to_watch(), &props.rival);
    let other = {
        let rival = rival.clone();
        use_desk(move || Store::open(rival.scenario, rival.seed, "".into())).taken_along_by(&desk)
    };
    {
        let (player, other) = (desk.player().clone(), other.player().clone());
        use_effect_with((), move |()| {
            player.set_beside(Some(other));
            move || player.set_beside(None)
        });
    }
    let outcomes = use_outcomes(&desk, &other);
    let lecture = desk.store().lecture;
    let over = desk.player().over().is_some();
    let results = use_node_ref();
    {
        let results = results.clone();
        use_effect_with(lecture && over, move |comes| {
            if let (true, Some(results)) = (*comes, results.cast::<Element>()) {
                platform::bring_into_sight(&results);
            }
        });
    }
    let go_on = {
        let desk = desk.clone();
        Callback::from(move |_: MouseEvent| desk.go_on_with_rival())
    };
    let as_it_is = {
        let (left, right) = (desk.store().scenario.clone(), rival.scenario.clone());
        let changed = rival.branch.is_none();
        let key = (Arc::as_ptr(&left) as usize, Arc::as_ptr(&right) as usize);
        use_memo(key, move |_| {
            let back = changed.then(|| fixes::variant_to(&right, &left)).flatten();
            back.map(|fix| fix.name)
        })
    };
    // Beside "semi-sync" one wants to read "async", and not that this is the story as it was.
    let name = match &*as_it_is {
        Some(setting) => setting.clone(),
        None => desk.store().branches.current().name.clone(),
    };
    html! {
        <>
            <div class="pair" onclick={pauses_for_words(&desk)}>
                <section class="side" aria-label="First run">
                    { pick_left(&desk, as_it_is.as_deref()) }
                    { in_turn(&desk, Part::Said, says) }
                    <Stage desk={desk.clone()}/>
                </section>
                <section class="side" aria-label="Second run">
                    { pick_right(&desk, rival, &props.offers) }
                    { in_turn(&other, Part::Said, says) }
                    <Stage desk={other.clone()}/>
                </section>
            </div>
            <div class="player">
                { in_turn(&desk, Part::Player, transport) }
                <Announce desk={desk.clone()}/>
            </div>
            // Who tells of both does not begin with what will come of them.
            if !lecture || over {
                <div class="ending" ref={results}>
                    <Results desk={desk.clone()} {outcomes} left={name} right={rival.name.clone()}/>
                </div>
            }
            if !lecture {
                <div class="compare-foot">
                    <button type="button" onclick={go_on}>{ format!("Go on with “{}”", rival.name) }</button>
                </div>
            }
        </>
    }
}

/// What is to be said of one side.
fn says(desk: &Desk) -> Html {
    let caption = desk.with_lit(scene::state_caption);
    let headline = AttrValue::from(caption.headline);
    html! {
        <p class="says">
            <strong><Prose text={headline.clone()}/></strong>{ " " }<Prose text={caption.text} after={headline}/>
        </p>
    }
}

/// `setting` is what the left run has where the right one has something else.
fn pick_left(desk: &Desk, setting: Option<&str>) -> Html {
    let rows = desk.store().branches.rows();
    let onchange = {
        let desk = desk.clone();
        Callback::from(move |event: Event| {
            if let Some(id) = chosen(&event).and_then(|value| value.parse().ok()) {
                desk.go_to(id);
            }
        })
    };
    html! {
        <label class="field">
            <span>{ "First" }</span>
            <select class="left" {onchange}>
                for row in rows {
                    <option key={row.id} value={row.id.to_string()} selected={row.current}>
                        { match setting.filter(|_| row.current) {
                            Some(setting) => format!("{setting} ({})", row.name),
                            None => row.name,
                        } }
                    </option>
                }
            </select>
        </label>
    }
}

fn pick_right(desk: &Desk, rival: &Rival, groups: &Rc<Vec<Offer>>) -> Html {
    let onchange = {
        let (desk, groups) = (desk.clone(), groups.clone());
        Callback::from(move |event: Event| {
            let place: Option<usize> = chosen(&event).and_then(|value| value.parse().ok());
            let mut all = groups.iter().flat_map(|group| &group.rivals);
            if let Some(offered) = place.and_then(|place| all.nth(place)) {
                offered.take(&desk);
            }
        })
    };
    let mut place = 0;
    let mut known = false;
    let groups = groups.iter().map(|group| {
        let options = group.rivals.iter().map(|offered| {
            let is_it = !known && rival.name == *offered.name();
            known |= is_it;
            let value = place.to_string();
            place += 1;
            html! { <option {value} selected={is_it}>{ offered.name() }</option> }
        });
        let options: Vec<Html> = options.collect();
        html! { <optgroup label={group.name.clone()}>{ for options }</optgroup> }
    });
    let groups: Vec<Html> = groups.collect();
    html! {
        <label class="field">
            <span>{ "Second" }</span>
            <select class="right" {onchange}>
                if !known { <option value="" selected=true>{ rival.name.clone() }</option> }
                { for groups }
            </select>
        </label>
    }
}

fn chosen(event: &Event) -> Option<String> {
    let select = event.target_dyn_into::<HtmlSelectElement>();
    select.map(|select| select.value())
}

//! "Break something": everyone's verbs as a list, for the keyboard and for those who do not see the stage.

use replication::engine::time::SimTime;
use replication::ids::{ClientId, NodeId, Place, RegionId};
use scene::quantity::decimal;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::deeds::{self, Deed};
use crate::desk::Desk;
use crate::store::Open;

/// A row for each replica, region and client, and what can be done to all.
pub fn verbs(desk: &Desk) -> Html {
    let scenario = &desk.store().scenario;
    let replicas = scenario
        .structure
        .replicas()
        .chain(scenario.structure.extra());
    let clients = (0..scenario.clients.len() as u8).map(ClientId);
    let regions = (0..scenario.names.regions.len() as u8).map(RegionId);
    let all = desk.with(|run, _| deeds::of_all(run));
    let point_in_time = desk.with(|run, _| {
        let kept = run
            .settings()
            .backups
            .is_some_and(|backups| backups.point_in_time);
        kept && run.backups().iter().any(|backup| backup.worked)
    });
    html! {
        <section aria-labelledby="verbs-title">
            <h2 id="verbs-title">{ "Break something" }</h2>
            <ul class="verbs">
                { for replicas.map(|node| replica(desk, node)) }
                if regions.len() > 1 { { for regions.map(|id| region(desk, id)) } }
            </ul>
            <div class="all">
                { for all.iter().map(|deed| button(desk, deed, None)) }
            </div>
            if point_in_time { <BackTo desk={desk.clone()}/> }
            <h2>{ "Have someone write or read" }</h2>
            <ul class="verbs">
                { for clients.map(|id| client(desk, id)) }
            </ul>
        </section>
    }
}

/// A button that does it. With `whose`, its name says whose too.
pub fn button(desk: &Desk, deed: &Deed, whose: Option<&str>) -> Html {
    let onclick = {
        let (desk, does) = (desk.clone(), deed.does.clone());
        Callback::from(move |_: MouseEvent| {
            desk.act_all(&does);
            desk.show(Open::Nothing);
        })
    };
    let name = deed
        .name
        .strip_suffix(" it")
        .filter(|_| whose.is_some())
        .unwrap_or(&deed.name)
        .to_owned();
    let aria = whose.map(|whose| format!("{name} {whose}"));
    html! { <button type="button" aria-label={aria} {onclick}>{ name }</button> }
}

/// A button that opens somebody's menu.
fn more(desk: &Desk, place: Place, label: String) -> Html {
    let desk = desk.clone();
    let onclick = Callback::from(move |_: MouseEvent| desk.show(Open::Menu(place)));
    html! { <button type="button" aria-label={label} aria-haspopup="dialog" {onclick}>{ "More…" }</button> }
}

fn replica(desk: &Desk, node: NodeId) -> Html {
    let name = desk.store().scenario.names.node(node).to_owned();
    let (groups, state) = desk.with(|run, _| {
        let view = run.nodes().into_iter().find(|view| view.id == node);
        let state = view.map_or("", |view| match (view.up, view.paused) {
            (false, _) => ", down",
            (true, true) => ", paused",
            (true, false) => "",
        });
        (deeds::of_node(run, node), state)
    });
    let first = groups.first().and_then(|group| group.deeds.first());
    html! {
        <li key={node.0.to_string()}>
            <span class="who">{ &name }{ state }</span>
            { for first.map(|deed| button(desk, deed, Some(&name))) }
            { more(desk, Place::Node(node), format!("More… that can be done to {name}")) }
        </li>
    }
}

fn region(desk: &Desk, region: RegionId) -> Html {
    let name = desk.store().scenario.names.regions[usize::from(region.0)].clone();
    let group = desk.with(|run, _| deeds::of_region(run, region));
    html! {
        <li key={format!("region {name}")}>
            <span class="who">{ format!("all of {name}") }</span>
            { for group.deeds.iter().map(|deed| button(desk, deed, Some(&format!("the region {name}")))) }
        </li>
    }
}

fn client(desk: &Desk, client: ClientId) -> Html {
    let name = desk.store().scenario.names.client(client).to_owned();
    let onclick = {
        let desk = desk.clone();
        Callback::from(move |_: MouseEvent| desk.show(Open::Menu(Place::Client(client))))
    };
    html! {
        <li key={client.0.to_string()}>
            <span class="who">{ &name }</span>
            <button type="button" aria-label={format!("Choose… what {name} writes or reads")} aria-haspopup="dialog" {onclick}>{ "Choose…" }</button>
        </li>
    }
}

#[derive(PartialEq, Properties)]
struct BackToProps {
    desk: Desk,
}

/// A restore of everything as of a moment that one names.
#[component]
fn BackTo(props: &BackToProps) -> Html {
    let field = use_node_ref();
    let newest_us = props.desk.with(|run, _| {
        let backups = run.backups();
        let newest = backups.iter().rev().find(|backup| backup.worked);
        newest.map_or(0, |backup| backup.at.0)
    });
    let onsubmit = {
        let (desk, field) = (props.desk.clone(), field.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let typed = field
                .cast::<HtmlInputElement>()
                .map(|field| js_sys::parse_float(&field.value()));
            // What is no moment of this run so far is the nearest one.
            let seconds = typed.unwrap_or_default().max(0.0);
            let as_of = SimTime((seconds * 1e6) as u64).min(desk.player().now());
            desk.act(deeds::back_to(as_of));
        })
    };
    html! {
        <form class="back-to" {onsubmit}>
            <label for="back-to">{ "Restore all as of second" }</label>
            <input id="back-to" ref={field} type="text" inputmode="decimal" value={decimal(newest_us, 1_000_000)} autocomplete="off"/>
            <button type="submit">{ "Restore" }</button>
        </form>
    }
}

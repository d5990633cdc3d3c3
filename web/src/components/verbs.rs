//! "Break something": every replica's and client's verbs as a list, for the keyboard and for those who
//! do not see the stage.

use replication::ids::{ClientId, NodeId, Place};
use serde_json::json;
use yew::prelude::*;

use crate::desk::Desk;
use crate::store::Open;

/// A row for each replica and each client.
pub fn verbs(desk: &Desk) -> Html {
    let scenario = &desk.store().scenario;
    let replicas = scenario
        .structure
        .replicas()
        .chain(scenario.structure.proxy());
    let clients = (0..scenario.clients.len() as u8).map(ClientId);
    html! {
        <section aria-labelledby="verbs-title">
            <h2 id="verbs-title">{ "Break something" }</h2>
            <ul class="verbs">
                { for replicas.map(|node| replica(desk, node)) }
            </ul>
            <h2>{ "Have someone write or read" }</h2>
            <ul class="verbs">
                { for clients.map(|id| client(desk, id)) }
            </ul>
        </section>
    }
}

fn replica(desk: &Desk, node: NodeId) -> Html {
    let name = desk.store().scenario.names.node(node).to_owned();
    let up = is_up(desk, node);
    let (verb, deed): (_, fn(&Desk, NodeId)) = if up {
        ("Crash", crash)
    } else {
        ("Restart", restart)
    };
    let onclick = {
        let desk = desk.clone();
        Callback::from(move |_: MouseEvent| deed(&desk, node))
    };
    html! {
        <li key={node.0.to_string()}>
            <span class="who">{ &name }{ if up { "" } else { ", down" } }</span>
            <button type="button" aria-label={format!("{verb} {name}")} {onclick}>{ verb }</button>
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

/// Stops a replica at the cursor.
pub fn crash(desk: &Desk, node: NodeId) {
    desk.act(json!({ "crash": desk.store().scenario.names.node(node) }));
}

/// Starts a replica again at the cursor.
pub fn restart(desk: &Desk, node: NodeId) {
    desk.act(json!({ "restart": desk.store().scenario.names.node(node) }));
}

/// Whether a replica runs at the cursor.
pub fn is_up(desk: &Desk, node: NodeId) -> bool {
    desk.with(|run, _| {
        run.nodes()
            .iter()
            .find(|view| view.id == node)
            .is_some_and(|view| view.up)
    })
}

//! What a client can be asked to do: a write or a read of one's own.

use replication::ids::{Change, ClientId, KeyId};
use replication::scenario::{
    Conflicts, Deed as Act, Does, ProtocolKind, RandomChanges, ReadPolicy, Scenario, Stream,
};
use serde_json::{Value as Json, json};
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use crate::desk::Desk;
use crate::store::Open;

/// What a write can do to a key: its name in files, and how it is called here.
type Way = (&'static str, &'static str);

const SET: Way = ("write", "set it to");
const ADD: Way = ("add", "add to it");
const INSERT: Way = ("insert", "put in");
const REMOVE: Way = ("remove", "take out");
const ERASE: Way = ("erase", "erase it");
/// Functions that each replica of a stream of statements evaluates for itself.
const CALLS: [Way; 4] = [
    ("NOW()", "set it to NOW()"),
    ("RAND()", "set it to RAND()"),
    ("UUID()", "set it to UUID()"),
    ("NEXT_ID()", "set it to NEXT_ID()"),
];

/// Whose.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The desk.
    pub desk: Desk,
    /// The client.
    pub client: u8,
}

/// Two small forms.
#[component]
pub fn Wishes(props: &Props) -> Html {
    let Props { desk, client } = props;
    let scenario = &desk.store().scenario;
    let names = &scenario.names;
    let name = names.client(ClientId(*client)).to_owned();
    let (value, read) = (use_node_ref(), use_node_ref());
    let (w, r, path) = (use_node_ref(), use_node_ref(), use_node_ref());
    let (key, way) = (use_state(|| 0usize), use_state(|| 0usize));
    let (stream, policy, paths) = desk.with(|run, _| {
        let settings = run.settings();
        let paths: Vec<String> = settings
            .paths
            .iter()
            .map(|path| path.name.clone())
            .collect();
        (settings.stream, settings.reads, paths)
    });
    let ways = ways(scenario, KeyId(*key as u8), stream == Stream::Statement);
    let (does, _) = ways[(*way).min(ways.len() - 1)];
    let chosen = |select: &NodeRef| {
        select
            .cast::<HtmlSelectElement>()
            .map(|select| select.value())
            .unwrap_or_default()
    };
    let write = {
        let (desk, name, value, w) = (desk.clone(), name.clone(), value.clone(), w.clone());
        let key = names.keys.get(*key).cloned().unwrap_or_default();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let value = value
                .cast::<HtmlInputElement>()
                .map(|input| input.value())
                .unwrap_or_default();
            let mut entry = json!({ "client": name });
            let (verb, value) = match does {
                "write" => ("write", typed(&value)),
                "add" => ("add", typed(&value)),
                "insert" => ("insert", value.into()),
                "remove" => ("remove", value.into()),
                "erase" => ("write", Json::Null),
                call => ("write", json!({ "call": call })),
            };
            entry[verb] = json!({ key.clone(): value });
            count_in(&mut entry, "w", &chosen(&w));
            desk.act(entry);
            desk.show(Open::Nothing);
        })
    };
    let look = {
        let (desk, name, read, r, path) = (
            desk.clone(),
            name.clone(),
            read.clone(),
            r.clone(),
            path.clone(),
        );
        let all = names.keys.clone();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let keys = match chosen(&read) {
                key if key.is_empty() => all.clone(),
                key => vec![key],
            };
            let mut entry = json!({ "client": name, "read": keys });
            count_in(&mut entry, "r", &chosen(&r));
            let path = chosen(&path);
            if !path.is_empty() {
                entry["path"] = path.into();
            }
            desk.act(entry);
            desk.show(Open::Nothing);
        })
    };
    // The first of a list is marked: the browser takes the one that it is given first, which need not be it.
    let choose = |state: &UseStateHandle<usize>, other: Option<&UseStateHandle<usize>>| {
        let (state, other) = (state.setter(), other.map(UseStateHandle::setter));
        Callback::from(move |event: Event| {
            let select = event.target_dyn_into::<HtmlSelectElement>();
            state.set(select.map_or(0, |select| select.selected_index().max(0) as usize));
            if let Some(other) = &other {
                other.set(0);
            }
        })
    };
    let keys = || {
        names
            .keys
            .iter()
            .map(|key| html! { <option value={key.clone()}>{ key }</option> })
    };
    let busy = desk.with(|run, _| {
        run.clients()
            .get(usize::from(*client))
            .is_some_and(|client| client.busy.is_some())
    });
    let of_items = ways[0] == INSERT;
    let proposal = match names.items.first() {
        Some(item) if of_items => item.clone(),
        _ => "0".to_owned(),
    };
    html! {
        <>
            <p>
                if busy { { format!("{name} is waiting for an answer, and will do it after that.") } }
                else { { format!("{name} will do it now: press play to watch.") } }
            </p>
            <form onsubmit={write}>
                <div class="row">
                    <label>{ "Key" }<select onchange={choose(&key, Some(&way))}>{ for keys() }</select></label>
                    <label>
                        { "What" }
                        <select key={*key} onchange={choose(&way, None)}>
                            for (i, (value, written)) in ways.iter().enumerate() { <option value={*value} selected={i == 0}>{ *written }</option> }
                        </select>
                    </label>
                    if ["write", "add", "insert", "remove"].contains(&does) {
                        <label>{ if of_items { "Item" } else { "New value" } }<input ref={value} type="text" value={proposal} maxlength="40"/></label>
                    }
                    { quorum(scenario, "W", &w) }
                </div>
                <button type="submit">{ "Write" }</button>
            </form>
            <form onsubmit={look}>
                <div class="row">
                    <label>
                        { "Key" }
                        <select ref={read}>
                            { for keys() }
                            if names.keys.len() > 1 { <option value="">{ "all of them, in one view" }</option> }
                        </select>
                    </label>
                    { quorum(scenario, "R", &r) }
                    if matches!(policy, ReadPolicy::LagBudget { .. }) && paths.len() > 1 {
                        <label>
                            { "Read path" }
                            <select ref={path}>
                                for (i, path) in paths.iter().enumerate() { <option value={path.clone()} selected={i == 0}>{ path }</option> }
                            </select>
                        </label>
                    }
                </div>
                <button type="submit">{ "Read" }</button>
            </form>
        </>
    }
}

/// Leaderless: the W or R of this request alone.
fn quorum(scenario: &Scenario, which: &'static str, select: &NodeRef) -> Html {
    if scenario.structure.kind != ProtocolKind::Leaderless {
        return Html::default();
    }
    html! {
        <label>
            { which }
            <select ref={select.clone()} aria-label={format!("{which} of this request")}>
                <option value="" selected=true>{ "as set" }</option>
                for n in 1..=scenario.structure.copies { <option value={n.to_string()}>{ n }</option> }
            </select>
        </label>
    }
}

fn count_in(entry: &mut Json, field: &str, chosen: &str) {
    if let Ok(count) = chosen.parse::<u64>() {
        entry[field] = count.into();
    }
}

/// What a write can do to a key, what is usual for it first.
fn ways(scenario: &Scenario, key: KeyId, evaluated: bool) -> Vec<Way> {
    let structure = &scenario.structure;
    let merged =
        structure.kind == ProtocolKind::MultiLeader && structure.conflicts == Conflicts::Merge;
    let mut counter = false;
    let mut set = false;
    for plan in &scenario.clients {
        match &plan.does {
            Does::Steps(steps) => {
                for step in steps {
                    match step.act.deed {
                        Act::Write(of, Change::Add(_)) if of == key => counter = true,
                        Act::Write(of, Change::Insert(_) | Change::Remove(_)) if of == key => {
                            set = true
                        }
                        _ => {}
                    }
                }
            }
            Does::Random { keys, changes } if keys.contains(&key) => match changes {
                RandomChanges::Write => {}
                RandomChanges::Add => counter = true,
                RandomChanges::Items => set = true,
            },
            Does::Random { .. } => {}
        }
    }
    let mut ways = match (set, counter) {
        (true, _) => vec![INSERT, REMOVE],
        (false, true) if merged => vec![ADD],
        (false, false) if merged => vec![SET, ERASE],
        (false, _) => vec![SET, ADD, ERASE],
    };
    if set && !merged {
        ways.push(ERASE);
    }
    if evaluated && !set {
        ways.extend(CALLS);
    }
    ways
}

/// A whole number where it is one, else a text.
fn typed(value: &str) -> Json {
    value
        .trim()
        .parse::<i64>()
        .map_or_else(|_| Json::from(value), Json::from)
}

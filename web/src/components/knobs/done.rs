//! One leader: when the client hears “done”.

use replication::scenario::{Ack, ProtocolKind};
use serde_json::{Map, Value as Json};
use yew::prelude::*;

use super::parts::{Board, Scaled, ms, scaled};
use crate::components::choice::{Choice, Options};
use crate::components::slider::Slider;
use crate::desk::Desk;

/// After how long semi-sync falls back where nothing says it, in milliseconds: soon enough to be seen.
const TIMEOUT_MS: u64 = 1_000;

const MODES: Options = &[
    ("async", "Async", ""),
    ("semi_sync", "Semi-sync", ""),
    ("sync", "Sync", ""),
    ("quorum", "Quorum", ""),
    ("standbys", "Standbys", ""),
];

const WHEN: Options = &[
    ("received", "Received", ""),
    ("persisted", "On disk", ""),
    ("applied", "Visible", ""),
];

const WHICH: Options = &[
    (
        "first",
        "The first",
        "The first on the list that are connected; when one of them goes, the next takes its place (PostgreSQL’s FIRST).",
    ),
    (
        "any",
        "Any",
        "Any on the list, whoever is fastest (PostgreSQL’s ANY).",
    ),
];

const TIMEOUTS_MS: &[u64] = &[
    20, 50, 100, 200, 300, 500, 750, 1000, 1500, 2000, 3000, 5000, 10_000, 20_000,
];

pub fn knobs(board: &Board<'_>) -> Html {
    let off = !board.is(ProtocolKind::SingleLeader);
    let rule = board.settings.ack;
    let (chosen, means) = match board.kind() {
        ProtocolKind::SingleLeader => (name(rule), scene::ack_words(rule, board.structure())),
        ProtocolKind::MultiLeader => (
            "",
            "No choice here: each leader says “done” by itself, once it has the write on its disk."
                .to_owned(),
        ),
        ProtocolKind::Leaderless => ("", "Where nobody leads, W decides: see below.".to_owned()),
    };
    // What is written beside the mode stays, so that one can go back to it.
    let written = match board.at("/protocol/ack") {
        Json::Object(written) => written,
        _ => Map::new(),
    };
    let on_choose = {
        let written = written.clone();
        board.on(move |desk: &Desk, mode: &'static str| {
            let mut ack = written.clone();
            ack.insert("mode".to_owned(), mode.into());
            if mode == "semi_sync" && !ack.contains_key("timeout_ms") {
                ack.insert("timeout_ms".to_owned(), TIMEOUT_MS.into());
            }
            // A quorum is counted on disks.
            if mode == "quorum" && ack.get("when").is_some_and(|when| when == "received") {
                ack.remove("when");
            }
            turn(desk, ack);
        })
    };
    html! {
        <Choice id="done" legend="Say “done” after…" options={MODES} {chosen} {means} {off} {on_choose} story={!off && board.told(&["/protocol/ack"])}>
            if !off { { more(board, rule, written) } }
        </Choice>
    }
}

/// What the chosen mode has besides.
fn more(board: &Board<'_>, rule: Ack, written: Map<String, Json>) -> Html {
    let followers = u32::from(board.structure().nodes.saturating_sub(1)).max(1);
    let count = |id: &'static str,
                 name: &'static str,
                 field: &'static str,
                 value: u8,
                 last: u32| {
        let written = written.clone();
        let on_turn = board.on(move |desk: &Desk, n: u32| {
            let mut ack = written.clone();
            ack.insert(field.to_owned(), n.into());
            turn(desk, ack);
        });
        let text = Callback::from(|n: u32| n.to_string());
        html! { <Slider {id} {name} value={u32::from(value)} first=1 {last} written={text} {on_turn}/> }
    };
    let of_mode = match rule {
        Ack::SemiSync { k, timeout_us } => {
            let written = written.clone();
            let on_turn = board.on(move |desk: &Desk, timeout_ms: u64| {
                let mut ack = written.clone();
                ack.insert("timeout_ms".to_owned(), timeout_ms.into());
                turn(desk, ack);
            });
            html! {
                <>
                    { count("semi-sync-k", "Followers to wait for", "k", k, followers) }
                    { scaled(Scaled {
                        id: "semi-sync-timeout".into(),
                        name: "Give up after".into(),
                        places: TIMEOUTS_MS,
                        value: timeout_us / 1000,
                        written: ms,
                        on_turn,
                        note: Some("Then the leader alone is enough, until they have caught up.".into()),
                        story: false,
                        off: false,
                    }) }
                </>
            }
        }
        Ack::Standbys {
            count: n,
            first,
            list,
        } => {
            let written = written.clone();
            let on_choose = board.on(move |desk: &Desk, which: &'static str| {
                let mut ack = written.clone();
                ack.remove("first");
                ack.remove("any");
                ack.insert(which.to_owned(), n.into());
                turn(desk, ack);
            });
            let field = if first { "first" } else { "any" };
            let names = &board.desk.store().scenario.names;
            let listed: Vec<&str> = list.iter().map(|node| names.node(node)).collect();
            html! {
                <>
                    <Choice id="standbys" legend="Which standbys" options={WHICH} chosen={field} {on_choose}/>
                    { count("standbys-n", "Standbys to wait for", field, n, list.iter().count() as u32) }
                    <p class="why">{ format!("The list: {}.", scene::quantity::listed(&listed)) }</p>
                </>
            }
        }
        _ => Html::default(),
    };
    let when = board
        .text("/protocol/ack/when")
        .unwrap_or("persisted")
        .to_owned();
    let options = match rule {
        Ack::Quorum => &WHEN[1..],
        _ => WHEN,
    };
    let on_when = board.on(move |desk: &Desk, when: &'static str| {
        let mut ack = written.clone();
        ack.insert("when".to_owned(), when.into());
        turn(desk, ack);
    });
    html! {
        <>
            { of_mode }
            if rule != Ack::Async {
                <Choice id="ack-when" legend="A follower’s answer means" {options} chosen={when} means={scene::ack_when_words(board.settings.ack_when)} on_choose={on_when} story={board.told(&["/protocol/ack/when"])}/>
            }
        </>
    }
}

fn turn(desk: &Desk, mut ack: Map<String, Json>) {
    // A scenario may leave out the rule.
    ack.entry("mode").or_insert_with(|| "async".into());
    desk.turn(&[("/protocol/ack".to_owned(), Json::Object(ack))]);
}

fn name(ack: Ack) -> &'static str {
    match ack {
        Ack::Async => "async",
        Ack::SemiSync { .. } => "semi_sync",
        Ack::Sync => "sync",
        Ack::Quorum => "quorum",
        Ack::Standbys { .. } => "standbys",
    }
}

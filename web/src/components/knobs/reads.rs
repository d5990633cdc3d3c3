//! Where reads go, and what they put up with.

use replication::scenario::{ProtocolKind, ReadPolicy};
use serde_json::{Value as Json, json};
use yew::prelude::*;

use super::parts::{Board, Dial, Scaled, ms, scaled};
use crate::components::choice::{Choice, Options};
use crate::desk::Desk;

const POLICIES: Options = &[
    ("leader", "Leader", ""),
    ("any", "Any", ""),
    ("sticky", "Sticky", ""),
    ("nearest", "Nearest", ""),
    ("leader_after_write", "Own write", ""),
    ("session_token", "Token", ""),
    ("lag_budget", "Budget", ""),
];
/// Of those, the ones that need no leader’s log.
const PLAIN: usize = 4;

const LEADER_READS: Options = &[
    ("local", "At once", ""),
    ("lease", "By lease", ""),
    ("confirmed", "Confirmed", ""),
];

const WINDOW: Dial = Dial {
    id: "window",
    name: "For so long after a write",
    pointer: "/reads/window_ms",
    places: &[50, 100, 200, 300, 500, 1000, 2000, 5000, 10_000],
    parts: 1,
    written: ms,
    default: 1000,
    null: None,
    note: "",
};

const WAIT: Dial = Dial {
    id: "wait",
    name: "A replica waits at most",
    pointer: "/reads/wait_ms",
    places: &[0, 50, 100, 200, 300, 500, 1000, 2000],
    parts: 1,
    written: ms,
    default: 200,
    null: None,
    note: "Then the leader is asked. If it has not what the token names, that was lost in a failover, and the reader is told.",
};

const REPORT: Dial = Dial {
    id: "report",
    name: "Lag is reported every",
    pointer: "/reads/report_ms",
    places: &[20, 50, 100, 200, 500, 1000, 2000],
    parts: 1,
    written: ms,
    default: 100,
    null: None,
    note: "A reader knows only what it was last told.",
};

const BOUNDS_MS: &[u64] = &[
    50, 100, 200, 300, 500, 750, 1000, 1500, 2000, 3000, 5000, 10_000,
];
const BUDGETS_MS: &[u64] = &[0, 50, 100, 200, 300, 500, 1000, 2000, 5000, 10_000];
const BUDGETS: &[u64] = &[0, 1, 2, 3, 5, 10, 20, 50, 100, 1000];

pub fn knobs(board: &Board<'_>) -> Html {
    let policy = board.settings.reads;
    let proxied = board.structure().proxy().is_some();
    let options = match board.kind() {
        ProtocolKind::SingleLeader => POLICIES,
        ProtocolKind::MultiLeader => &POLICIES[..PLAIN],
        ProtocolKind::Leaderless => &POLICIES[1..PLAIN],
    };
    let means = match proxied {
        true => "Every request goes to the proxy, which asks R copies.".to_owned(),
        false => scene::reads_words(policy, board.kind()),
    };
    let chosen = match policy {
        _ if proxied => "",
        // Where nobody leads there is no leader to ask.
        ReadPolicy::Leader if board.is(ProtocolKind::Leaderless) => "any",
        ReadPolicy::Leader => "leader",
        ReadPolicy::Any => "any",
        ReadPolicy::Sticky => "sticky",
        ReadPolicy::Nearest => "nearest",
        ReadPolicy::LeaderAfterWrite { .. } => "leader_after_write",
        ReadPolicy::SessionToken { .. } => "session_token",
        ReadPolicy::LagBudget { .. } => "lag_budget",
    };
    let legend = match board.kind() {
        ProtocolKind::Leaderless => "Requests go to",
        _ => "Reads go to",
    };
    let on_choose = board.on(|desk: &Desk, policy: &'static str| {
        desk.turn(&[("/reads/policy".to_owned(), policy.into())]);
    });
    let more = match policy {
        ReadPolicy::LeaderAfterWrite { .. } => board.dial(&WINDOW),
        ReadPolicy::SessionToken { .. } => board.dial(&WAIT),
        ReadPolicy::LagBudget {
            evict_us,
            return_us,
            ..
        } => budget(board, evict_us / 1000, return_us / 1000),
        _ => Html::default(),
    };
    html! {
        <Choice id="reads" {legend} {options} {chosen} {means} off={proxied} {on_choose} story={!proxied && board.told(&["/reads/policy"])}>
            if board.is(ProtocolKind::SingleLeader) {
                { more }
                { leader_reads(board) }
            }
        </Choice>
    }
}

/// What a leader does before it answers.
fn leader_reads(board: &Board<'_>) -> Html {
    let fenced = board.settings.fencing.is_some();
    let on_choose = board.on(move |desk: &Desk, how: &'static str| {
        let mut changes = vec![("/reads/leader".to_owned(), Json::from(how))];
        // There are leases only where old leaders are fenced off.
        if how == "lease" && !fenced {
            changes.push((
                "/protocol/fencing".to_owned(),
                json!({ "lease_ms": 300, "clock_error_ms": 50 }),
            ));
        }
        desk.turn(&changes);
    });
    let chosen = board.text("/reads/leader").unwrap_or("local").to_owned();
    let told = board.told(&["/reads/leader"]);
    html! { <Choice id="leader-reads" legend="Before a leader answers a read" options={LEADER_READS} {chosen} means={scene::leader_reads_words(board.settings.leader_reads)} {on_choose} story={told}/> }
}

/// The bounds of a lag budget, and what each read path puts up with.
fn budget(board: &Board<'_>, evict_ms: u64, return_ms: u64) -> Html {
    let bound = |id: &'static str,
                 name: &'static str,
                 value: u64,
                 on_turn: Callback<u64>,
                 note: &'static str| {
        scaled(Scaled {
            id: id.into(),
            name: name.into(),
            places: BOUNDS_MS,
            value,
            written: ms,
            on_turn,
            note: Some(note.into()),
            story: board.told(&["/reads/evict_ms", "/reads/return_ms"]),
            off: false,
        })
    };
    let set = |desk: &Desk, evict_ms: u64, return_ms: u64| {
        desk.turn(&[
            ("/reads/evict_ms".to_owned(), evict_ms.into()),
            ("/reads/return_ms".to_owned(), return_ms.into()),
        ]);
    };
    let on_evict = board.on(move |desk: &Desk, evict: u64| set(desk, evict, return_ms.min(evict)));
    let on_return = board.on(move |desk: &Desk, back: u64| set(desk, evict_ms.max(back), back));
    html! {
        <>
            { for (0..board.settings.paths.len()).map(|path| read_path(board, path)) }
            { bound("evict", "Evicted above", evict_ms, on_evict, "A replica that reports more lag than this is read by nobody.") }
            { bound("return", "Let back below", return_ms, on_return, "Lower than that, so that it does not come and go.") }
            { board.dial(&REPORT) }
        </>
    }
}

fn read_path(board: &Board<'_>, number: usize) -> Html {
    let paths = &board.settings.paths;
    let path = &paths[number];
    // The whole list is written: it may not stand in the scenario yet.
    let written: Vec<Json> = paths
        .iter()
        .map(|path| json!({ "name": path.name, "max_ms": path.max_us.map(|us| us / 1000), "max_entries": path.max_entries }))
        .collect();
    let slider = |field: &'static str,
                  name: String,
                  places,
                  value: u64,
                  words: fn(u64) -> String,
                  none: Option<u64>| {
        let written = written.clone();
        let on_turn = board.on(move |desk: &Desk, value: u64| {
            let mut paths = written.clone();
            paths[number][field] = if none == Some(value) {
                Json::Null
            } else {
                value.into()
            };
            desk.turn(&[("/reads/paths".to_owned(), Json::Array(paths))]);
        });
        scaled(Scaled {
            id: format!("{field}-{number}").into(),
            name: name.into(),
            places,
            value,
            written: words,
            on_turn,
            note: None,
            story: board.told(&["/reads/paths"]),
            off: false,
        })
    };
    let of_time = path.max_us.map(|us| {
        let name = format!("“{}” may be old by", path.name);
        slider("max_ms", name, BUDGETS_MS, us / 1000, ms, None)
    });
    // A budget has at least one of the two.
    let of_entries = {
        let none = path.max_us.is_some().then_some(1000);
        let name = format!("“{}” may miss", path.name);
        let words: fn(u64) -> String = |entries| match entries {
            1000 => "any number".to_owned(),
            entries => scene::quantity::count(entries, "entry", "entries"),
        };
        slider(
            "max_entries",
            name,
            BUDGETS,
            path.max_entries.map_or(1000, u64::from),
            words,
            none,
        )
    };
    html! { <>{ of_time }{ of_entries }</> }
}

//! One leader: who takes over, and how an old leader is kept from going on.

use serde_json::{Value as Json, json};
use yew::prelude::*;

use super::parts::{Board, Dial, Knob, Pick, flip, list, ms};
use crate::desk::Desk;

const PROMOTION: &[Knob] = &[Knob::NewRun(Pick {
    id: "promotion",
    legend: "Who promotes a follower",
    pointer: "/protocol/promotion",
    options: &[
        (
            "majority",
            "A majority",
            "The replicas vote: a new leader needs more than half of all, and only one with a log at least as new as theirs \
             gets their votes.",
        ),
        (
            "reachable",
            "A manager",
            "A failover manager takes the follower that looks most caught up to it. What it can’t reach it can’t ask: even a \
             write that a majority has may be lost.",
        ),
    ],
    means: None,
})];

const LEASES: &[Knob] = &[
    Knob::Dial(Dial {
        id: "lease",
        name: "Lease",
        pointer: "/protocol/fencing/lease_ms",
        places: &[50, 100, 150, 200, 300, 500, 750, 1000, 2000, 5000],
        parts: 1,
        written: ms,
        default: 300,
        null: None,
        note: "A leader that no majority has answered for so long stops saying “done” and serving.",
    }),
    Knob::Dial(Dial {
        id: "clock-error",
        name: "Allowed for clocks",
        pointer: "/protocol/fencing/clock_error_ms",
        places: &[0, 10, 20, 50, 100, 200, 500, 1000],
        parts: 1,
        written: ms,
        default: 50,
        null: None,
        note: "Its successor waits the lease and this long before its first “done”.",
    }),
];

const DETECTION: &[Knob] = &[
    Knob::Dial(Dial {
        id: "failure-timeout",
        name: "Silence that counts as death",
        pointer: "/protocol/failure_timeout_ms",
        places: &[
            150, 200, 300, 400, 600, 800, 1000, 1500, 2000, 3000, 5000, 10_000,
        ],
        parts: 1,
        written: ms,
        default: 400,
        null: None,
        note: "A slow or paused leader looks just as dead.",
    }),
    Knob::Dial(Dial {
        id: "heartbeat",
        name: "A heartbeat every",
        pointer: "/protocol/heartbeat_ms",
        places: &[20, 50, 100, 150, 200, 300, 500, 1000],
        parts: 1,
        written: ms,
        default: 100,
        null: None,
        note: "",
    }),
];

pub fn knobs(board: &Board<'_>) -> Html {
    let fenced = board.settings.fencing.is_some();
    let lease_reads = board.text("/reads/leader") == Some("lease");
    let on_fence = board.on(move |desk: &Desk, on: bool| {
        let mut changes = vec![("/protocol/fencing".to_owned(), Json::Bool(on))];
        // Without leases no leader can read by one.
        if !on && lease_reads {
            changes.push(("/reads/leader".to_owned(), "local".into()));
        }
        if on {
            changes[0].1 = json!({ "lease_ms": 300, "clock_error_ms": 50 });
        }
        desk.turn(&changes);
    });
    let about = [
        "/protocol/promotion",
        "/protocol/manager_region",
        "/protocol/fencing",
        "/protocol/failure_timeout_ms",
        "/protocol/heartbeat_ms",
    ];
    board.fold(
        "Failover",
        &about,
        html! {
            <>
                { board.all(PROMOTION) }
                { manager(board) }
                { flip(
                    "fencing",
                    "Fence old leaders off",
                    fenced,
                    "Off, a leader that was replaced without hearing of it goes on saying “done”. On, it may do so only while it holds a lease.",
                    board.told(&["/protocol/fencing"]),
                    on_fence,
                ) }
                if fenced { { board.all(LEASES) } }
                { board.all(DETECTION) }
            </>
        },
    )
}

/// With regions, the one in which the failover manager stands.
fn manager(board: &Board<'_>) -> Html {
    let scenario = &board.desk.store().scenario;
    let regions = &scenario.names.regions;
    if scenario.structure.manager().is_none() || regions.len() < 2 {
        return Html::default();
    }
    let chosen = board
        .text("/protocol/manager_region")
        .unwrap_or(&regions[0])
        .to_owned();
    let entries: Vec<(String, String)> = regions
        .iter()
        .map(|name| (name.clone(), name.clone()))
        .collect();
    let on_choose = board.on(|desk: &Desk, region: String| {
        desk.renew(&[("/protocol/manager_region".to_owned(), region.into())]);
    });
    let told = board.told(&["/protocol/manager_region"]);
    list(
        "manager-region",
        "The manager stands in",
        &entries,
        &chosen,
        told,
        on_choose,
    )
}

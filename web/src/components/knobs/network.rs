//! What delays, loses, repeats and reorders messages.

use replication::engine::delay::Delay;
use replication::scenario::ProtocolKind;
use serde_json::{Value as Json, json};
use yew::prelude::*;

use super::parts::{Board, Dial, Knob, Scaled, fraction, list, ms, percent, scaled};
use crate::desk::Desk;

const LAGS_MS: &[u64] = &[
    0, 1, 2, 5, 10, 20, 35, 50, 80, 120, 160, 200, 250, 320, 400, 500, 650, 800, 1000, 1500, 2000,
    3000, 5000, 10_000,
];
const JITTERS_TENTHS: &[u64] = &[10, 12, 15, 20, 30, 40, 60, 80, 100, 150, 200, 300];
const SHARES_PPM: &[u64] = &[
    0, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 150_000, 200_000, 300_000, 500_000,
    1_000_000,
];

const LOSS: Dial = Dial {
    id: "loss",
    name: "Messages lost",
    pointer: "/network/loss_percent",
    places: SHARES_PPM,
    parts: 10_000,
    written: percent,
    default: 0,
    null: None,
    note: "",
};

const DISORDER: &[Knob] = &[
    Knob::Dial(Dial {
        id: "duplicates",
        name: "Messages that arrive twice",
        pointer: "/network/duplicate_percent",
        places: SHARES_PPM,
        parts: 10_000,
        written: percent,
        default: 0,
        null: None,
        note: "",
    }),
    Knob::Dial(Dial {
        id: "reordered",
        name: "Messages held back",
        pointer: "/network/reorder_percent",
        places: SHARES_PPM,
        parts: 10_000,
        written: percent,
        default: 0,
        null: None,
        note: "Later ones overtake them. Never within a log’s stream, which is ordered.",
    }),
    Knob::Dial(Dial {
        id: "held-back",
        name: "Held back for",
        pointer: "/network/reorder_ms",
        places: &[1, 5, 10, 20, 50, 100, 200, 500, 1000, 2000],
        parts: 1,
        written: ms,
        default: 100,
        null: None,
        note: "",
    }),
    Knob::Dial(Dial {
        id: "client-delay",
        name: "Between clients and replicas",
        pointer: "/network/client_ms",
        places: &[0, 1, 2, 5, 10, 20, 25, 50, 100, 200, 500],
        parts: 1,
        written: ms,
        default: 10,
        null: None,
        note: "",
    }),
    Knob::Dial(Dial {
        id: "peer-delay",
        name: "Acknowledgements, heartbeats, votes",
        pointer: "/network/peer_ms",
        places: &[0, 1, 2, 5, 10, 20, 50, 100, 200, 500],
        parts: 1,
        written: ms,
        default: 5,
        null: None,
        note: "What replicas send each other beside the data.",
    }),
];

/// Fits that were measured, and how they are called.
const LEGS: [(&str, &str); 4] = [
    ("lnkd_ssd", "LNKD-SSD: LinkedIn, on flash"),
    ("lnkd_disk", "LNKD-DISK: LinkedIn, on spinning disks"),
    ("ymmr", "YMMR: Yammer’s Riak"),
    ("wan", "WAN: LNKD-DISK, other regions 75 ms away"),
];

pub fn knobs(board: &Board<'_>) -> Html {
    let leaderless = board.is(ProtocolKind::Leaderless);
    let network = &board.settings.network;
    let carried = if leaderless {
        &network.w
    } else {
        &network.replication
    };
    // A scenario may give each leg a distribution of its own, which one number can't change.
    let legs = board.at("/protocol/legs");
    let own_legs = leaderless && (legs.is_string() || legs.get("w").is_some());
    let (lag_ms, jitter_tenths) = match carried {
        Delay::LogNormal {
            median_ms,
            p99_over_p50,
        } if !own_legs => (
            median_ms.round() as u64,
            (p99_over_p50 * 10.0).round() as u64,
        ),
        _ => (0, 10),
    };
    let why = own_legs.then_some(AttrValue::Static(
        "No meaning here: each leg has a delay of its own.",
    ));
    let turns = |pointer: &'static str, parts: u64| {
        board.on(move |desk: &Desk, value: u64| {
            desk.turn(&[(pointer.to_owned(), fraction(value, parts))])
        })
    };
    let jitter = scene::quantity::decimal(jitter_tenths, 10);
    html! {
        <fieldset>
            <legend>{ "Network" }</legend>
            if leaderless { { measured_legs(board, &legs) } }
            { scaled(Scaled {
                id: "lag".into(),
                name: if leaderless { "Delay of a write to a copy" } else { "Replication lag" }.into(),
                places: LAGS_MS,
                value: lag_ms,
                written: ms,
                on_turn: turns("/network/replication_lag_ms", 1),
                note: why.clone().or(Some("Half of what is streamed to the replicas takes longer than this.".into())),
                story: board.told(&["/network/replication_lag_ms"]),
                off: own_legs,
            }) }
            { scaled(Scaled {
                id: "jitter".into(),
                name: "Jitter".into(),
                places: JITTERS_TENTHS,
                value: jitter_tenths,
                written: |tenths| format!("×{}", scene::quantity::decimal(tenths, 10)),
                on_turn: turns("/network/jitter", 10),
                note: why.or_else(|| Some(format!("One in a hundred takes more than {jitter} times as long.").into())),
                story: board.told(&["/network/jitter"]),
                off: own_legs,
            }) }
            { board.dial(&LOSS) }
        </fieldset>
    }
}

/// Leaderless: delays that were measured somewhere.
fn measured_legs(board: &Board<'_>, legs: &Json) -> Html {
    let mut entries = vec![(String::new(), "as set below".to_owned())];
    let entry = |(value, written): (&str, &str)| (value.to_owned(), written.to_owned());
    entries.extend(LEGS.map(entry));
    let chosen = match legs {
        Json::String(name) => name.clone(),
        Json::Object(legs) if !legs.is_empty() => {
            entries.push(entry(("own", "as in this scenario’s text")));
            "own".to_owned()
        }
        _ => String::new(),
    };
    let on_choose = board.on(|desk: &Desk, name: String| {
        let legs = match name.as_str() {
            "" => json!({}),
            "own" => return,
            _ => name.into(),
        };
        desk.turn(&[("/protocol/legs".to_owned(), legs)]);
    });
    let told = board.told(&["/protocol/legs"]);
    html! {
        <>
            { list("legs", "Delays of the four legs", &entries, &chosen, told, on_choose) }
            <p class="why">
                { "Fits to measurements, from " }
                <a href="https://www.vldb.org/pvldb/vol5/p776_peterbailis_vldb2012.pdf" target="_blank" rel="noopener noreferrer">{ "Bailis et al., VLDB 2012" }</a>
                { "." }
            </p>
        </>
    }
}

/// What is folded away.
pub fn folded(board: &Board<'_>) -> Html {
    let about = [
        "/network/duplicate_percent",
        "/network/reorder",
        "/network/client_ms",
        "/network/peer_ms",
    ];
    board.fold("More of the network", &about, board.all(DISORDER))
}

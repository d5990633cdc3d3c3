//! One leader: what is in the stream, who sees a write when, and how far back a log reaches.

use replication::scenario::{Stream, Visible};
use serde_json::Value as Json;
use yew::prelude::*;

use super::parts::{Board, Dial, Knob, Pick, flip, ms};
use crate::components::choice::{Choice, Options};
use crate::desk::Desk;

const VISIBLE: Options = &[
    (
        "on_append",
        "At once",
        "A replica shows a write as soon as it has it, perhaps before its writer hears “done” (MySQL’s AFTER_COMMIT): it can be \
         seen, and vanish in a failover.",
    ),
    (
        "on_ack",
        "On “done”",
        "The leader shows a write once it may say “done” (MySQL’s AFTER_SYNC); a follower once it has applied it.",
    ),
    (
        "on_commit",
        "Committed",
        "Every replica shows a write only once it knows that a majority has it.",
    ),
];

pub const DISK: Dial = Dial {
    id: "disk",
    name: "Writing to disk takes",
    pointer: "/protocol/disk_ms",
    places: &[0, 1, 2, 5, 10, 20, 50, 100, 200, 500],
    parts: 1,
    written: ms,
    default: 1,
    null: None,
    note: "",
};

pub const APPLY: Dial = Dial {
    id: "apply",
    name: "From disk to visible",
    pointer: "/protocol/apply_ms",
    places: &[0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000],
    parts: 1,
    written: ms,
    default: 1,
    null: None,
    note: "At a follower: what is on its disk is not yet what reads there show.",
};

const STREAM: &[Knob] = &[Knob::Pick(Pick {
    id: "stream",
    legend: "What is in the stream",
    pointer: "/protocol/stream",
    options: &[
        ("logical", "Rows", ""),
        ("statement", "Statements", ""),
        ("write_ahead_log", "Log bytes", ""),
    ],
    means: Some(|board| scene::stream_words(board.settings.stream)),
})];

const LOG: &[Knob] = &[Knob::Dial(Dial {
    id: "log-keeps",
    name: "The log keeps",
    pointer: "/protocol/log_keeps",
    places: &[0, 1, 2, 5, 10, 20, 50, 100, 500],
    parts: 1,
    written: |entries| match entries {
        0 => "everything".to_owned(),
        entries => scene::quantity::count(entries, "entry", "entries"),
    },
    default: 0,
    null: Some((0, "/protocol/log_keeps")),
    note: "A follower that is further behind gets a snapshot first.",
})];

const SNAPSHOT: Dial = Dial {
    id: "snapshot",
    name: "A snapshot takes longer by",
    pointer: "/protocol/snapshot_ms",
    places: &[0, 50, 100, 200, 500, 1000, 2000, 5000],
    parts: 1,
    written: ms,
    default: 200,
    null: None,
    note: "",
};

pub fn knobs(board: &Board<'_>) -> Html {
    let visible = match board.settings.visible {
        Visible::OnAppend => "on_append",
        Visible::OnAck => "on_ack",
        Visible::OnCommit => "on_commit",
    };
    let on_visible = board.on(|desk: &Desk, visible: &'static str| {
        desk.turn(&[("/protocol/visible".to_owned(), visible.into())]);
    });
    let about = [
        "/protocol/visible",
        "/protocol/apply_ms",
        "/protocol/disk_ms",
        "/protocol/stream",
        "/protocol/upgraded",
        "/protocol/log_keeps",
        "/protocol/snapshot_ms",
    ];
    board.fold(
        "The log and its stream",
        &about,
        html! {
            <>
                { board.all(STREAM) }
                if board.settings.stream == Stream::WriteAheadLog { { upgraded(board) } }
                <Choice id="visible" legend="Who sees a write when" options={VISIBLE} chosen={visible} on_choose={on_visible} story={board.told(&["/protocol/visible"])}/>
                { board.dial(&DISK) }
                { board.dial(&APPLY) }
                { board.all(LOG) }
                if board.settings.log_keeps.is_some() { { board.dial(&SNAPSHOT) } }
            </>
        },
    )
}

/// Which replicas have another storage version.
fn upgraded(board: &Board<'_>) -> Html {
    let scenario = &board.desk.store().scenario;
    let bits = board.settings.upgraded;
    let told = board.told(&["/protocol/upgraded"]);
    let row = |node: replication::ids::NodeId| {
        let names = scenario.names.nodes.clone();
        let nodes = scenario.structure.nodes;
        let on_flip = board.on(move |desk: &Desk, on: bool| {
            let bits = if on {
                bits | 1 << node.0
            } else {
                bits & !(1 << node.0)
            };
            let has = |node: &u8| bits & (1 << node) != 0;
            let list: Vec<Json> = (0..nodes)
                .filter(has)
                .map(|node| names[usize::from(node)].clone().into())
                .collect();
            desk.turn(&[("/protocol/upgraded".to_owned(), Json::Array(list))]);
        });
        let name = format!("{} has the new storage version", scenario.names.node(node));
        flip(
            format!("upgraded-{}", node.0),
            name,
            bits & (1 << node.0) != 0,
            "",
            told,
            on_flip,
        )
    };
    html! { <>{ for scenario.structure.replicas().map(row) }</> }
}

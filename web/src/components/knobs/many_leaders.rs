//! Many leaders: what becomes of conflicts, who tells whom, and where a write goes.

use yew::prelude::*;

use super::parts::{Board, Knob, Pick};
use super::stream::{APPLY, DISK};

const KNOBS: &[Knob] = &[
    Knob::NewRun(Pick {
        id: "conflicts",
        legend: "Two leaders changed the same key",
        pointer: "/protocol/conflicts",
        options: &[
            ("last_write_wins", "Last wins", ""),
            ("highest_version", "Most edited", ""),
            ("merge", "Merge", ""),
            ("siblings", "Keep both", ""),
        ],
        means: Some(|board| scene::conflicts_words(board.structure().conflicts)),
    }),
    Knob::NewRun(Pick {
        id: "topology",
        legend: "Who tells whom",
        pointer: "/protocol/topology",
        options: &[
            ("all_to_all", "All to all", ""),
            ("ring", "Ring", ""),
            ("star", "Star", ""),
        ],
        means: Some(|board| scene::topology_words(board.structure().topology)),
    }),
    Knob::Pick(Pick {
        id: "writes",
        legend: "A write goes to",
        pointer: "/writes/policy",
        options: &[("local", "Nearest leader", ""), ("home", "Key’s home", "")],
        means: Some(|board| scene::writes_words(&board.settings.writes)),
    }),
];

pub fn knobs(board: &Board<'_>) -> Html {
    html! {
        <>
            { board.all(KNOBS) }
            <div class="groups">
                { board.fold("Disks and applying", &["/protocol/disk_ms", "/protocol/apply_ms"], html! { <>{ board.dial(&DISK) }{ board.dial(&APPLY) }</> }) }
            </div>
        </>
    }
}

//! Where writes enter.

use replication::scenario::ProtocolKind;
use yew::prelude::*;

use super::parts::{Board, NEW_RUN};
use super::reshape::of_kind;
use crate::components::choice::{Choice, Options};
use crate::desk::Desk;

const ENTRANCES: Options = &[
    (
        "single_leader",
        "One leader",
        "At one replica, the leader, which passes them on to its followers.",
    ),
    (
        "multi_leader",
        "Many",
        "At a leader in each region, which says “done” by itself and tells the other leaders afterwards: two of them may \
         change the same key without knowing of each other.",
    ),
    (
        "leaderless",
        "No leader",
        "Nobody leads: a coordinator passes writes and reads on to the copies, and counts their answers.",
    ),
];

pub fn knobs(board: &Board<'_>) -> Html {
    let chosen = match board.kind() {
        ProtocolKind::SingleLeader => "single_leader",
        ProtocolKind::MultiLeader => "multi_leader",
        ProtocolKind::Leaderless => "leaderless",
    };
    let on_choose = board.on(|desk: &Desk, kind: &'static str| {
        let kind = match kind {
            "single_leader" => ProtocolKind::SingleLeader,
            "multi_leader" => ProtocolKind::MultiLeader,
            _ => ProtocolKind::Leaderless,
        };
        desk.reshape(&|scenario| of_kind(scenario, kind));
    });
    html! { <Choice id="entrance" legend="Where do writes enter?" tag={NEW_RUN} options={ENTRANCES} {chosen} {on_choose}/> }
}

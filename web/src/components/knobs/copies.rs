//! How many copies there are, and how many of them a request waits for.

use replication::scenario::ProtocolKind;
use serde_json::{Value as Json, json};
use yew::prelude::*;

use super::parts::{Board, NEW_RUN, flip};
use super::reshape::{of_regions, of_size, of_spare};
use crate::components::slider::Slider;
use crate::desk::Desk;

/// The most copies that the slider offers; a scenario's own text may ask for more.
const COPIES_MAX: u64 = 12;

pub fn knobs(board: &Board<'_>) -> Html {
    match board.kind() {
        ProtocolKind::MultiLeader => of_many(board),
        _ => of_one_or_none(board),
    }
}

fn of_one_or_none(board: &Board<'_>) -> Html {
    let structure = board.structure();
    let leaderless = board.is(ProtocolKind::Leaderless);
    let n = if leaderless {
        structure.copies
    } else {
        structure.nodes
    };
    let (w, r) = (board.settings.w, board.settings.r);
    let words = scene::quorum_words(&board.settings, structure);
    let plain = Callback::from(|count: u32| count.to_string());
    let quorum = Callback::from(move |count: u32| match leaderless {
        true => count.to_string(),
        false => "–".to_owned(),
    });
    let on_n =
        board.on(|desk: &Desk, n: u32| desk.reshape(&|scenario| of_size(scenario, n.into())));
    let on_spare = board
        .on(|desk: &Desk, spare: u32| desk.reshape(&|scenario| of_spare(scenario, spare.into())));
    let count = |pointer: &'static str| {
        board.on(move |desk: &Desk, count: u32| desk.turn(&[(pointer.to_owned(), count.into())]))
    };
    let why = (!leaderless).then_some(AttrValue::Static("quorums-why"));
    let overlap = w + r > n && board.settings.sloppy.is_none();
    let spare = structure.nodes - structure.copies;
    html! {
        <fieldset>
            <legend>{ "Copies and quorums" }</legend>
            <Slider
                id="copies"
                name="Copies N"
                tag={NEW_RUN}
                story={board.told(&["/protocol/nodes", "/protocol/copies"])}
                value={u32::from(n)}
                first={if leaderless { 1 } else { 2 }}
                last={COPIES_MAX.max(n.into()) as u32}
                written={plain.clone()}
                on_turn={on_n}
                note={(!leaderless).then_some(AttrValue::Static("The leader is one of them."))}
            />
            if leaderless {
                <Slider
                    id="spare"
                    name="Nodes beside them"
                    tag={NEW_RUN}
                    value={u32::from(spare)}
                    last={u32::from(12 - structure.copies).min(6).max(spare.into())}
                    written={plain}
                    on_turn={on_spare}
                    note="Nodes that hold no copy of a key, but of other keys; they can stand in under a sloppy quorum."
                />
            }
            <Slider id="write-quorum" name="Write quorum W" value={u32::from(w)} first=1 last={u32::from(n)} written={quorum.clone()} on_turn={count("/protocol/w")} off={!leaderless} described_by={why.clone()} story={leaderless && board.told(&["/protocol/w"])}/>
            <Slider id="read-quorum" name="Read quorum R" value={u32::from(r)} first=1 last={u32::from(n)} written={quorum} on_turn={count("/protocol/r")} off={!leaderless} described_by={why} story={leaderless && board.told(&["/protocol/r"])}/>
            if !leaderless {
                <p class="why" id="quorums-why">{ "W and R have no meaning under one leader: “Say done after” decides how many copies a write waits for, and a read asks one replica." }</p>
            }
            if !leaderless && structure.keys > 1 { { partitions(board) } }
            if !words.is_empty() { <p class={classes!("quorum", if overlap { "overlap" } else { "miss" })}>{ words }</p> }
        </fieldset>
    }
}

/// Many leaders: how many regions, and how many nodes in each.
fn of_many(board: &Board<'_>) -> Html {
    let structure = board.structure();
    let regions = u64::from(structure.regions);
    let each = u64::from(structure.nodes).div_ceil(regions);
    let plain = Callback::from(|count: u32| count.to_string());
    let on_regions = board.on(move |desk: &Desk, regions: u32| {
        let nodes = (u64::from(regions) * each).min(12);
        desk.reshape(&|scenario| of_regions(scenario, u64::from(regions), nodes));
    });
    let on_each = board.on(move |desk: &Desk, each: u32| {
        desk.reshape(&|scenario| of_regions(scenario, regions, regions * u64::from(each)));
    });
    html! {
        <fieldset>
            <legend>{ "Regions and copies" }</legend>
            <Slider
                id="regions"
                name="Regions"
                tag={NEW_RUN}
                story={board.told(&["/regions"])}
                value={regions as u32}
                first=2
                last=6
                written={plain.clone()}
                on_turn={on_regions}
                note="Each has a leader."
            />
            <Slider
                id="each-region"
                name="Copies in each"
                tag={NEW_RUN}
                value={each as u32}
                first=1
                last={(12 / regions).max(each) as u32}
                written={plain}
                on_turn={on_each}
                note="The leader and its followers there."
            />
        </fieldset>
    }
}

/// With several keys, over how many logs they are spread.
fn partitions(board: &Board<'_>) -> Html {
    let scenario = &board.desk.store().scenario;
    let structure = &scenario.structure;
    let on_turn = board.on(|desk: &Desk, partitions: u32| {
        desk.renew(&[("/protocol/partitions".to_owned(), partitions.into())]);
    });
    let together =
        matches!(board.at("/protocol/together"), Json::Array(groups) if !groups.is_empty());
    let keys = scenario.names.keys.clone();
    let on_flip = board.on(move |desk: &Desk, on: bool| {
        let groups = if on { json!([keys]) } else { json!([]) };
        desk.renew(&[("/protocol/together".to_owned(), groups)]);
    });
    html! {
        <>
            <Slider
                id="partitions"
                name="Partitions"
                tag={NEW_RUN}
                story={board.told(&["/protocol/partitions"])}
                value={u32::from(structure.partitions)}
                first=1
                last={u32::from(structure.partitions.max(structure.keys)).min(8)}
                written={Callback::from(|count: u32| count.to_string())}
                {on_turn}
                note="Keys are spread over so many logs, each copied at its own pace."
            />
            if structure.partitions > 1 {
                { flip(
                    "together",
                    "Related keys share a partition",
                    together,
                    "Then one log has them in order. Starts a new run.",
                    board.told(&["/protocol/together"]),
                    on_flip,
                ) }
            }
        </>
    }
}

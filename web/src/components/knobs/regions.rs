//! Where things stand, and how far apart that is.

use replication::ids::RegionId;
use replication::scenario::ProtocolKind;
use serde_json::json;
use yew::prelude::*;

use super::parts::{Board, NEW_RUN, Scaled, fraction, list, scaled};
use super::reshape::of_regions;
use crate::components::slider::Slider;
use crate::desk::Desk;

/// In tenths of a millisecond.
const DISTANCES: &[u64] = &[
    0, 5, 10, 20, 60, 100, 200, 400, 500, 750, 1000, 1500, 2000, 3000, 5000, 10_000,
];
/// With more regions than this, one slider stands for all pairs.
const PAIRED_MAX: u8 = 3;

pub fn knobs(board: &Board<'_>) -> Html {
    let scenario = &board.desk.store().scenario;
    let structure = &scenario.structure;
    let many = board.is(ProtocolKind::MultiLeader);
    let nodes = u64::from(structure.nodes);
    let on_turn = board.on(move |desk: &Desk, regions: u32| {
        let regions = u64::from(regions);
        desk.reshape(&|scenario| of_regions(scenario, regions, nodes.max(regions)));
    });
    board.fold(
        "Regions and distances",
        &["/regions", "/network/distance", "/clients"],
        html! {
            <>
                if !many {
                    <Slider
                        id="regions"
                        name="Regions"
                        tag={NEW_RUN}
                        value={u32::from(structure.regions)}
                        first=1
                        last=6
                        written={Callback::from(|count: u32| if count == 1 { "one place".to_owned() } else { count.to_string() })}
                        {on_turn}
                        note="The replicas are spread over them, and so are the clients."
                    />
                }
                if structure.regions > 1 {
                    { for (0..scenario.clients.len()).map(|client| home(board, client)) }
                    { distances(board) }
                }
            </>
        },
    )
}

/// Where a client is.
fn home(board: &Board<'_>, client: usize) -> Html {
    let scenario = &board.desk.store().scenario;
    let regions = &scenario.names.regions;
    let entries: Vec<(String, String)> = regions
        .iter()
        .map(|name| (name.clone(), name.clone()))
        .collect();
    let chosen = &regions[usize::from(scenario.structure.region_by_client[client].0)];
    let on_choose = board.on(move |desk: &Desk, region: String| {
        desk.renew(&[(format!("/clients/{client}/region"), region.into())]);
    });
    let name = format!("{} is in", scenario.names.clients[client]);
    list(
        format!("region-{client}"),
        name,
        &entries,
        chosen,
        false,
        on_choose,
    )
}

/// One way between each two regions, or between any two.
fn distances(board: &Board<'_>) -> Html {
    let regions = &board.desk.store().scenario.names.regions;
    let count = regions.len() as u8;
    let between = |from: u8, to: u8| {
        board
            .settings
            .network
            .distance_us(RegionId(from), RegionId(to), count)
            / 100
    };
    let slider = |id: String, name: String, value: u64, on_turn: Callback<u64>| {
        scaled(Scaled {
            id: id.into(),
            name: name.into(),
            places: DISTANCES,
            value,
            written: |tenths| format!("{} ms", scene::quantity::decimal(tenths, 10)),
            on_turn,
            note: None,
            story: board.told(&["/network/distance"]),
            off: false,
        })
    };
    if count > PAIRED_MAX {
        let on_turn = board.on(|desk: &Desk, tenths: u64| {
            desk.turn(&[
                ("/network/distance_ms".to_owned(), fraction(tenths, 10)),
                ("/network/distances".to_owned(), json!([])),
            ]);
        });
        return slider(
            "distance".to_owned(),
            "Between any two regions, one way".to_owned(),
            between(0, 1),
            on_turn,
        );
    }
    let pairs: Vec<(u8, u8)> = (0..count)
        .flat_map(|from| (from + 1..count).map(move |to| (from, to)))
        .collect();
    let written: Vec<_> = pairs
        .iter()
        .map(|(from, to)| json!({ "between": [regions[usize::from(*from)], regions[usize::from(*to)]], "ms": fraction(between(*from, *to), 10) }))
        .collect();
    let pair = |(number, (from, to)): (usize, &(u8, u8))| {
        let written = written.clone();
        let on_turn = board.on(move |desk: &Desk, tenths: u64| {
            let mut distances = written.clone();
            distances[number]["ms"] = fraction(tenths, 10);
            desk.turn(&[("/network/distances".to_owned(), distances.into())]);
        });
        let name = format!(
            "{} to {}, one way",
            regions[usize::from(*from)],
            regions[usize::from(*to)]
        );
        slider(
            format!("distance-{number}"),
            name,
            between(*from, *to),
            on_turn,
        )
    };
    html! { <>{ for pairs.iter().enumerate().map(pair) }</> }
}

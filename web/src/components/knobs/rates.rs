//! How busy people are.

use replication::scenario::Does;
use yew::prelude::*;

use super::parts::{Board, Scaled, fraction, scaled};
use crate::desk::Desk;

const RATES_TENTHS: &[u64] = &[
    0, 1, 2, 5, 10, 20, 30, 50, 80, 100, 150, 200, 300, 500, 1000,
];

/// The most clients with sliders of their own; more share one pair.
const OWN_RATES_MAX: usize = 3;

pub fn knobs(board: &Board<'_>) -> Html {
    let scenario = &board.desk.store().scenario;
    let random: Vec<usize> = scenario
        .clients
        .iter()
        .enumerate()
        .filter(|(_, plan)| matches!(plan.does, Does::Random { .. }))
        .map(|(number, _)| number)
        .collect();
    let groups: Vec<(String, Vec<usize>)> = match random.len() {
        0 => vec![(String::new(), Vec::new())],
        1..=OWN_RATES_MAX => random
            .iter()
            .map(|client| {
                (
                    format!("{} ", scenario.clients[*client].name),
                    vec![*client],
                )
            })
            .collect(),
        _ => vec![("Everyone ".to_owned(), random)],
    };
    let slider = |name: &str, clients: &[usize], verb: &str, field: &'static str, per_s: f64| {
        let clients = clients.to_vec();
        let off = clients.is_empty();
        let id = format!("{field}-{}", clients.first().copied().unwrap_or_default());
        let on_turn = board.on(move |desk: &Desk, tenths: u64| {
            let change = |client: &usize| {
                (
                    format!("/clients/{client}/random/{field}"),
                    fraction(tenths, 10),
                )
            };
            desk.turn(&clients.iter().map(change).collect::<Vec<_>>());
        });
        let words: fn(u64) -> String = match off {
            true => |_| "–".to_owned(),
            false => |tenths| format!("{} /s", scene::quantity::decimal(tenths, 10)),
        };
        scaled(Scaled {
            id: id.into(),
            name: format!("{name}{verb}").into(),
            places: RATES_TENTHS,
            value: (per_s * 10.0).round() as u64,
            written: words,
            on_turn,
            note: None,
            story: false,
            off,
        })
    };
    let group = |(name, clients): &(String, Vec<usize>)| {
        let first = clients
            .first()
            .and_then(|client| board.settings.rates.get(*client));
        let rates = first.copied().unwrap_or_default();
        let (writes, reads) = match name.is_empty() {
            true => ("Writes a second", "Reads a second"),
            false => ("writes", "reads"),
        };
        html! {
            <>
                { slider(name, clients, writes, "writes_per_s", rates.writes_per_s) }
                { slider(name, clients, reads, "reads_per_s", rates.reads_per_s) }
            </>
        }
    };
    let listed = groups[0].1.is_empty();
    html! {
        <fieldset>
            <legend>{ "How busy people are" }</legend>
            { for groups.iter().map(group) }
            if listed { <p class="why">{ "These have no meaning here: in this story everyone follows a list." }</p> }
        </fieldset>
    }
}

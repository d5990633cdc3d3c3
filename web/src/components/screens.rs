//! What each person sees, beside the truth.

use scene::Screen;
use scene::words::ScreenRow;
use yew::prelude::*;

use crate::desk::Desk;

/// Longer values are set smaller.
const LARGE_CHARS_MAX: usize = 5;

/// A phone for each client, and one for the truth.
pub fn screens(desk: &Desk) -> Html {
    let screens = desk.with(scene::what_they_see);
    let truth = all_keys(&screens);
    if truth.is_empty() {
        return Html::default();
    }
    let many = truth.len() > 1;
    html! {
        <section aria-labelledby="screens-title">
            <h2 id="screens-title">{ "What they see" }</h2>
            <ul class="screens">
                { for screens.iter().map(|each| screen(each, many)) }
                <li class="screen truth">
                    <h3>{ "Last told “done”" }</h3>
                    <dl>
                        { for truth.iter().map(|row| entry(row, row.truth.clone(), &row.truth_note, false, many)) }
                    </dl>
                </li>
            </ul>
        </section>
    }
}

/// A row for each key that anyone has on a screen; each says the truth about its key.
fn all_keys(screens: &[Screen]) -> Vec<&ScreenRow> {
    let mut rows: Vec<&ScreenRow> = Vec::new();
    for row in screens.iter().flat_map(|screen| &screen.rows) {
        if rows.iter().all(|known| known.key != row.key) {
            rows.push(row);
        }
    }
    rows
}

fn screen(screen: &Screen, many: bool) -> Html {
    let stale = screen.rows.iter().any(|row| row.stale);
    let sees = |row: &ScreenRow| {
        let value = row.sees.clone().unwrap_or_else(|| "–".to_owned());
        let note = match row.sees {
            None => "has not looked yet".to_owned(),
            Some(_) if row.stale && row.sees_write.is_empty() => "old".to_owned(),
            Some(_) if row.stale => format!("{} · old", row.sees_write),
            Some(_) => row.sees_write.clone(),
        };
        entry(row, value, &note, row.stale, many)
    };
    html! {
        <li key={screen.client.0.to_string()} class={classes!("screen", stale.then_some("stale"))}>
            <h3>{ format!("{}’s screen", screen.name) }</h3>
            <dl>{ for screen.rows.iter().map(sees) }</dl>
        </li>
    }
}

fn entry(row: &ScreenRow, value: String, note: &str, stale: bool, many: bool) -> Html {
    let long = value.chars().count() > LARGE_CHARS_MAX;
    let class = classes!((many || long).then_some("many"), stale.then_some("stale"));
    html! {
        <>
            <dt>{ &row.key }</dt>
            <dd {class}>{ value }</dd>
            if !note.is_empty() { <dd class="note">{ note.to_owned() }</dd> }
        </>
    }
}

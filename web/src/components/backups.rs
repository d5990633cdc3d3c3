//! The backups that are kept, where any are made.

use yew::prelude::*;

use crate::desk::Desk;

/// A mark and a moment for each, and a sentence.
pub fn backups(desk: &Desk) -> Html {
    let Some(strip) = desk.with(scene::backup_strip) else {
        return Html::default();
    };
    html! {
        <section aria-labelledby="backups-title">
            <h2 id="backups-title">{ "Backups" }</h2>
            <ul class="backups">
                for row in strip.rows {
                    <li key={row.at_us} class={(!row.worked).then_some("failed")}>{ row.mark }{ " " }{ row.at }</li>
                }
            </ul>
            <p>{ strip.words }</p>
        </section>
    }
}

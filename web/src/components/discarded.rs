//! The writes that a failover threw away, where any were.

use yew::prelude::*;

use crate::desk::Desk;

/// One line for each, with what its client had been told.
pub fn discarded(desk: &Desk) -> Html {
    let writes = desk.with(scene::discarded_writes);
    if writes.is_empty() {
        return Html::default();
    }
    html! {
        <section aria-labelledby="discarded-title">
            <h2 id="discarded-title">{ "Thrown away" }</h2>
            <ul class="discarded">
                for write in writes {
                    <li key={write.number} class={write.told.then_some("told")}>{ write.words }</li>
                }
            </ul>
        </section>
    }
}

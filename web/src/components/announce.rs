//! Says what happens to those who listen, about once a second at most.

use replication::trace::Seq;
use yew::prelude::*;

use crate::desk::{Desk, Part, use_turns};
use crate::platform;
use crate::store::Stopped;

/// Between two announcements while time runs.
const EVERY_MS: f64 = 1_000.0;

/// The announcer.
#[derive(Properties)]
pub struct Props {
    /// The desk.
    pub desk: Desk,
}

impl PartialEq for Props {
    fn eq(&self, other: &Self) -> bool {
        self.desk.is_drawn_same(&other.desk, Part::Told)
    }
}

/// A live region. While time runs it skips what it has no time for; a broken promise is never skipped.
#[component]
pub fn Announce(props: &Props) -> Html {
    let desk = &use_turns(&props.desk, Part::Told);
    let said = use_mut_ref(|| (0.0_f64, None::<Seq>, String::new()));
    let stopped = desk.store().stopped;
    let words = if stopped == Some(Stopped::Violation) {
        let told = desk.told();
        desk.with(|run, _| {
            let violation = &run.violations()[told?];
            Some(format!(
                "Paused. {}. {}",
                violation.title, violation.sentence
            ))
        })
    } else {
        let mut said = said.borrow_mut();
        let newest = desk
            .with(|run, index| scene::recent_events(run, index, 1))
            .pop();
        let due = !desk.store().playing || platform::now_ms() - said.0 >= EVERY_MS;
        match newest {
            Some((seq, _, words)) if due && (said.1, &said.2) != (Some(seq), &words) => {
                *said = (platform::now_ms(), Some(seq), words);
            }
            None => *said = (0.0, None, String::new()),
            _ => {}
        }
        Some(said.2.clone())
    };
    html! { <div class="unseen" role="status" aria-live="polite">{ words.unwrap_or_default() }</div> }
}

//! Says what happens to those who listen, about once a second at most.

use std::sync::Arc;

use replication::scenario::Scenario;
use replication::trace::Seq;
use yew::prelude::*;

use crate::components::transport::over;
use crate::desk::{Desk, Part, most_telling, use_turns};
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

/// What was said last.
#[derive(Default)]
struct Said {
    /// Of which run; none where nothing was.
    of: Option<(Arc<Scenario>, u64)>,
    /// When.
    at_ms: f64,
    /// Up to which record.
    upto: Option<Seq>,
    words: String,
    /// Whether it was only that another run has come.
    turned: bool,
}

impl Said {
    /// Another run has come. Who has not touched anything yet does not have to be told.
    fn turn_to(&mut self, desk: &Desk) {
        let store = desk.store();
        let is_it = |(of, seed): &(Arc<Scenario>, u64)| {
            Arc::ptr_eq(of, &store.scenario) && *seed == store.seed
        };
        if self.of.as_ref().is_some_and(is_it) {
            return;
        }
        let is_first = self.of.is_none();
        let (title, name) = (&store.scenario.title, &store.branches.current().name);
        let words = match &store.notice {
            _ if is_first => String::new(),
            Some(notice) => notice.to_string(),
            None => format!("{title}: {name}."),
        };
        *self = Said {
            of: Some((store.scenario.clone(), store.seed)),
            words,
            turned: !is_first,
            ..Said::default()
        };
        // What had happened before is known; what was just done is told with it.
        if let Some((upto, words)) = desk.with(|run, index| scene::foremost_event(run, index, None))
        {
            let is_new = desk.with(|run, _| {
                let at = run.records().get(upto.index()).map(|record| record.at);
                at.is_some_and(|at| at.0 > 0 && at == run.now())
            });
            self.upto = Some(upto);
            if is_new {
                self.words = format!("{} {words}", self.words);
            }
        }
    }

    /// What has happened since, where it is time.
    fn go_on(&mut self, desk: &Desk) {
        let now_ms = platform::now_ms();
        if desk.store().playing && now_ms - self.at_ms < EVERY_MS {
            return;
        }
        // Who has gone back is told what happened last there.
        let since = self.upto.filter(|upto| {
            let at = desk.with(|run, _| run.records().get(upto.index()).map(|record| record.at));
            at.is_some_and(|at| at <= desk.player().now())
        });
        let fresh = desk.with(|run, index| scene::foremost_event(run, index, since));
        match fresh {
            Some((upto, words)) => {
                (self.at_ms, self.upto, self.words) = (now_ms, Some(upto), words);
                self.turned = false;
            }
            None if since.is_none() && self.upto.is_some() => {
                (self.upto, self.words) = (None, "At the start.".to_owned());
            }
            None => {}
        }
    }
}

/// What was broken in the run beside.
fn broken_beside(desk: &Desk) -> Option<String> {
    desk.player().beside()?.with(|run, _| {
        let violation = run.violations().get(most_telling(run, run.now())?)?;
        let (title, sentence) = (&violation.title, &violation.sentence);
        Some(format!("In the second run: {title}. {sentence}"))
    })
}

/// A live region. While time runs it skips what it has no time for, and a broken promise never.
#[component]
pub fn Announce(props: &Props) -> Html {
    let desk = &use_turns(&props.desk, Part::Told);
    let said = use_mut_ref(Said::default);
    let mut said = said.borrow_mut();
    said.turn_to(desk);
    said.go_on(desk);
    let store = desk.store();
    let broken = desk.with_lit(|_, _, violation| {
        violation.map(|violation| format!("{}. {}", violation.title, violation.sentence))
    });
    let paused = match store.stopped {
        Some(Stopped::Violation) => "Paused. ",
        _ => "",
    };
    let end = desk.player().over().filter(|_| !store.playing);
    let which = match said.turned {
        true => format!("{} ", said.words),
        false => String::new(),
    };
    let words = match (broken, end) {
        (Some(broken), _) => format!("{which}{paused}{broken}"),
        (None, None) if store.stopped == Some(Stopped::Violation) => {
            format!("Paused. {}", broken_beside(desk).unwrap_or_default())
        }
        (None, None) => said.words.clone(),
        (None, Some(end)) => {
            let verdict = desk.with(|run, _| scene::verdict_words(run));
            format!("{which}{} {verdict}", over(end))
        }
    };
    html! { <div class="unseen" role="status" aria-live="polite">{ words }</div> }
}

//! The stories that the page comes with: the one list of them.

use std::sync::Arc;

use replication::scenario::Scenario;

/// Each shipped scenario's file, in the order of the menu; the page opens on the first.
pub const STORIES: &[&str] = &[
    include_str!("../../scenarios/double-transfer.json"),
    include_str!("../../scenarios/vanishing-comment.json"),
    include_str!("../../scenarios/answer-before-question.json"),
    include_str!("../../scenarios/leader-crash-async.json"),
    include_str!("../../scenarios/leader-crash-quorum.json"),
    include_str!("../../scenarios/semi-sync-falls-back.json"),
    include_str!("../../scenarios/sync-one-dead-follower.json"),
    include_str!("../../scenarios/quorum-no-overlap.json"),
    include_str!("../../scenarios/quorum-overlap.json"),
];

/// The story on which the page opens.
pub fn opening() -> Arc<Scenario> {
    Arc::new(Scenario::from_bytes(STORIES[0].as_bytes()).expect("a shipped scenario is valid"))
}

/// The titles of the stories, in their order.
pub fn titles() -> Vec<String> {
    let title =
        |story: &&str| Scenario::from_bytes(story.as_bytes()).map(|scenario| scenario.title);
    STORIES
        .iter()
        .filter_map(|story| title(story).ok())
        .collect()
}

/// A scenario's text: as it was written where it is a story that nobody has changed.
pub fn text_of(scenario: &Scenario) -> String {
    let written = STORIES.iter().find(|story| {
        let read = Scenario::from_bytes(story.as_bytes());
        read.is_ok_and(|read| read.document == scenario.document)
    });
    written.map_or_else(|| scenario.to_text(), |story| (*story).to_owned())
}

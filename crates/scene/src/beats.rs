//! The moments that someone who tells a story stops at.

use replication::engine::time::SimTime;
use replication::ordered::sort_by_key;
use replication::run::Run;

use crate::index::SceneIndex;
use crate::moment::Moment;
use crate::words::set_off;

/// The start, each moment at which the narration says something new, the first time that each promise is
/// broken, and the end; as far as the run is known, in order, each once.
pub fn beats(run: &dyn Run, index: &SceneIndex) -> Vec<SimTime> {
    let now = Moment::of(run, index);
    let records = run.records();
    let lines = run.scenario().narration.iter();
    let told = lines.filter_map(|line| {
        let number = set_off(&now, line.on)?;
        let last = number.checked_sub(1).and_then(|last| records.get(last));
        Some(last.map_or(SimTime::ZERO, |record| record.at))
    });
    let violations = run.violations();
    let is_first = |(place, promise)| {
        violations[..place]
            .iter()
            .all(|earlier| earlier.promise != promise)
    };
    let broken = violations
        .iter()
        .enumerate()
        .filter(|(place, violation)| is_first((*place, violation.promise)))
        .filter_map(|(_, violation)| Some(records.get(violation.at.index())?.at));
    let end = run.ended().map(|(_, at)| at);
    let mut beats: Vec<SimTime> = std::iter::once(SimTime::ZERO)
        .chain(told)
        .chain(broken)
        .chain(end)
        .collect();
    sort_by_key(&mut beats, |at| (0, at.0));
    beats.dedup();
    beats
}

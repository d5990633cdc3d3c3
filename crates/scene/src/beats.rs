//! The moments that someone who tells a story stops at.

use replication::engine::time::SimTime;
use replication::ordered::sort_by_key;
use replication::promise::{Promise, Violation};
use replication::run::Run;
use replication::trace::Kind;

use crate::index::SceneIndex;
use crate::moment::Moment;
use crate::words::set_off;

/// What happens so soon before or after something else is seen with it: no stop of its own, in microseconds.
const NEAR_US: u64 = 200_000;

/// The start, each moment at which the narration says something new, the first time that each promise is
/// broken, and the end; as far as the run is known, in order, each once. Where nobody narrates, as once somebody has changed
/// what happens, also when something crashes or comes back, is cut off or healed, and when another one leads.
pub fn beats(run: &dyn Run, index: &SceneIndex) -> Vec<SimTime> {
    let now = Moment::of(run, index);
    let records = run.records();
    let lines = run.scenario().narration.iter();
    let told = lines.filter_map(|line| {
        let number = set_off(&now, line.on)?;
        let last = number.checked_sub(1).and_then(|last| records.get(last));
        Some(last.map_or(SimTime::ZERO, |record| record.at))
    });
    let broken =
        first_breaks(run).filter_map(|violation| Some(records.get(violation.at.index())?.at));
    let turns = index
        .turns()
        .iter()
        .filter_map(|seq| records.get(seq.index()))
        .filter(|record| run.scenario().narration.is_empty() && is_turn(&record.kind))
        .map(|record| record.at);
    let end = run.ended().map(|(_, at)| at);
    let mut beats: Vec<SimTime> = std::iter::once(SimTime::ZERO)
        .chain(told)
        .chain(broken)
        .chain(turns)
        .chain(end)
        .collect();
    sort_by_key(&mut beats, |at| (0, at.0));
    beats.dedup();
    beats
}

/// The moments that someone stops at who tells of two runs on one cursor: those of the first, where the two part, and
/// those of the second that are not seen with one of these.
pub fn beats_of_both(
    first: Vec<SimTime>,
    parting: Option<SimTime>,
    second: Vec<SimTime>,
) -> Vec<SimTime> {
    let mut beats = first;
    for beat in parting.into_iter().chain(second) {
        if beats.iter().all(|other| other.0.abs_diff(beat.0) > NEAR_US) {
            beats.push(beat);
        }
    }
    sort_by_key(&mut beats, |at| (0, at.0));
    beats
}

/// The first violation of each promise, as far as that is known, in order.
pub fn first_breaks(run: &dyn Run) -> impl Iterator<Item = &Violation> {
    let mut broken = [false; Promise::ALL.len()];
    let is_first = move |violation: &&Violation| {
        !std::mem::replace(&mut broken[violation.promise as usize], true)
    };
    run.violations().iter().filter(is_first)
}

fn is_turn(kind: &Kind) -> bool {
    match kind {
        Kind::Crashed { .. }
        | Kind::Restarted { .. }
        | Kind::Cut { .. }
        | Kind::Healed { .. }
        | Kind::Changed { .. } => true,
        Kind::Promoted { epoch, .. } => *epoch > 1,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use replication::run;
    use replication::scenario::Scenario;

    use super::*;

    fn beats_of(scenario: Scenario) -> Vec<u64> {
        let seed = scenario.seed;
        let mut run = run::open(Arc::new(scenario), seed);
        run.seek(SimTime(u64::MAX));
        let mut index = SceneIndex::new();
        index.update(run.as_ref());
        let beats = beats(run.as_ref(), &index);
        beats.into_iter().map(|at| at.0).collect()
    }

    #[test]
    fn of_two_runs_what_happens_at_about_one_time_is_one_stop() {
        let ms = |all: &[u64]| all.iter().map(|ms| SimTime(ms * 1_000)).collect::<Vec<_>>();
        let both = |parting: &[u64]| {
            let parting = ms(parting).first().copied();
            beats_of_both(
                ms(&[0, 1_000, 1_100, 9_000]),
                parting,
                ms(&[0, 1_150, 4_000, 9_000]),
            )
        };
        assert_eq!(both(&[2_000]), ms(&[0, 1_000, 1_100, 2_000, 4_000, 9_000]));
        assert_eq!(both(&[1_000]), ms(&[0, 1_000, 1_100, 4_000, 9_000]));
        assert_eq!(both(&[]), both(&[1_000]));
    }

    #[test]
    fn where_nobody_narrates_one_stops_at_faults_and_new_leaders() {
        let document = include_bytes!("../../../scenarios/leader-crash-async.json");
        let mut scenario = Scenario::from_bytes(document).unwrap();
        let crash_us = 3_040_000;
        let narrated = beats_of(scenario.clone());
        scenario.narration.clear();
        let bare = beats_of(scenario);
        let near = |beats: &[u64]| beats.iter().any(|at| at.abs_diff(crash_us) < 2_000);
        assert!(near(&narrated) && near(&bare), "{narrated:?} {bare:?}");
        assert!(bare.len() > 4, "{bare:?}");
        assert_eq!(bare.first(), Some(&0));
        assert_eq!(bare.last(), narrated.last());
    }
}

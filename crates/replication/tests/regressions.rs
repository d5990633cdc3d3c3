//! What the swarm found, kept: each file of `tests/regressions/` is the scenario of a seed as it was drawn
//! then. It states the verdicts that it must give; one whose name says so is not linearizable; and
//! each comes to its end. `cargo xtask swarm --document N` prints one to be kept.

use std::sync::Arc;

use replication::engine::time::SimTime;
use replication::ids::KeyId;
use replication::promise::State;
use replication::promise::linearizable::{Judgement, linearizable};
use replication::run::{self, End};
use replication::scenario::Scenario;

#[test]
fn every_seed_that_was_kept_gives_its_verdicts() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/regressions");
    let mut files = 0;
    for entry in std::fs::read_dir(folder).expect("the kept seeds") {
        let path = entry.expect("readable").path();
        let name = path.display();
        let scenario = Scenario::from_bytes(&std::fs::read(&path).expect("readable"))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let expect = scenario.expect.clone();
        let seed = scenario.seed;
        let mut run = run::open(Arc::new(scenario), seed);
        run.seek(SimTime(u64::MAX));
        let end = run.ended().map(|(end, _)| end);
        assert!(
            matches!(end, Some(End::Time | End::Quiet)),
            "{name} ends with {end:?}"
        );
        if path.to_string_lossy().contains("not-linearizable") {
            let mut keys = (0..run.scenario().structure.keys).map(KeyId);
            let broken =
                keys.any(|key| matches!(linearizable(run.records(), key), Judgement::No(_)));
            assert!(broken, "{name} is linearizable");
        }
        for (promises, state) in [(expect.broken, State::Broken), (expect.kept, State::Kept)] {
            for promise in promises {
                let verdict = run.verdict(promise).state;
                let as_stated =
                    verdict == state || state == State::Kept && verdict == State::AtRisk;
                assert!(as_stated, "{name}: {} is {verdict:?}", promise.name());
            }
        }
        files += 1;
    }
    assert!(files >= 10, "kept seeds are missing");
}

//! The swarm: scenarios with every option drawn from one seed, faults first, then quiet.
//!
//! Each is run twice, judged by what theory guarantees for its configuration, and counted by what
//! occurred. `cargo xtask swarm` runs it.
//!
//!     swarm FIRST..LAST     runs these seeds and reports
//!     swarm --document N    prints the scenario of a seed

mod draw;
mod judge;
mod report;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use replication::scenario::Scenario;

use judge::Outcomes;
use report::Report;

/// With fewer seeds than this, not everything can be expected to occur.
const ENOUGH_TO_ASK: u64 = 2000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--document", seed] => {
            let Ok(seed) = seed.parse() else {
                return usage();
            };
            println!("{:#}", draw::document(seed));
            ExitCode::SUCCESS
        }
        [range] => match seeds(range) {
            Some((first, end)) => swarm(first, end),
            None => usage(),
        },
        _ => usage(),
    }
}

fn usage() -> ExitCode {
    eprintln!("swarm FIRST..END | --document SEED");
    ExitCode::FAILURE
}

fn seeds(range: &str) -> Option<(u64, u64)> {
    let (first, end) = range.split_once("..")?;
    let (first, end) = (first.parse().ok()?, end.parse().ok()?);
    (first < end).then_some((first, end))
}

fn swarm(first: u64, end: u64) -> ExitCode {
    let next = AtomicU64::new(first);
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get());
    let work = || {
        let mut report = Report::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end {
                return report;
            }
            let judged = std::panic::catch_unwind(|| {
                let scenario = Scenario::from_document(draw::document(seed))
                    .unwrap_or_else(|error| panic!("no good document: {error}"));
                judge::judge(&Arc::new(scenario), seed)
            });
            report.add(seed, judged.unwrap_or_else(|_| Outcomes::panicked()));
        }
    };
    let report = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let mut all = Report::default();
        for worker in workers {
            all.merge(worker.join().expect("its panics are caught"));
        }
        all
    });
    report.print();
    let all_occurred = end - first < ENOUGH_TO_ASK || report.missing().is_empty();
    if report.wrong().is_empty() && all_occurred {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

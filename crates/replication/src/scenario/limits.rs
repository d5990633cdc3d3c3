//! How much of everything a scenario may ask for.
//!
//! A limit here is refused when the scenario is read; those of [`Limits`](super::Limits) end a run.

use std::ops::RangeInclusive;

use crate::ids::ItemSet;

/// Bytes of a scenario's file.
pub const FILE_BYTES: usize = 1 << 20;
/// How deep arrays and objects may stand in one another.
pub const DEPTH: usize = 32;
/// The version of the format.
pub const VERSION: u64 = 1;

/// The largest integer that JavaScript can hold exactly: the largest seed and the largest value.
pub const INTEGER_MAX: u64 = (1 << 53) - 1;
/// Characters of the title.
pub const TITLE_CHARS: usize = 200;
/// Characters of the story.
pub const STORY_CHARS: usize = 2000;
/// Characters of a client's, a key's or a step's name.
pub const NAME_CHARS: usize = 40;
/// Characters of a text value.
pub const TEXT_CHARS: usize = 200;
/// Different idempotency keys. A log keeps every key that it has seen.
pub const IDEMPOTENCY_KEYS: usize = 1000;
/// Different texts that values can be.
pub const TEXTS: usize = 10_000;

/// Replicas, the leader included.
pub const NODES: RangeInclusive<u64> = 1..=12;
/// Partitions.
pub const PARTITIONS: RangeInclusive<u64> = 1..=8;
/// Regions.
pub const REGIONS: RangeInclusive<usize> = 1..=6;
/// Clients.
pub const CLIENTS: RangeInclusive<usize> = 1..=12;
/// Steps of one client.
pub const STEPS: usize = 1000;
/// Keys of all clients together.
pub const KEYS: usize = 32;
/// Different items that sets can hold.
pub const ITEMS: usize = ItemSet::LIMIT;
/// Read paths.
pub const PATHS: RangeInclusive<usize> = 1..=8;
/// Writes, or reads, that a random client makes in a second.
pub const RATE_PER_S: RangeInclusive<f64> = 0.0..=1000.0;
/// Places that an entry of the script names at one end of the links it cuts.
pub const PLACES: usize = 32;
/// Entries of the script.
pub const SCRIPT: usize = 2000;

/// A wait before a step, or the moment of an intervention, in milliseconds: an hour.
pub const TIME_MS: RangeInclusive<u64> = 0..=3_600_000;
/// A timeout or an interval, in milliseconds.
pub const TIMEOUT_MS: RangeInclusive<u64> = 1..=600_000;
/// What may be 0, as a wait or the error of a clock, in milliseconds.
pub const WAIT_MS: RangeInclusive<u64> = 0..=600_000;
/// How far ahead of true time a clock may be set, or behind, in milliseconds.
pub const SKEW_MS: i64 = 3_600_000;
/// Log entries: those that a log keeps, or that a read path may miss.
pub const ENTRIES: RangeInclusive<u64> = 0..=2_000_000;
/// Backups that are kept.
pub const BACKUPS: RangeInclusive<u64> = 1..=8;
/// How long a disk or applying an entry takes, in milliseconds.
pub const WORK_MS: RangeInclusive<f64> = 0.0..=60_000.0;
/// The median delay of a message, in milliseconds.
pub const LAG_MS: RangeInclusive<f64> = 0.0..=60_000.0;
/// The 99th percentile of a delay as a multiple of its median.
pub const JITTER: RangeInclusive<f64> = 1.0..=100.0;
/// The time in a leg's own distribution, in milliseconds: a microsecond to an hour.
pub const DELAY_MS: RangeInclusive<f64> = 0.001..=3_600_000.0;
/// The exponent of a Pareto tail.
pub const ALPHA: RangeInclusive<f64> = 0.1..=1000.0;
/// The weight of one part of a mixture.
pub const WEIGHT: RangeInclusive<f64> = 0.000_001..=1_000_000.0;
/// Parts of a mixture.
pub const MIX: RangeInclusive<usize> = 1..=8;
/// Messages lost, arriving twice or held back, in percent.
pub const LOSS_PERCENT: RangeInclusive<f64> = 0.0..=100.0;

/// Simulated time of a run, in milliseconds.
pub const RUN_MS: RangeInclusive<u64> = 1..=3_600_000;
/// Records of a run.
pub const RECORDS: RangeInclusive<u64> = 1..=2_000_000;
/// Operations of a run.
pub const OPERATIONS: RangeInclusive<u64> = 1..=200_000;
/// The most of them where versions are vectors, whose counters have 16 bits.
pub const OPERATIONS_OF_VECTORS: u64 = 60_000;
/// Messages in flight at once.
pub const IN_FLIGHT: RangeInclusive<u64> = 1..=20_000;

/// Knobs of a story.
pub const KNOBS: usize = 32;
/// Characters of a JSON pointer.
pub const POINTER_CHARS: usize = 200;
/// Lines of narration.
pub const NARRATION: usize = 100;
/// Characters of one of them.
pub const SAY_CHARS: usize = 500;

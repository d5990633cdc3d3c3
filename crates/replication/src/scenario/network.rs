//! Reading `network`: what delays and loses messages, and how far regions are apart.

use serde_json::Map;

use super::NetworkSettings;
use super::limits;
use super::places;
use super::reader::{At, Object, Read};
use crate::engine::delay::Delay;

/// One way between regions whose names are unknown, in microseconds.
const DISTANCE_US: u64 = 40_000;

/// One way between regions as they are usually called, in microseconds: half the round trip.
const KNOWN: [(&str, &str, u64); 5] = [
    ("us-east", "eu-west", 40_000),
    ("us-east", "us-west", 43_500),
    ("us-east", "ap-northeast", 72_500),
    ("eu-west", "ap-northeast", 106_000),
    ("london", "frankfurt", 6_000),
];

/// Reads the network, and how long a client waits for an answer, in microseconds.
pub(super) fn read(root: &Object<'_>, regions: &[String]) -> Read<(NetworkSettings, u64)> {
    let empty = Map::new();
    let network = match root.optional("network") {
        Some(at) => at.object(&[
            "replication_lag_ms",
            "jitter",
            "client_ms",
            "peer_ms",
            "loss_percent",
            "duplicate_percent",
            "reorder_percent",
            "reorder_ms",
            "distance_ms",
            "distances",
            "client_timeout_ms",
        ])?,
        None => Object::empty("/network", &empty),
    };
    let lag = |at: At<'_>| at.number(limits::LAG_MS);
    let share = |at: At<'_>| at.percent_as_ppm();
    let replication_lag_ms = network.or("replication_lag_ms", 50.0, lag)?;
    let jitter = network.or("jitter", 2.0, |at| at.number(limits::JITTER))?;
    let client_ms = network.or("client_ms", 10.0, lag)?;
    let peer_ms = network.or("peer_ms", 5.0, lag)?;
    let jittered = |median_ms| Delay::LogNormal {
        median_ms,
        p99_over_p50: jitter,
    };
    let settings = NetworkSettings {
        replication: jittered(replication_lag_ms),
        peer: jittered(peer_ms),
        client: Delay::Constant { ms: client_ms },
        w: jittered(replication_lag_ms),
        a: jittered(peer_ms),
        r: jittered(peer_ms),
        s: jittered(peer_ms),
        loss_ppm: network.or("loss_percent", 0, share)?,
        duplicate_ppm: network.or("duplicate_percent", 0, share)?,
        reorder_ppm: network.or("reorder_percent", 0, share)?,
        reorder_us: network.or("reorder_ms", 100_000, |at| {
            at.fractional_ms_as_us(limits::LAG_MS)
        })?,
        distances_us: distances(&network, regions)?,
        wan_us: 0,
    };
    let client_timeout_us = network.or("client_timeout_ms", 2_000_000, |at| {
        at.ms_as_us(limits::TIMEOUT_MS)
    })?;
    Ok((settings, client_timeout_us))
}

/// One way between regions, row by row: 0 within one, then what is written for the two, what is
/// written for any two, and what is known of their names.
fn distances(network: &Object<'_>, regions: &[String]) -> Read<Vec<u64>> {
    let distance = |at: &At<'_>| at.fractional_ms_as_us(limits::LAG_MS);
    let any_two = network.unless_null("distance_ms");
    let any_two = any_two.map(|at| distance(&at)).transpose()?;
    let count = regions.len().max(1);
    let mut rows = vec![0; count * count];
    for from in 0..regions.len() {
        for to in (0..regions.len()).filter(|to| *to != from) {
            rows[from * count + to] =
                any_two.unwrap_or_else(|| known(&regions[from], &regions[to]));
        }
    }
    let Some(at) = network.optional("distances") else {
        return Ok(rows);
    };
    let pairs = count * (count - 1) / 2;
    let mut written = Vec::new();
    for at in at.list(0..=pairs, "pairs of regions")? {
        let pair = at.object(&["between", "ms"])?;
        let between = pair.at("between");
        let two = between.list(2..=2, "regions")?;
        let one = usize::from(places::region(&two[0], regions)?.0);
        let other = usize::from(places::region(&two[1], regions)?.0);
        if one == other {
            return Err(between.refuse("two different regions"));
        }
        let place = one.min(other) * count + one.max(other);
        if written.contains(&place) {
            return Err(between.refuse("it is in the list already; each pair once"));
        }
        written.push(place);
        let us = distance(&pair.at("ms"))?;
        rows[one * count + other] = us;
        rows[other * count + one] = us;
    }
    Ok(rows)
}

fn known(one: &str, other: &str) -> u64 {
    let same =
        |(a, b, _): &&(&str, &str, u64)| (*a == one && *b == other) || (*a == other && *b == one);
    KNOWN
        .iter()
        .find(same)
        .map_or(DISTANCE_US, |(_, _, us)| *us)
}

//! Reading how long the legs of a leaderless request take: distributions, one by one or by the name of
//! a measured system.

use super::NetworkSettings;
use super::limits;
use super::reader::{At, Read};
use crate::engine::delay::Delay;

/// Reads the legs: an object of distributions, or the name of a fit.
pub(super) fn legs(at: &At<'_>, network: &mut NetworkSettings) -> Read<()> {
    if at.as_str().is_some() {
        return fit(at, network);
    }
    let legs =
        at.any_object("an object with w, a, r, s, or one of lnkd_ssd, lnkd_disk, ymmr, wan")?;
    legs.only(&["w", "a", "r", "s"], |_| None)?;
    for (name, leg) in [
        ("w", &mut network.w),
        ("a", &mut network.a),
        ("r", &mut network.r),
        ("s", &mut network.s),
    ] {
        if let Some(at) = legs.optional(name) {
            *leg = delay(&at)?;
        }
    }
    Ok(())
}

/// The fits of Bailis et al., "Probabilistically bounded staleness for practical partial quorums"
/// (VLDB 2012), table 3: a Pareto body and an exponential tail. The exponent of YMMR's W is that of the
/// authors' code and results; the table prints 3.35.
fn fit(at: &At<'_>, network: &mut NetworkSettings) -> Read<()> {
    let mix = |body: f64, min_ms: f64, alpha: f64, rate_per_ms: f64| {
        let mean_ms = 1.0 / rate_per_ms;
        Delay::Mix(vec![
            (body, Delay::Pareto { min_ms, alpha }),
            (100.0 - body, Delay::Exponential { mean_ms }),
        ])
    };
    let ssd = || mix(91.22, 0.235, 10.0, 1.66);
    let disk = || mix(38.0, 1.05, 1.51, 0.183);
    let (write, rest, wan_us) =
        match at.one_of(&[("lnkd_ssd", 0), ("lnkd_disk", 1), ("ymmr", 2), ("wan", 3)])? {
            0 => (ssd(), ssd(), 0),
            1 => (disk(), ssd(), 0),
            2 => (mix(93.9, 3.0, 3.5, 0.0028), mix(98.2, 1.5, 3.8, 0.0217), 0),
            _ => (disk(), ssd(), 75_000),
        };
    network.w = write;
    network.a = rest.clone();
    network.r = rest.clone();
    network.s = rest;
    network.wan_us = wan_us;
    Ok(())
}

fn delay(at: &At<'_>) -> Read<Delay> {
    const KINDS: [&str; 5] = ["constant_ms", "exponential", "lognormal", "pareto", "mix"];
    let object = at.object(&KINDS)?;
    match object.exactly_one(&KINDS)? {
        ("mix", parts) => {
            let parts = parts.list(limits::MIX, "distributions with a weight")?;
            let parts: Read<Vec<_>> = parts.iter().map(part).collect();
            Ok(Delay::Mix(parts?))
        }
        (name, at) => simple_delay(name, &at),
    }
}

/// One part of a mixture: no mixture itself.
fn part(at: &At<'_>) -> Read<(f64, Delay)> {
    let part = at.object(&[
        "weight",
        "constant_ms",
        "exponential",
        "lognormal",
        "pareto",
    ])?;
    let weight = part.at("weight").number(limits::WEIGHT)?;
    let (name, at) = part.exactly_one(&["constant_ms", "exponential", "lognormal", "pareto"])?;
    Ok((weight, simple_delay(name, &at)?))
}

fn simple_delay(name: &str, at: &At<'_>) -> Read<Delay> {
    match name {
        "exponential" => {
            let mean = at.object(&["mean_ms"])?.at("mean_ms");
            let mean_ms = mean.number(limits::DELAY_MS)?;
            Ok(Delay::Exponential { mean_ms })
        }
        "lognormal" => {
            let object = at.object(&["median_ms", "p99_over_p50"])?;
            let median_ms = object.at("median_ms").number(limits::DELAY_MS)?;
            let p99_over_p50 = object.at("p99_over_p50").number(limits::JITTER)?;
            Ok(Delay::LogNormal {
                median_ms,
                p99_over_p50,
            })
        }
        "pareto" => {
            let object = at.object(&["min_ms", "alpha"])?;
            let min_ms = object.at("min_ms").number(limits::DELAY_MS)?;
            let alpha = object.at("alpha").number(limits::ALPHA)?;
            Ok(Delay::Pareto { min_ms, alpha })
        }
        _ => {
            let ms = at.number(limits::DELAY_MS)?;
            Ok(Delay::Constant { ms })
        }
    }
}

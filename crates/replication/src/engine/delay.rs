//! How long a message is on its way: a few distributions, drawn by inverting them at one uniform number.
//!
//! Inversion keeps the weather: a longer median or more jitter moves every delay the same way, and
//! never reorders the draws. Everything is `libm` and plain arithmetic, so that native and wasm agree
//! bit for bit.

/// A distribution of delays. Every delay is at least 1 us and at most [`Delay::MAX_US`].
#[derive(Clone, Debug, PartialEq)]
pub enum Delay {
    /// Always the same.
    Constant {
        /// In milliseconds.
        ms: f64,
    },
    /// Exponential.
    Exponential {
        /// In milliseconds.
        mean_ms: f64,
    },
    /// Log-normal, given as people measure it.
    LogNormal {
        /// In milliseconds.
        median_ms: f64,
        /// How much slower the slowest hundredth is: 1 for no jitter.
        p99_over_p50: f64,
    },
    /// Pareto: P(X > x) = (min / x)^alpha.
    Pareto {
        /// In milliseconds.
        min_ms: f64,
        /// The tail's exponent.
        alpha: f64,
    },
    /// One of several, by weight.
    Mix(Vec<(f64, Delay)>),
}

impl Delay {
    /// No message takes longer than this: an hour of simulated time.
    pub const MAX_US: u64 = 3_600_000_000;

    /// The delay at this draw, in microseconds.
    pub fn at(&self, draw: u64) -> u64 {
        // 53 bits, centred in their cell: never 0, never 1.
        let uniform = ((draw >> 11) as f64 + 0.5) / (1u64 << 53) as f64;
        let us = self.quantile_ms(uniform) * 1000.0;
        // A cast from float saturates, so even an absurd tail stays within the limit.
        ((us + 0.5) as u64).clamp(1, Self::MAX_US)
    }

    /// The delay, in microseconds, that 999 of 1000 stay below; of a mixture, of each of its parts.
    pub fn seldom_more_us(&self) -> u64 {
        match self {
            Delay::Mix(parts) => {
                let parts = parts.iter().map(|(_, delay)| delay.seldom_more_us());
                parts.max().unwrap_or(0)
            }
            one => one.at(u64::MAX - u64::MAX / 1000),
        }
    }

    /// The delay that a share of `uniform`, strictly between 0 and 1, of all messages stays below, in milliseconds.
    fn quantile_ms(&self, uniform: f64) -> f64 {
        match self {
            Delay::Constant { ms } => *ms,
            Delay::Exponential { mean_ms } => -mean_ms * libm::log1p(-uniform),
            Delay::LogNormal {
                median_ms,
                p99_over_p50,
            } if *p99_over_p50 <= 1.0 => *median_ms,
            Delay::LogNormal {
                median_ms,
                p99_over_p50,
            } => {
                let sigma = libm::log(*p99_over_p50) / Z99;
                median_ms * libm::exp(sigma * standard_normal(uniform))
            }
            Delay::Pareto { min_ms, alpha } => min_ms * libm::exp(-libm::log1p(-uniform) / alpha),
            Delay::Mix(parts) => {
                let total: f64 = parts.iter().map(|(weight, _)| weight).sum();
                let mut left = uniform * total;
                for (weight, delay) in parts {
                    if left < *weight {
                        // What is left over within this part's share is uniform again.
                        return delay
                            .quantile_ms((left / weight).clamp(MIN_UNIFORM, 1.0 - MIN_UNIFORM));
                    }
                    left -= weight;
                }
                // Rounding alone leads here.
                parts
                    .last()
                    .map_or(0.0, |(_, delay)| delay.quantile_ms(1.0 - MIN_UNIFORM))
            }
        }
    }
}

/// The 99th percentile of the standard normal distribution.
const Z99: f64 = 2.326_347_874_040_840_8;

const MIN_UNIFORM: f64 = 1.0 / (1u64 << 53) as f64;

/// The inverse of the standard normal distribution: Wichura, algorithm AS 241 (PPND16), 1988.
fn standard_normal(p: f64) -> f64 {
    let polynomial = |c: &[f64; 8], x: f64| c.iter().rev().fold(0.0, |sum, c| sum * x + c);
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * polynomial(&A, r) / polynomial(&B, r);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    let r = libm::sqrt(-libm::log(tail));
    let z = if r <= 5.0 {
        polynomial(&C, r - 1.6) / polynomial(&D, r - 1.6)
    } else {
        polynomial(&E, r - 5.0) / polynomial(&F, r - 5.0)
    };
    if q < 0.0 { -z } else { z }
}

const A: [f64; 8] = [
    3.387_132_872_796_366_5,
    1.331_416_678_917_843_8e2,
    1.971_590_950_306_551_3e3,
    1.373_169_376_550_946e4,
    4.592_195_393_154_987e4,
    6.726_577_092_700_87e4,
    3.343_057_558_358_813e4,
    2.509_080_928_730_122_7e3,
];
const B: [f64; 8] = [
    1.0,
    4.231_333_070_160_091e1,
    6.871_870_074_920_579e2,
    5.394_196_021_424_751e3,
    2.121_379_430_158_659_7e4,
    3.930_789_580_009_271e4,
    2.872_908_573_572_194_3e4,
    5.226_495_278_852_545e3,
];
const C: [f64; 8] = [
    1.423_437_110_749_683_5,
    4.630_337_846_156_546,
    5.769_497_221_460_691,
    3.647_848_324_763_204_5,
    1.270_458_252_452_368_4,
    2.417_807_251_774_506e-1,
    2.272_384_498_926_918_4e-2,
    7.745_450_142_783_414e-4,
];
const D: [f64; 8] = [
    1.0,
    2.053_191_626_637_759,
    1.676_384_830_183_803_8,
    6.897_673_349_851e-1,
    1.481_039_764_274_800_8e-1,
    1.519_866_656_361_645_7e-2,
    5.475_938_084_995_345e-4,
    1.050_750_071_644_416_9e-9,
];
const E: [f64; 8] = [
    6.657_904_643_501_103,
    5.463_784_911_164_114,
    1.784_826_539_917_291_3,
    2.965_605_718_285_048_7e-1,
    2.653_218_952_657_612_4e-2,
    1.242_660_947_388_078_4e-3,
    2.711_555_568_743_487_6e-5,
    2.010_334_399_292_288_1e-7,
];
const F: [f64; 8] = [
    1.0,
    5.998_322_065_558_88e-1,
    1.369_298_809_227_358e-1,
    1.487_536_129_085_061_5e-2,
    7.868_691_311_456_133e-4,
    1.846_318_317_510_054_8e-5,
    1.421_511_758_316_446e-7,
    2.044_263_103_389_939_8e-15,
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Quantiles of the standard normal distribution, as published tables give them.
    #[test]
    fn the_normal_quantiles_are_those_of_the_tables() {
        for (p, z) in [
            (0.5, 0.0),
            (0.841_344_746_068_542_9, 1.0),
            (0.975, 1.959_963_984_540_054),
            (0.99, Z99),
            (0.001, -3.090_232_306_167_813_5),
            (1e-10, -6.361_340_902_404_056),
        ] {
            assert!(
                (standard_normal(p) - z).abs() < 1e-9,
                "{p} gave {}",
                standard_normal(p)
            );
        }
    }

    #[test]
    fn a_log_normal_has_the_median_and_the_p99_that_it_was_given() {
        let delay = Delay::LogNormal {
            median_ms: 320.0,
            p99_over_p50: 4.0,
        };
        assert!((delay.quantile_ms(0.5) - 320.0).abs() < 1e-9);
        assert!((delay.quantile_ms(0.99) - 1280.0).abs() < 1e-6);
    }

    #[test]
    fn every_delay_stays_within_its_limits() {
        let absurd = Delay::Pareto {
            min_ms: 1.0,
            alpha: 0.01,
        };
        assert_eq!(absurd.at(u64::MAX), Delay::MAX_US);
        assert_eq!(Delay::Constant { ms: 0.0 }.at(0), 1);
    }

    #[test]
    fn a_mix_draws_each_part_by_its_weight() {
        let mix = Delay::Mix(vec![
            (3.0, Delay::Constant { ms: 1.0 }),
            (1.0, Delay::Constant { ms: 9.0 }),
        ]);
        let draws = 4096u64;
        let slow = (0..draws).filter(|i| mix.at(i << 52) == 9000).count();
        assert_eq!(slow, 1024);
    }
}

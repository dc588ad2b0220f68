//! How long the rest takes, as a range from rates that were measured. Pure; says nothing before there is a measurement.

use std::collections::VecDeque;

/// Batches that a range is made of.
const WINDOW: usize = 12;

/// Measured rates of the last batches, in rows a second.
#[derive(Debug, Clone, Default)]
pub struct Rates(VecDeque<f64>);

impl Rates {
    /// Adds the rate of a batch.
    pub fn add(&mut self, rows_per_second: f64) {
        if rows_per_second.is_finite() && rows_per_second > 0.0 {
            if self.0.len() == WINDOW {
                self.0.pop_front();
            }
            self.0.push_back(rows_per_second);
        }
    }

    /// Shortest and longest likely time for so many rows, in milliseconds, when this share of the time is work. None
    /// before three batches were measured, because two tell nothing about how much they differ.
    pub fn left_ms(&self, rows: u64, share: f64) -> Option<(u64, u64)> {
        if rows == 0 {
            return Some((0, 0));
        }
        if self.0.len() < 3 {
            return None;
        }
        let mut sorted: Vec<f64> = self.0.iter().copied().collect();
        sorted.sort_by(f64::total_cmp);
        // the extremes are outliers more often than not
        let slow = sorted[sorted.len() / 6];
        let fast = sorted[sorted.len() - 1 - sorted.len() / 6];
        let time = |rate: f64| (rows as f64 / (rate * share) * 1000.0).ceil() as u64;
        Some((time(fast), time(slow)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(of: &[f64]) -> Rates {
        let mut rates = Rates::default();
        for rate in of {
            rates.add(*rate);
        }
        rates
    }

    #[test]
    fn nothing_is_promised_before_three_batches() {
        assert_eq!(rates(&[100.0, 100.0]).left_ms(50, 1.0), None);
        let rates = rates(&[100.0, 100.0, 100.0]);
        assert_eq!(rates.left_ms(50, 1.0), Some((500, 500)));
    }

    #[test]
    fn a_twentieth_of_the_time_takes_twenty_times_as_long() {
        let rates = rates(&[100.0, 100.0, 100.0]);
        assert_eq!(rates.left_ms(50, 0.05), Some((10_000, 10_000)));
    }

    #[test]
    fn the_range_spans_slow_and_fast_batches_without_the_outliers() {
        let rates = rates(&[
            1.0, 100.0, 100.0, 100.0, 100.0, 200.0, 200.0, 200.0, 200.0, 200.0, 200.0, 9999.0,
        ]);
        assert_eq!(rates.left_ms(1000, 1.0), Some((5000, 10000)));
    }

    #[test]
    fn rates_that_are_no_numbers_are_left_out() {
        assert_eq!(
            rates(&[f64::NAN, f64::INFINITY, 0.0, -1.0]).left_ms(9, 1.0),
            None
        );
        assert_eq!(rates(&[]).left_ms(0, 1.0), Some((0, 0)));
    }
}

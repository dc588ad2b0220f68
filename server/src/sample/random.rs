//! Chance that repeats: the same seed gives the same numbers, dates and texts on every machine and
//! with every version of every library.

/// A stream of pseudo-random numbers (SplitMix64).
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    /// The stream of a seed and a purpose, so that tables do not shift one another's values.
    pub(super) fn new(seed: u64, purpose: &str) -> Self {
        let mut state = seed ^ 0x5357_4954_4348_5944;
        for byte in purpose.bytes() {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Self(state)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is above 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// A number from `first` to `last`, both included.
    pub(super) fn between(&mut self, first: i64, last: i64) -> i64 {
        first + (self.next() % (last - first + 1).max(1) as u64) as i64
    }

    /// True in `percent` of 100 cases.
    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }

    /// One of the values.
    pub(super) fn pick<'a, T: ?Sized>(&mut self, values: &[&'a T]) -> &'a T {
        values[self.below(values.len())]
    }

    /// Hexadecimal digits: keys, tokens.
    pub(super) fn digits(&mut self, length: usize) -> String {
        (0..length)
            .map(|_| char::from(b"0123456789abcdef"[self.below(16)]))
            .collect()
    }

    /// A moment of working hours between two days (counted from 1 January 2019), as Django writes
    /// it.
    pub(super) fn moment(&mut self, first_day: i64, last_day: i64) -> String {
        let day = self.between(first_day, last_day);
        let second = self.between(7 * 3600, 18 * 3600);
        let micro = self.between(0, 999_999);
        format!(
            "{} {:02}:{:02}:{:02}.{micro:06}",
            date(day),
            second / 3600,
            second / 60 % 60,
            second % 60
        )
    }
}

/// The last day the sample knows, 8 October 2025, counted from 1 January 2019.
pub(super) const LAST_DAY: i64 = 2472;

/// The date this many days after 1 January 2019.
pub(super) fn date(day: i64) -> String {
    let (mut year, mut rest) = (2019, day);
    loop {
        let length = if leap(year) { 366 } else { 365 };
        if rest < length {
            break;
        }
        rest -= length;
        year += 1;
    }
    let mut month = 1;
    for length in [
        31,
        if leap(year) { 29 } else { 28 },
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ] {
        if rest < length {
            break;
        }
        rest -= length;
        month += 1;
    }
    format!("{year}-{month:02}-{:02}", rest + 1)
}

fn leap(year: i64) -> bool {
    year % 4 == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_over_leap_years() {
        assert_eq!(date(0), "2019-01-01");
        assert_eq!(date(364), "2019-12-31");
        assert_eq!(date(365 + 59), "2020-02-29");
        assert_eq!(date(LAST_DAY), "2025-10-08");
    }
}

//! How a duration is said, with the unit that fits.

/// A duration in milliseconds: `58 ms`, `4.2 s`, `41 s`, `2 min 5 s`, `1 h 20 min`.
pub fn words(ms: u64) -> String {
    let seconds = (ms + 500) / 1000;
    match ms {
        0..1000 => format!("{ms} ms"),
        1000..10_000 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        _ if seconds < 60 => format!("{seconds} s"),
        _ if seconds < 3600 && seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        _ if seconds < 3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_use_the_unit_that_reads_best() {
        assert_eq!(words(58), "58 ms");
        assert_eq!(words(4_230), "4.2 s");
        assert_eq!(words(41_000), "41 s");
        assert_eq!(words(125_000), "2 min 5 s");
        assert_eq!(words(120_000), "2 min");
        assert_eq!(words(4_800_000), "1 h 20 min");
    }
}

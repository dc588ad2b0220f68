//! How a size in bytes is said. One unit everywhere: that of the configuration, whose limits are in MiB.

/// `512 B`, `64 MiB`, `105.6 MiB`: powers of 1,024, with one decimal where it is not whole.
pub fn words(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = "B";
    for next in UNITS {
        // what would be rounded to the next unit is said in it
        if value < 1023.95 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    match value.fract() == 0.0 {
        true => format!("{value:.0} {unit}"),
        false => format!("{value:.1} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_said_as_it_is_configured_and_a_size_with_one_decimal() {
        for (bytes, said) in [
            (0, "0 B"),
            (512, "512 B"),
            (1024, "1 KiB"),
            (64 << 20, "64 MiB"),
            (512 << 20, "512 MiB"),
            (110_700_000, "105.6 MiB"),
            ((1 << 20) - 1, "1.0 MiB"),
            (3 << 40, "3 TiB"),
        ] {
            assert_eq!(words(bytes), said);
        }
    }
}

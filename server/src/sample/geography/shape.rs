//! Boundaries as GeoJSON, drawn by chance around a centre.

use crate::db::Value;
use crate::sample::random::Random;
use crate::sample::{Options, Texts};

/// Boundary, centre and bounding box of a place, as GeoJSON texts.
pub(super) fn shape(
    random: &mut Random,
    center: (f64, f64),
    radius: f64,
    points: usize,
) -> [Value; 3] {
    let (longitude, latitude) = center;
    let mut ring = String::with_capacity(points * 24 + 200);
    ring.push_str("{\"type\": \"Feature\", \"properties\": {\"source\": \"PSA-NAMRIA\", \"simplified\": false}, \"geometry\": {\"type\": \"Polygon\", \"coordinates\": [[");
    let mut first = String::new();
    for point in 0..points {
        let angle = point as f64 / points as f64 * std::f64::consts::TAU;
        let distance = radius * (0.8 + random.between(0, 200) as f64 / 1000.0);
        let before = ring.len();
        ring.push('[');
        push_degrees(&mut ring, longitude + distance * angle.cos());
        ring.push(',');
        push_degrees(&mut ring, latitude + distance * angle.sin());
        ring.push(']');
        if point == 0 {
            first = ring[before..].to_owned();
        }
        ring.push(',');
    }
    ring.push_str(&first);
    ring.push_str("]]}}");
    [
        Value::from(ring),
        Value::from(format!("[{longitude:.6}, {latitude:.6}]")),
        Value::from(format!(
            "[{:.6}, {:.6}, {:.6}, {:.6}]",
            longitude - radius,
            latitude - radius,
            longitude + radius,
            latitude + radius
        )),
    ]
}

/// Writes degrees with six decimals. A million of them are written: `format!` would take most of
/// the time of the whole sample.
fn push_degrees(text: &mut String, degrees: f64) {
    let millionths = (degrees * 1_000_000.0) as u64;
    let mut digits = [b'0'; 10];
    let mut rest = millionths;
    let mut start = digits.len();
    while rest > 0 || start > digits.len() - 7 {
        start -= 1;
        digits[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    for (position, digit) in digits.iter().enumerate().skip(start) {
        if position == digits.len() - 6 {
            text.push('.');
        }
        text.push(char::from(*digit));
    }
}

/// Points of a boundary.
pub(super) fn points(options: &Options, full: usize) -> usize {
    match options.texts {
        Texts::Full => full,
        Texts::Short => 24,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_have_six_decimals() {
        let mut text = String::new();
        push_degrees(&mut text, 122.5);
        text.push(' ');
        push_degrees(&mut text, 6.000_001);
        assert_eq!(text, "122.500000 6.000001");
    }
}

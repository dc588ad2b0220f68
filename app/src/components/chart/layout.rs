//! Where marks of a chart stand: numbers in, coordinates out, no browser.

/// The plot area of a line chart, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    /// Width of the whole drawing.
    pub width: f64,
    /// Height of the whole drawing.
    pub height: f64,
    /// Space for labels at the start.
    pub start: f64,
    /// Space at the end.
    pub end: f64,
    /// Space above.
    pub top: f64,
    /// Space for labels below.
    pub bottom: f64,
}

impl Frame {
    /// The x of a share 0 to 1 of the time shown.
    pub fn x(&self, share: f64) -> f64 {
        self.start + (self.width - self.start - self.end).max(1.0) * share
    }

    /// The y of a share 0 to 1 of the largest value; 0 is the base line.
    pub fn y(&self, share: f64) -> f64 {
        self.height - self.bottom - (self.height - self.top - self.bottom).max(1.0) * share
    }
}

/// The top of an axis that holds `largest` and stands in four equal parts, each a round whole number: values on it are
/// counts or milliseconds, and a fraction would be written like its neighbour.
pub fn round_up(largest: f64) -> f64 {
    if !largest.is_finite() {
        return 4.0;
    }
    let part = (largest / 4.0).max(1.0);
    let power = 10_f64.powf(part.log10().floor());
    let round = [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0]
        .iter()
        .map(|factor| factor * power)
        .filter(|round| round.fract() == 0.0)
        .find(|round| *round >= part - power * 1e-9);
    4.0 * round.unwrap_or(10.0 * power)
}

/// The path of a line through points given as time and value, and the same closed down to the base line.
///
/// Times run from `from` to `to`, values from 0 to `highest`. A value that is no number is a gap: the line ends before it
/// and begins anew after it. Empty without points.
pub fn line_path(
    points: &[(f64, f64)],
    from: f64,
    to: f64,
    highest: f64,
    frame: &Frame,
) -> (String, String) {
    let span = (to - from).max(f64::MIN_POSITIVE);
    let place = |(time, value): &(f64, f64)| {
        (
            frame.x(((time - from) / span).clamp(0.0, 1.0)),
            frame.y((value / highest).clamp(0.0, 1.0)),
        )
    };
    let base = frame.y(0.0);
    let (mut line, mut area) = (String::new(), String::new());
    for piece in points.split(|(_, value)| !value.is_finite()) {
        let (Some(first), Some(last)) = (piece.first(), piece.last()) else {
            continue;
        };
        let begin = line.len();
        for (index, point) in piece.iter().enumerate() {
            let (x, y) = place(point);
            line.push_str(&format!(
                "{}{x:.1} {y:.1}",
                if index == 0 { 'M' } else { 'L' }
            ));
        }
        // a single measurement between two gaps is a dot
        if piece.len() == 1 && points.len() > 1 {
            line.push_str("h0.1");
        }
        area.push_str(&line[begin..]);
        area.push_str(&format!(
            "L{:.1} {base:.1}L{:.1} {base:.1}Z",
            place(last).0,
            place(first).0
        ));
    }
    (line, area)
}

/// At most `at_most` of the points, evenly taken, always with the first and the last.
pub fn thinned<T: Copy>(points: &[T], at_most: usize) -> Vec<T> {
    if points.len() <= at_most || at_most < 2 {
        return points.to_vec();
    }
    (0..at_most)
        .map(|place| points[place * (points.len() - 1) / (at_most - 1)])
        .collect()
}

/// Widths of the filled and of the missing part of a bar that is `width` long for `whole`.
///
/// A missing row never disappears: the missing part is at least 3 wide when there is one, and the filled part too.
pub fn bar_parts(filled: u64, whole: u64, width: f64) -> (f64, f64) {
    const LEAST: f64 = 3.0;
    if whole == 0 {
        return (0.0, 0.0);
    }
    let missing = whole.saturating_sub(filled);
    if missing == 0 {
        return (width, 0.0);
    }
    if filled == 0 {
        return (0.0, width);
    }
    let missing = (missing as f64 / whole as f64 * width).clamp(LEAST, (width - LEAST).max(LEAST));
    (width - missing, missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame = Frame {
        width: 120.0,
        height: 60.0,
        start: 10.0,
        end: 10.0,
        top: 5.0,
        bottom: 5.0,
    };

    #[test]
    fn scales_hold_every_value_and_stand_in_four_whole_parts() {
        for (largest, round) in [
            (0.0, 4.0),
            (0.7, 4.0),
            (5.0, 8.0),
            (41.0, 60.0),
            (60.0, 60.0),
            (847.0, 1000.0),
            (f64::INFINITY, 4.0),
        ] {
            assert!((round_up(largest) - round).abs() < 1e-9, "{largest}");
        }
    }

    #[test]
    fn a_line_starts_at_the_left_ends_at_the_right_and_stands_on_the_base() {
        let (line, area) = line_path(
            &[(0.0, 0.0), (5.0, 50.0), (10.0, 100.0)],
            0.0,
            10.0,
            100.0,
            &FRAME,
        );
        assert_eq!(line, "M10.0 55.0L60.0 30.0L110.0 5.0");
        assert_eq!(area, "M10.0 55.0L60.0 30.0L110.0 5.0L110.0 55.0L10.0 55.0Z");
    }

    #[test]
    fn a_single_point_and_no_point_draw_without_dividing_by_zero() {
        assert_eq!(
            line_path(&[], 0.0, 0.0, 1.0, &FRAME),
            (String::new(), String::new())
        );
        let (line, _) = line_path(&[(3.0, 1.0)], 3.0, 3.0, 1.0, &FRAME);
        assert_eq!(line, "M10.0 5.0");
    }

    #[test]
    fn a_gap_is_not_bridged() {
        let points = [
            (0.0, 50.0),
            (2.0, 50.0),
            (4.0, f64::NAN),
            (8.0, 50.0),
            (10.0, 50.0),
        ];
        let (line, area) = line_path(&points, 0.0, 10.0, 100.0, &FRAME);
        assert_eq!(line, "M10.0 30.0L30.0 30.0M90.0 30.0L110.0 30.0");
        assert_eq!(area.matches('Z').count(), 2);
    }

    #[test]
    fn thinning_keeps_both_ends() {
        let points: Vec<u32> = (0..100).collect();
        let few = thinned(&points, 5);
        assert_eq!(few.len(), 5);
        assert_eq!((few[0], few[4]), (0, 99));
        assert_eq!(thinned(&points[..3], 5), [0, 1, 2]);
    }

    #[test]
    fn one_missing_row_of_a_million_is_still_seen() {
        let (filled, missing) = bar_parts(999_999, 1_000_000, 400.0);
        assert!(missing >= 3.0);
        assert!((filled + missing - 400.0).abs() < 1e-9);
        assert_eq!(bar_parts(10, 10, 400.0), (400.0, 0.0));
        assert_eq!(bar_parts(0, 10, 400.0), (0.0, 400.0));
        assert_eq!(bar_parts(0, 0, 400.0), (0.0, 0.0));
    }
}

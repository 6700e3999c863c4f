//! A distribution as counts in bins of equal width, and as a line of bars.

/// Bins of a distribution.
pub(super) const BINS: usize = 20;

/// Where the bins of a column begin and end, which is the same for all groups, so that they compare.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Range {
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Range {
    /// How many bins there are: one, where all values are equal or nearly so.
    pub(super) fn bins(self) -> usize {
        if self.width().is_normal() { BINS } else { 1 }
    }

    /// The width of a bin, computed so that it does not overflow.
    pub(super) fn width(self) -> f64 {
        self.high / BINS as f64 - self.low / BINS as f64
    }
}

/// Counts as bars, the highest of them full: `▁▃█`.
pub(super) fn bars(counts: &[i64]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let bar = |count: &i64| {
        // What is there is seen, however little it is.
        let height = count.saturating_mul(7).saturating_add(most - 1) / most;
        let height = usize::try_from(height).unwrap_or(0);
        if *count == 0 { ' ' } else { BARS.get(height).copied().unwrap_or('█') }
    };
    counts.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_bar_is_full_and_what_is_there_is_seen() {
        assert_eq!(bars(&[0, 1, 50, 100]), " ▂▅█");
        assert_eq!(bars(&[3]), "█");
        assert_eq!(bars(&[]), "");
        assert_eq!(bars(&[i64::MAX, 0]).chars().count(), 2);
    }

    #[test]
    fn bins_of_the_widest_range_have_a_width_and_of_one_value_there_is_one() {
        let widest = Range { low: f64::MIN, high: f64::MAX };
        assert_eq!((widest.bins(), widest.width().is_finite()), (BINS, true));
        assert_eq!(Range { low: 0.5, high: 0.5 }.bins(), 1);
        assert_eq!(Range { low: 0.0, high: f64::MIN_POSITIVE }.bins(), 1);
    }
}

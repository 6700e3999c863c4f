//! A range of numbers cut into parts of equal width, as `histogram` and `buckets` have it.
//!
//! What holds: each number of the range is in exactly one part; a part holds its lower edge and all up
//! to its upper one, the last its upper one too.

/// The parts of a range.
#[derive(Debug)]
pub(super) struct EqualWidth {
    /// Where each part begins, ascending, and at last where the last one ends.
    edges: Vec<f64>,
}

impl EqualWidth {
    /// Cuts the range of the finite numbers among these into so many parts: into one, if they are all the
    /// same. None where there is no finite number.
    pub(super) fn of(numbers: impl Iterator<Item = f64> + Clone, parts: usize) -> Option<Self> {
        let finite = || numbers.clone().filter(|number| number.is_finite());
        let (low, high) = (finite().reduce(f64::min)?, finite().reduce(f64::max)?);
        let parts = u32::try_from(if low < high { parts } else { 1 }).unwrap_or(u32::MAX);
        let count = f64::from(parts);
        // Exact where it can be: the edges of 0 to 3 in three parts are 0, 1, 2 and 3.
        let is_short = ((high - low) * count).is_finite();
        let up = |part: u32| {
            let part = f64::from(part);
            if is_short { (high - low) * part / count } else { (high / count - low / count) * part }
        };
        let inner = (1..parts).map(|part| low + up(part));
        Some(Self { edges: std::iter::once(low).chain(inner).chain([high]).collect() })
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.edges.len() - 1
    }

    /// The part that holds a number of the range, from 0.
    pub(super) fn part(&self, number: f64) -> usize {
        let begun = self.edges.partition_point(|edge| *edge <= number);
        begun.saturating_sub(1).min(self.len() - 1)
    }

    /// Lower and upper edge of each.
    pub(super) fn parts(&self) -> impl Iterator<Item = (f64, f64)> {
        self.edges.iter().copied().zip(self.edges.iter().copied().skip(1))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts(numbers: &[f64], parts: usize) -> EqualWidth {
        EqualWidth::of(numbers.iter().copied(), parts).unwrap()
    }

    #[test]
    fn whole_numbers_have_whole_edges_and_the_greatest_is_in_the_last_part() {
        let thirds = parts(&[3.0, 0.0, f64::NAN, f64::INFINITY], 3);
        assert_eq!(thirds.parts().collect::<Vec<_>>(), [(0.0, 1.0), (1.0, 2.0), (2.0, 3.0)]);
        assert_eq!([0.0, 0.9, 1.0, 2.0, 3.0].map(|number| thirds.part(number)), [0, 0, 1, 2, 2]);
    }

    #[test]
    fn numbers_that_are_all_the_same_are_one_part() {
        let one = parts(&[5.0, 5.0], 10);
        assert_eq!(one.parts().collect::<Vec<_>>(), [(5.0, 5.0)]);
        assert_eq!(one.part(5.0), 0);
        assert!(EqualWidth::of([f64::NAN].into_iter(), 3).is_none());
    }

    #[test]
    fn the_widest_range_of_all_is_cut_too() {
        let halves = parts(&[-f64::MAX, f64::MAX], 2);
        assert_eq!(halves.parts().collect::<Vec<_>>(), [(-f64::MAX, 0.0), (0.0, f64::MAX)]);
    }

    proptest! {
        #[test]
        fn each_number_lies_within_its_part(
            numbers in prop::collection::vec(prop_oneof![-1e3..1e3, prop::num::f64::NORMAL], 1..50),
            count in 1usize..100,
        ) {
            let cut = parts(&numbers, count);
            let edges: Vec<(f64, f64)> = cut.parts().collect();
            prop_assert!(edges.len() == count || edges.len() == 1);
            for number in numbers {
                let (low, high) = edges[cut.part(number)];
                prop_assert!(low <= number && number <= high, "{number} in {low}..{high}");
            }
        }
    }
}

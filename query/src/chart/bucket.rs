//! A series cut into buckets of equal width: what a chart of so many pixels can show of all its points.
//!
//! ```text
//!  x   low                                   high
//!      │ bucket 0 │ bucket 1 │ … │ bucket n-1 │      each with the least, greatest and last y, the mean and
//!                                             │      the count of all points in it; high belongs to the last
//! ```
//!
//! What holds:
//! - The same points and the same range give the same buckets; no point is left out or drawn by lot.
//! - A series of at most so many points as there are buckets is not cut: each point is told.
//! - Values that are no number (NaN) or infinite count and can be the last; they are no part of the others.

/// What stands in one bucket of a series, or one point of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bucket {
    /// Its place, from 0.
    pub(crate) index: u32,
    /// Where its last point stands.
    pub(crate) x: f64,
    /// The least finite value; none where there is none.
    pub(crate) min: Option<f64>,
    /// The greatest finite value.
    pub(crate) max: Option<f64>,
    /// The last value.
    pub(crate) last: f64,
    /// The mean of the finite values.
    pub(crate) mean: Option<f64>,
    /// How far the finite values are from their mean: the deviation of the whole population.
    pub(crate) deviation: Option<f64>,
    /// Points.
    pub(crate) count: u64,
    /// The last value of the smoothed series, where one is asked for.
    pub(crate) smoothed: Option<f64>,
}

/// What is cut into how many.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cut {
    /// The lowest and highest x that are shown.
    pub(crate) range: (f64, f64),
    /// How many buckets.
    pub(crate) buckets: u32,
    /// Whether a series of at most so many points is told point by point.
    pub(crate) tells_points: bool,
}

impl Cut {
    /// The bucket of an x; none outside the range.
    fn place(self, x: f64) -> Option<u32> {
        let (low, high) = self.range;
        if !(low..=high).contains(&x) {
            return None;
        }
        let last = self.buckets.saturating_sub(1);
        let part = (x - low) / (high - low) * f64::from(self.buckets);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded by the range")]
        // One point alone is a range without width, and its part is no number.
        let place = if part.is_finite() { part as u32 } else { 0 };
        Some(place.min(last))
    }

    /// Cuts a series: points in their order, and the smoothed value of each where there are some.
    pub(crate) fn series(self, xs: &[f64], ys: &[f64], smoothed: Option<&[f64]>) -> Vec<Bucket> {
        let inside = || {
            xs.iter().zip(ys).enumerate().filter_map(|(point, (x, y))| Some((point, self.place(*x)?, *x, *y)))
        };
        let is_cut = !self.tells_points || inside().count() > self.buckets as usize;
        let mut buckets: Vec<Bucket> = Vec::new();
        // Where a bucket stands among those begun: x need not rise.
        let mut begun: Vec<Option<usize>> = vec![None; if is_cut { self.buckets as usize } else { 0 }];
        let mut sums: Vec<Sums> = Vec::new();
        for (point, index, x, y) in inside() {
            let slot = begun.get_mut(index as usize);
            let at = match slot {
                Some(Some(at)) => *at,
                slot => {
                    if let Some(slot) = slot {
                        *slot = Some(buckets.len());
                    }
                    sums.push(Sums::default());
                    buckets.push(Bucket::empty(index));
                    buckets.len() - 1
                }
            };
            if let (Some(bucket), Some(sum)) = (buckets.get_mut(at), sums.get_mut(at)) {
                bucket.take(x, y, sum);
                bucket.smoothed = smoothed.and_then(|smoothed| smoothed.get(point)).copied();
            }
        }
        for (bucket, sums) in buckets.iter_mut().zip(&sums) {
            bucket.deviation = sums.deviation();
        }
        buckets.sort_by_key(|bucket| bucket.index);
        buckets
    }
}

/// Of the finite values of a bucket so far.
#[derive(Default)]
struct Sums {
    finite: u64,
    total: f64,
    /// Of the distances from the mean (Welford), which loses nothing where the mean is large.
    squares: f64,
}

impl Sums {
    /// None where nothing was taken, or more than a float can hold.
    fn deviation(&self) -> Option<f64> {
        // Rounding may leave a little less than nothing.
        let squares = if self.squares < 0.0 { 0.0 } else { self.squares };
        Some((squares / self.finite as f64).sqrt()).filter(|deviation| deviation.is_finite())
    }
}

impl Bucket {
    fn empty(index: u32) -> Self {
        let (x, last, count) = (f64::NAN, f64::NAN, 0);
        Self { index, x, min: None, max: None, last, mean: None, deviation: None, count, smoothed: None }
    }

    fn take(&mut self, x: f64, y: f64, sums: &mut Sums) {
        self.x = x;
        self.last = y;
        self.count += 1;
        if !y.is_finite() {
            return;
        }
        self.min = Some(self.min.map_or(y, |min| min.min(y)));
        self.max = Some(self.max.map_or(y, |max| max.max(y)));
        sums.total += y;
        sums.finite += 1;
        let mean = sums.total / sums.finite as f64;
        sums.squares += (y - self.mean.unwrap_or(y)) * (y - mean);
        self.mean = Some(mean);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(buckets: u32, range: (f64, f64)) -> Cut {
        Cut { range, buckets, tells_points: true }
    }

    #[test]
    fn every_point_is_in_one_bucket_and_the_highest_x_in_the_last() {
        let xs: Vec<f64> = (0..=100).map(f64::from).collect();
        let buckets = cut(10, (0.0, 100.0)).series(&xs, &xs, None);
        assert_eq!(
            buckets.iter().map(|bucket| bucket.count).collect::<Vec<_>>(),
            [10, 10, 10, 10, 10, 10, 10, 10, 10, 11]
        );
        let last = &buckets[9];
        assert_eq!(
            (last.min, last.max, last.last, last.mean, last.x),
            (Some(90.0), Some(100.0), 100.0, Some(95.0), 100.0)
        );
    }

    #[test]
    fn the_deviation_is_that_of_the_points_and_loses_nothing_far_from_zero() {
        let xs = [0.0, 0.0, 0.0, 0.0, 1.0];
        let ys = [1e9 + 4.0, 1e9 + 7.0, 1e9 + 13.0, 1e9 + 16.0, f64::NAN];
        let buckets = cut(2, (0.0, 1.0)).series(&xs, &ys, None);
        assert_eq!(buckets[0].deviation, Some(22.5f64.sqrt()));
        assert_eq!((buckets[1].deviation, buckets[1].mean), (None, None));
    }

    #[test]
    fn few_points_are_told_one_by_one() {
        let buckets = cut(1000, (0.0, 10.0)).series(&[0.0, 0.001, 10.0], &[3.0, 1.0, 2.0], None);
        let told: Vec<_> = buckets.iter().map(|bucket| (bucket.index, bucket.x, bucket.last)).collect();
        assert_eq!(told, [(0, 0.0, 3.0), (0, 0.001, 1.0), (999, 10.0, 2.0)]);
    }

    #[test]
    fn what_lies_outside_the_range_is_left_out_and_what_is_no_number_is_counted() {
        let ys = [1.0, f64::NAN, 5.0, f64::INFINITY, 9.0];
        let buckets = cut(1, (1.0, 3.0)).series(&[0.0, 1.0, 2.0, 3.0, 4.0], &ys, None);
        let bucket = &buckets[0];
        assert_eq!((bucket.count, bucket.min, bucket.max, bucket.mean), (3, Some(5.0), Some(5.0), Some(5.0)));
        assert_eq!((bucket.last, bucket.deviation), (f64::INFINITY, Some(0.0)));
    }

    #[test]
    fn an_x_that_falls_back_meets_its_bucket_again() {
        let buckets = cut(2, (0.0, 4.0)).series(&[0.0, 3.0, 1.0, 4.0, 0.5], &[1.0, 2.0, 3.0, 4.0, 5.0], None);
        assert_eq!(buckets.iter().map(|bucket| bucket.count).collect::<Vec<_>>(), [3, 2]);
        assert_eq!((buckets[0].last, buckets[0].x), (5.0, 0.5));
    }

    #[test]
    fn a_range_without_width_is_one_bucket() {
        let buckets = cut(1, (7.0, 7.0)).series(&[7.0, 7.0], &[1.0, 2.0], None);
        assert_eq!((buckets.len(), buckets[0].count, buckets[0].last), (1, 2, 2.0));
    }
}

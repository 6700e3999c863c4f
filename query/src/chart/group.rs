//! Series of several runs as one line with a band (SEMANTICS 9).
//!
//! A run counts once in a bucket, however many points it has there: the mean of each run first, then over runs.

use std::collections::BTreeMap;

use super::bucket::Bucket;
use super::{Aggregate, Band, Grouping};

/// The buckets of one run of a group.
pub(super) type OfRun = Vec<Bucket>;

/// The line of a group: of each bucket that some run has points in, `mean` is the aggregate of the runs,
/// `min` and `max` are the band, `deviation` that of the runs, `last` is the aggregate of what came last, and `count` the number of runs.
pub(super) fn line(runs: &[OfRun], grouping: Grouping) -> Vec<Bucket> {
    let mut buckets: BTreeMap<u32, Vec<&Bucket>> = BTreeMap::new();
    for bucket in runs.iter().flatten() {
        buckets.entry(bucket.index).or_default().push(bucket);
    }
    buckets.into_iter().map(|(index, of_runs)| joined(index, &of_runs, grouping)).collect()
}

fn joined(index: u32, runs: &[&Bucket], Grouping { aggregate, band }: Grouping) -> Bucket {
    let means: Vec<f64> = runs.iter().filter_map(|bucket| bucket.mean).collect();
    let lasts: Vec<f64> = runs.iter().map(|bucket| bucket.last).filter(|last| last.is_finite()).collect();
    let mean = aggregated(&means, aggregate);
    let around = |width: Option<f64>| {
        (mean.zip(width).map(|(mean, width)| mean - width), mean.zip(width).map(|(mean, width)| mean + width))
    };
    let deviation = deviation(&means);
    let (min, max) = match band {
        Band::None => (None, None),
        Band::MinMax => (
            runs.iter().filter_map(|bucket| bucket.min).reduce(f64::min),
            runs.iter().filter_map(|bucket| bucket.max).reduce(f64::max),
        ),
        Band::Deviation => around(deviation),
        Band::Error => around(deviation.map(|deviation| deviation / (means.len() as f64).sqrt())),
    };
    Bucket {
        index,
        x: runs.iter().map(|bucket| bucket.x).fold(f64::NAN, f64::max),
        min,
        max,
        last: aggregated(&lasts, aggregate).unwrap_or(f64::NAN),
        mean,
        deviation,
        count: runs.len() as u64,
        smoothed: None,
    }
}

fn aggregated(values: &[f64], aggregate: Aggregate) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let sum = || values.iter().sum::<f64>();
    match aggregate {
        Aggregate::Mean => Some(sum() / values.len() as f64),
        Aggregate::Sum => Some(sum()),
        Aggregate::Min => values.iter().copied().reduce(f64::min),
        Aggregate::Max => values.iter().copied().reduce(f64::max),
        Aggregate::Median => {
            let mut sorted = values.to_vec();
            sorted.sort_unstable_by(f64::total_cmp);
            let (low, high) = (sorted.get((sorted.len() - 1) / 2)?, sorted.get(sorted.len() / 2)?);
            Some(f64::midpoint(*low, *high))
        }
    }
}

/// The deviation of the whole population.
fn deviation(values: &[f64]) -> Option<f64> {
    let mean = aggregated(values, Aggregate::Mean)?;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some((squares / values.len() as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::super::bucket::Cut;
    use super::*;

    fn of_run(ys: &[f64]) -> OfRun {
        let xs: Vec<f64> = (0u32..).take(ys.len()).map(f64::from).collect();
        Cut { range: (0.0, 4.0), buckets: 1, tells_points: false }.series(&xs, ys, None)
    }

    #[test]
    fn a_run_with_more_points_does_not_weigh_more() {
        let runs = [of_run(&[1.0, 1.0, 1.0, 1.0]), of_run(&[3.0])];
        let line = line(&runs, Grouping { aggregate: Aggregate::Mean, band: Band::Deviation });
        assert_eq!(
            (line[0].mean, line[0].min, line[0].max, line[0].deviation, line[0].count),
            (Some(2.0), Some(1.0), Some(3.0), Some(1.0), 2)
        );
    }

    #[test]
    fn the_aggregates_and_bands_are_those_of_the_reference() {
        let runs = [of_run(&[1.0, 5.0]), of_run(&[4.0]), of_run(&[8.0])];
        let told = |aggregate, band| {
            let line = line(&runs, Grouping { aggregate, band });
            (line[0].mean.unwrap(), line[0].min, line[0].max)
        };
        assert_eq!(told(Aggregate::Median, Band::MinMax), (4.0, Some(1.0), Some(8.0)));
        assert_eq!(told(Aggregate::Sum, Band::None), (15.0, None, None));
        assert_eq!(told(Aggregate::Min, Band::None).0, 3.0);
        assert_eq!(told(Aggregate::Max, Band::None).0, 8.0);
        // Means 3, 4, 8: deviation √(14/3), error of the mean that by √3.
        let (mean, min, max) = told(Aggregate::Mean, Band::Error);
        assert!((mean - min.unwrap() - (14.0f64 / 9.0).sqrt()).abs() < 1e-12);
        assert!((max.unwrap() - mean - (14.0f64 / 9.0).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn a_bucket_without_a_finite_value_has_no_mean() {
        let line = line(&[of_run(&[f64::NAN])], Grouping { aggregate: Aggregate::Mean, band: Band::MinMax });
        assert_eq!((line[0].mean, line[0].min, line[0].count), (None, None, 1));
    }
}

//! Smoothing of a line: plain functions over its points, as SQL's window functions and charts show it.
//!
//! What holds (SEMANTICS 9):
//! - Each gives one number a point, in the points' order.
//! - A non-finite value passes through as it is and enters nothing that is computed for others.
//! - At the ends, kernels are cut and renormalised and windows shrink: no value is made up.
//!
//! The two exponential means share one form, `S ← a·S + y`, `D ← a·D + 1`, shown `S/D`. For a constant
//! `a = p` that is the debiased `S/(1−pⁿ)` with `1−p` cancelled, so that the first value is exact, not
//! off by a rounding.

/// How fast the time-weighted mean forgets: it weighs as if the line were so many units long.
const TWEMA_UNITS: f64 = 1_000.0;
/// The greatest weight that the time-weighted mean has for a unit.
const TWEMA_WEIGHT_MAX: f64 = 0.999;
/// Standard deviations after which a Gaussian weight, 0.0003 of the greatest, counts as nothing.
const GAUSSIAN_CUT: f64 = 4.0;

/// A mean that forgets.
#[derive(Default)]
struct Forgetting {
    sum: f64,
    weight: f64,
}

impl Forgetting {
    fn take(&mut self, keep: f64, value: f64) -> f64 {
        self.sum = keep * self.sum + value;
        self.weight = keep * self.weight + 1.0;
        self.sum / self.weight
    }
}

/// The exponential moving mean: `p` from 0 (the line itself) up to 1 (the mean of all so far).
#[must_use]
pub fn ema(y: &[f64], p: f64) -> Vec<f64> {
    let mut mean = Forgetting::default();
    y.iter().map(|&value| if value.is_finite() { mean.take(p, value) } else { value }).collect()
}

/// The time-weighted exponential moving mean, `p` from 0 to 1: a point weighs by its distance in `x` from
/// the point before, as a share of `span`, the range of x that is shown ([`span`] of all points, say).
/// A point whose x is not finite passes through, as one whose y is not.
#[must_use]
pub fn twema(x: &[f64], y: &[f64], span: f64, p: f64) -> Vec<f64> {
    let weight = p.sqrt().min(TWEMA_WEIGHT_MAX);
    let (mut mean, mut before) = (Forgetting::default(), None);
    let points = x.iter().zip(y);
    let shown = points.map(|(&x, &y)| {
        if !x.is_finite() || !y.is_finite() {
            return y;
        }
        let distance = (x - before.unwrap_or(x)).abs();
        before = Some(x);
        let share = if distance > 0.0 && span > 0.0 { distance / span } else { 0.0 };
        mean.take(weight.powf(TWEMA_UNITS * share), y)
    });
    shown.collect()
}

/// The distance from the least to the greatest finite x; 0 where there are none.
#[must_use]
pub fn span(x: &[f64]) -> f64 {
    let finite = || x.iter().copied().filter(|x| x.is_finite());
    let (low, high) = (finite().reduce(f64::min), finite().reduce(f64::max));
    low.zip(high).map_or(0.0, |(low, high)| high - low)
}

/// The mean of the points on both sides, each weighed by its distance in points; `sigma` is the standard
/// deviation of the weights, 0 the line itself.
#[must_use]
pub fn gaussian(y: &[f64], sigma: f64) -> Vec<f64> {
    if sigma <= 0.0 {
        return y.to_vec();
    }
    let deviations = (0u32..).map(|distance| f64::from(distance) / sigma);
    let kernel: Vec<f64> =
        deviations.take_while(|z| *z <= GAUSSIAN_CUT).map(|z| (-0.5 * z * z).exp()).collect();
    let mean = |(at, value): (usize, &f64)| {
        if !value.is_finite() {
            return *value;
        }
        let (before, after) = y.split_at(at);
        let before = before.iter().rev().zip(kernel.iter().skip(1));
        let (mut sum, mut weight) = (0.0, 0.0);
        for (value, share) in before.chain(after.iter().zip(&kernel)).filter(|(value, _)| value.is_finite()) {
            sum += share * value;
            weight += share;
        }
        sum / weight
    };
    y.iter().enumerate().map(mean).collect()
}

/// The mean of the `points` points around each; of an even number, the odd one is taken before it.
///
/// No sum is ever subtracted from, so that a value of 1e300 leaves nothing behind when it leaves the
/// window: the line is cut into blocks as long as a window, and each window is the end of one block and
/// the beginning of the next.
#[must_use]
pub fn running_mean(y: &[f64], points: usize) -> Vec<f64> {
    let points = points.clamp(1, y.len().max(1) * 2);
    let before = points / 2;
    let after = points - 1 - before;
    let pad = |places| std::iter::repeat_n(Sum::default(), places);
    let padded: Vec<Sum> = pad(before).chain(y.iter().map(|y| Sum::of(*y))).chain(pad(after)).collect();
    let blocks = || padded.chunks(points);
    let from_start: Vec<Sum> = blocks().flat_map(|block| running(block.iter())).collect();
    let to_end: Vec<Sum> = blocks()
        .flat_map(|block| {
            let mut sums = running(block.iter().rev());
            sums.reverse();
            sums
        })
        .collect();
    let windows = to_end.iter().zip(from_start.iter().skip(points - 1)).enumerate();
    let means = windows.map(|(start, (end_of_one, start_of_next))| {
        let is_whole_block = start % points == 0;
        if is_whole_block { end_of_one.mean() } else { end_of_one.and(start_of_next).mean() }
    });
    y.iter().zip(means).map(|(y, mean)| if y.is_finite() { mean } else { *y }).collect()
}

/// Finite values added up.
#[derive(Clone, Copy, Default)]
struct Sum {
    total: f64,
    values: u32,
}

impl Sum {
    fn of(value: f64) -> Self {
        if value.is_finite() { Self { total: value, values: 1 } } else { Self::default() }
    }

    fn and(self, other: &Self) -> Self {
        Self { total: self.total + other.total, values: self.values + other.values }
    }

    fn mean(self) -> f64 {
        self.total / f64::from(self.values)
    }
}

fn running<'a>(sums: impl Iterator<Item = &'a Sum>) -> Vec<Sum> {
    let so_far = sums.scan(Sum::default(), |so_far, sum| {
        *so_far = so_far.and(sum);
        Some(*so_far)
    });
    so_far.collect()
}

#[cfg(test)]
mod tests;

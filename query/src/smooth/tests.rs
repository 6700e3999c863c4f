use proptest::prelude::*;

use super::*;

fn close(left: &[f64], right: &[f64]) {
    assert_eq!(left.len(), right.len());
    for (left, right) in left.iter().zip(right) {
        let is_same = left == right || (left.is_nan() && right.is_nan());
        assert!(is_same || (left - right).abs() <= 1e-9 * left.abs().max(1.0), "{left} is not {right}");
    }
}

/// Each window added up anew.
fn naive_running_mean(y: &[f64], points: usize) -> Vec<f64> {
    let window = |at: usize| {
        let (from, to) = (at.saturating_sub(points / 2), at + (points - 1) / 2);
        let inside = &y[from..=to.min(y.len() - 1)];
        let finite: Vec<f64> = inside.iter().copied().filter(|y| y.is_finite()).collect();
        finite.iter().sum::<f64>() / finite.len() as f64
    };
    (0..y.len()).map(|at| if y[at].is_finite() { window(at) } else { y[at] }).collect()
}

/// The formula of SEMANTICS 9, as it stands there.
fn naive_ema(y: &[f64], p: f64) -> Vec<f64> {
    let (mut s, mut n) = (0.0, 0);
    let mut shown = Vec::new();
    for &y in y {
        if y.is_finite() {
            s = p * s + (1.0 - p) * y;
            n += 1;
            shown.push(s / (1.0 - p.powi(n)));
        } else {
            shown.push(y);
        }
    }
    shown
}

/// Every point against every other, without a cut.
fn naive_gaussian(y: &[f64], sigma: f64) -> Vec<f64> {
    let mean = |at: usize| {
        let (mut sum, mut weights) = (0.0, 0.0);
        for (other, value) in y.iter().enumerate().filter(|(_, value)| value.is_finite()) {
            let distance = at.abs_diff(other) as f64;
            if distance <= 4.0 * sigma {
                let weight = (-distance * distance / (2.0 * sigma * sigma)).exp();
                sum += weight * value;
                weights += weight;
            }
        }
        sum / weights
    };
    (0..y.len()).map(|at| if y[at].is_finite() { mean(at) } else { y[at] }).collect()
}

#[test]
fn the_exponential_mean_is_the_one_computed_by_hand() {
    // n=1: 8; n=2: (8/2 + 4)/(1/2 + 1); n=3: (8/4 + 4/2 + 1)/(1/4 + 1/2 + 1).
    close(&ema(&[8.0, 4.0, 1.0], 0.5), &[8.0, 8.0 / 1.5, 5.0 / 1.75]);
    close(&ema(&[8.0, 4.0, 1.0], 0.0), &[8.0, 4.0, 1.0]);
    close(&ema(&[8.0, 4.0, 3.0], 1.0), &[8.0, 6.0, 5.0]);
}

#[test]
fn the_first_value_of_an_exponential_mean_is_exact_whatever_the_weight() {
    for p in [0.1, 0.3, 0.6, 0.9, 0.99, 0.999] {
        for y in [0.1, 0.7, 2.3, 1e-300] {
            assert_eq!(ema(&[y], p), [y]);
            assert_eq!(twema(&[3.0], &[y], 0.0, p), [y]);
        }
    }
}

#[test]
fn the_time_weighted_mean_is_the_one_computed_by_hand() {
    // p = 0.25 gives w = 0.5; the span is 1000, so that a distance of 1 is an exponent of 1.
    let shown = twema(&[0.0, 1.0, 3.0], &[8.0, 4.0, 1.0], 1000.0, 0.25);
    close(&shown, &[8.0, (4.0 + 4.0) / 1.5, (8.0 / 4.0 + 1.0) / (1.5 / 4.0 + 1.0)]);
}

#[test]
fn the_time_weighted_mean_never_forgets_slower_than_by_its_greatest_weight() {
    let (x, y) = ([0.0, 1.0], [1.0, 3.0]);
    close(&twema(&x, &y, 1.0, 1.0), &twema(&x, &y, 1.0, 0.999 * 0.999));
    // After 1000 units of 0.999 the first point weighs 0.3677.
    let old = 0.999_f64.powi(1000);
    close(&twema(&x, &y, 1.0, 1.0), &[1.0, (old + 3.0) / (old + 1.0)]);
}

#[test]
fn evenly_spaced_points_have_the_same_time_weighted_and_plain_exponential_mean() {
    let y = [3.0, 1.0, 4.0, 1.0, 5.0];
    let x = [0.0, 1.0, 2.0, 3.0, 4.0];
    close(&twema(&x, &y, 1000.0, 0.64), &ema(&y, 0.8));
}

#[test]
fn points_at_one_place_weigh_the_same() {
    close(&twema(&[5.0, 5.0, 5.0], &[1.0, 2.0, 6.0], 0.0, 0.5), &[1.0, 1.5, 3.0]);
}

#[test]
fn what_is_not_finite_passes_through_and_leaves_the_state_as_it_was() {
    let y = [8.0, f64::NAN, 4.0, f64::INFINITY, 1.0];
    let x = [0.0, 1.0, 2.0, 3.0, 4.0];
    let shown = ema(&y, 0.5);
    assert!(shown[1].is_nan() && shown[3] == f64::INFINITY);
    close(&[shown[0], shown[2], shown[4]], &ema(&[8.0, 4.0, 1.0], 0.5));
    let shown = twema(&x, &y, span(&x), 0.5);
    assert!(shown[1].is_nan() && shown[3] == f64::INFINITY);
    close(&[shown[0], shown[2], shown[4]], &twema(&[0.0, 2.0, 4.0], &[8.0, 4.0, 1.0], 4.0, 0.5));
    let shown = twema(&[0.0, f64::NAN, 4.0], &[8.0, 7.0, 1.0], 4.0, 0.5);
    assert_eq!(shown[1], 7.0, "a point without a place");
    for shown in [gaussian(&y, 1.0), running_mean(&y, 3)] {
        assert!(shown[1].is_nan() && shown[3] == f64::INFINITY);
        assert!(shown[0].is_finite() && shown[2].is_finite() && shown[4].is_finite());
    }
    close(&running_mean(&y, 3), &[8.0, f64::NAN, 4.0, f64::INFINITY, 1.0]);
}

#[test]
fn a_gaussian_is_cut_and_renormalised_at_the_ends() {
    let (one, two) = ((-0.5_f64).exp(), (-2.0_f64).exp());
    let shown = gaussian(&[1.0, 2.0, 4.0], 1.0);
    close(
        &shown,
        &[
            (1.0 + 2.0 * one + 4.0 * two) / (1.0 + one + two),
            (one + 2.0 + 4.0 * one) / (1.0 + 2.0 * one),
            (two + 2.0 * one + 4.0) / (1.0 + one + two),
        ],
    );
    assert_eq!(gaussian(&[1.0, 2.0], 0.0), [1.0, 2.0]);
    // So narrow that its neighbours weigh nothing.
    assert_eq!(gaussian(&[1.0, 2.0], 1e-300), [1.0, 2.0]);
}

#[test]
fn the_windows_of_a_running_mean_shrink_at_the_ends() {
    close(&running_mean(&[1.0, 2.0, 6.0, 3.0], 3), &[1.5, 3.0, 11.0 / 3.0, 4.5]);
    close(&running_mean(&[1.0, 2.0, 6.0, 3.0], 2), &[1.0, 1.5, 4.0, 4.5]);
    close(&running_mean(&[1.0, 2.0, 6.0], 1), &[1.0, 2.0, 6.0]);
    close(&running_mean(&[1.0, 2.0, 6.0], 1_000_000), &[3.0, 3.0, 3.0]);
}

#[test]
fn a_huge_value_that_left_the_window_leaves_nothing_behind() {
    assert_eq!(running_mean(&[1e300, 1.0, 1.0, 1.0, 1.0], 3)[2..], [1.0, 1.0, 1.0]);
}

#[test]
fn no_points_give_no_points() {
    assert!(ema(&[], 0.5).is_empty() && gaussian(&[], 1.0).is_empty() && running_mean(&[], 5).is_empty());
    assert!(twema(&[], &[], 0.0, 0.5).is_empty());
    assert_eq!(span(&[]), 0.0);
    assert_eq!(span(&[3.0, f64::NAN, -1.0, f64::INFINITY]), 4.0);
}

fn values() -> impl Strategy<Value = Vec<f64>> {
    let value = prop_oneof![8 => -1e3..1e3, 1 => Just(f64::NAN), 1 => Just(f64::NEG_INFINITY)];
    prop::collection::vec(value, 0..80)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn each_is_what_its_formula_gives(y in values(), p in 0.0..0.99, sigma in 0.1..9.0, points in 1usize..200) {
        close(&ema(&y, p), &naive_ema(&y, p));
        close(&gaussian(&y, sigma), &naive_gaussian(&y, sigma));
        if !y.is_empty() {
            close(&running_mean(&y, points), &naive_running_mean(&y, points));
        }
    }

    #[test]
    fn a_smoothed_value_stays_between_the_least_and_the_greatest(y in values(), p in 0.0..=1.0, sigma in 0.1..9.0) {
        let finite = || y.iter().copied().filter(|y| y.is_finite());
        let (low, high) = (finite().fold(f64::MAX, f64::min), finite().fold(f64::MIN, f64::max));
        let x: Vec<f64> = (0..y.len()).map(|at| at as f64).collect();
        for shown in [ema(&y, p), twema(&x, &y, span(&x), p), gaussian(&y, sigma), running_mean(&y, 5)] {
            let slack = 1e-9 * low.abs().max(high.abs());
            prop_assert!(shown.iter().filter(|y| y.is_finite()).all(|y| (low - slack..=high + slack).contains(y)));
        }
    }
}

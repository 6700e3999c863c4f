//! A scenario that fails, made as small as it can be and still fail: later lives go, then halves and
//! quarters of the steps, then single steps, then faults one by one.

use crate::seeds::Scenario;

/// The smallest scenario found for which `fails` still holds; it must hold for the given one.
pub fn shrink(scenario: &Scenario, fails: impl Fn(&Scenario) -> bool) -> Scenario {
    let mut smallest = scenario.clone();
    while let Some(smaller) = smaller(&smallest).into_iter().find(&fails) {
        smallest = smaller;
    }
    smallest
}

/// What differs from a scenario by one omission, large omissions first.
fn smaller(scenario: &Scenario) -> Vec<Scenario> {
    let without = |omit: &dyn Fn(&mut Scenario)| {
        let mut smaller = scenario.clone();
        omit(&mut smaller);
        smaller
    };
    let mut found = Vec::new();
    if scenario.keep_log.is_some() {
        found.push(without(&|smaller| smaller.keep_log = None));
    }
    if scenario.keep_deleted.is_some() {
        found.push(without(&|smaller| smaller.keep_deleted = None));
    }
    for life in 0..scenario.lives.len().saturating_sub(1) {
        found.push(without(&|smaller| smaller.lives.truncate(life + 1)));
    }
    for life in 0..scenario.lives.len() {
        let steps = scenario.lives[life].steps.len();
        let mut part = steps;
        while part > 0 {
            for start in (0..steps).step_by(part) {
                let range = start..(start + part).min(steps);
                found.push(without(&|smaller| drop(smaller.lives[life].steps.drain(range.clone()))));
            }
            part /= 2;
        }
        for fault in 0..scenario.lives[life].faults.len() {
            found.push(without(&|smaller| {
                smaller.lives[life].faults.remove(fault);
            }));
        }
        if scenario.lives[life].rots.is_some() {
            found.push(without(&|smaller| smaller.lives[life].rots = None));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::Step;

    #[test]
    fn what_is_left_is_what_it_takes_to_fail() {
        let closes = |scenario: &Scenario| {
            scenario.lives.iter().flat_map(|life| &life.steps).filter(|step| **step == Step::Close).count()
        };
        let scenario = (0..).map(|seed| Scenario::drawn(seed, None)).find(|drawn| closes(drawn) > 3).unwrap();
        let smallest = shrink(&scenario, |smaller| closes(smaller) >= 2);
        let steps: usize = smallest.lives.iter().map(|life| life.steps.len()).sum();
        assert_eq!((steps, closes(&smallest)), (2, 2), "{smallest:?}");
        assert!(smallest.lives.iter().all(|life| life.faults.is_empty() && life.rots.is_none()));
    }
}

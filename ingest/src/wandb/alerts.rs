//! When an alert of a script is one that was raised already (SEMANTICS 15).

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::{RunPath, Time};

use crate::guarded::Guarded;

/// Alerts that are remembered; those raised longest ago are forgotten first.
const KEPT_MAX: usize = 10_000;

/// When alerts of each title were raised last. A server that is started anew remembers none.
#[derive(Debug, Default)]
pub(crate) struct Alerts(Guarded<BTreeMap<(RunPath, Arc<str>), Time>>);

impl Alerts {
    /// Whether an alert is to be raised now: none of this run and title was within `wait` nanoseconds.
    pub(crate) fn is_due(&self, run: &RunPath, title: &str, now: Time, wait: i64) -> bool {
        self.0.with(|raised| {
            let key = (run.clone(), Arc::from(title));
            if raised.get(&key).is_some_and(|last| now.saturating_sub(*last) < wait) {
                return false;
            }
            if raised.len() >= KEPT_MAX
                && let Some(oldest) = raised.iter().min_by_key(|(_, at)| **at).map(|(key, _)| key.clone())
            {
                raised.remove(&oldest);
            }
            raised.insert(key, now);
            true
        })
    }
}

#[cfg(test)]
mod tests {
    use engine::ProjectKey;

    use super::*;

    #[test]
    fn the_same_title_is_raised_again_after_the_wait() {
        let (alerts, project) = (Alerts::default(), ProjectKey::new("ann", "p"));
        let (one, other) = (RunPath::new(project.clone(), "a"), RunPath::new(project, "b"));
        assert!(alerts.is_due(&one, "low", 0, 60));
        assert!(!alerts.is_due(&one, "low", 59, 60));
        assert!(alerts.is_due(&one, "high", 59, 60) && alerts.is_due(&other, "low", 59, 60));
        assert!(alerts.is_due(&one, "low", 60, 60));
    }
}

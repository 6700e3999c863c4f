//! Keys that were made for a machine and are still to be shown to who made them: the client makes a service account in
//! one request and reads its key in the next. Each is shown once, within a minute, and is never stored.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::guarded::Guarded;

const SHOWN_WITHIN: Duration = Duration::from_secs(60);
const KEYS_MAX: usize = 1_000;

/// Who made a key, and for whom.
type Between = (Arc<str>, Arc<str>);

/// Keys, and when they were made.
#[derive(Debug, Default)]
pub(crate) struct Unshown(Guarded<BTreeMap<Between, (Instant, String)>>);

impl Unshown {
    pub(crate) fn put(&self, maker: &Arc<str>, user: &str, key: String) {
        let now = Instant::now();
        self.0.with(|keys| {
            keys.retain(|_, (made, _)| now.saturating_duration_since(*made) < SHOWN_WITHIN);
            if keys.len() < KEYS_MAX {
                keys.insert((Arc::clone(maker), user.into()), (now, key));
            }
        });
    }

    /// The key, which is forgotten by that.
    pub(crate) fn take(&self, maker: &Arc<str>, user: &str) -> Option<String> {
        let (made, key) = self.0.with(|keys| keys.remove(&(Arc::clone(maker), user.into())))?;
        (made.elapsed() < SHOWN_WITHIN).then_some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_shown_once_and_to_who_made_it() {
        let (unshown, ada, bob): (_, Arc<str>, Arc<str>) = (Unshown::default(), "ada".into(), "bob".into());
        unshown.put(&ada, "machine", "secret".into());
        assert_eq!((unshown.take(&bob, "machine"), unshown.take(&ada, "other")), (None, None));
        assert_eq!(
            (unshown.take(&ada, "machine"), unshown.take(&ada, "machine")),
            (Some("secret".into()), None)
        );
    }
}

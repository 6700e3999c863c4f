//! Runs that are at work and not heard of.
//!
//! What holds: only time that this process saw pass counts. It is the monotonic clock's, begun anew
//! at each start, so an outage of the server crashes nobody. A beat that is not stored as an event
//! is noted here all the same.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, SecondsFormat};
use engine::{Body, Cause, Event, Projection, RunKey, State, StateChanged, Subject};

use crate::app::{App, Plan};
use crate::guarded::Guarded;

/// How long a run that said it is being taken off its machine may be silent.
const PREEMPTING_GRACE: Duration = Duration::from_secs(24 * 60 * 60);

/// When each run at work was last heard.
pub(crate) struct Liveness(Guarded<BTreeMap<RunKey, Instant>>);

impl Liveness {
    /// Every run at work gets the whole grace time from now on.
    pub(crate) fn new(projection: &Projection) -> Result<Self, engine::Error> {
        let now = Instant::now();
        let active = projection.active().filter_map(|ordinal| projection.run_at(ordinal).transpose());
        let heard = active.map(|run| Ok((run?.key.clone(), now))).collect::<Result<_, engine::Error>>()?;
        Ok(Self(Guarded::new(heard)))
    }

    pub(crate) fn heard(&self, run: &RunKey) {
        let now = Instant::now();
        self.0.with(|heard| match heard.get_mut(run) {
            Some(at) => *at = now,
            None => drop(heard.insert(run.clone(), now)),
        });
    }

    fn silent_for(&self, grace: Duration) -> Vec<RunKey> {
        let now = Instant::now();
        let is_silent = |at: &Instant| now.saturating_duration_since(*at) >= grace;
        self.0
            .with(|heard| heard.iter().filter(|(_, at)| is_silent(at)).map(|(run, _)| run.clone()).collect())
    }

    fn since_heard(&self, run: &RunKey) -> Duration {
        self.0.with(|heard| heard.get(run).map(Instant::elapsed)).unwrap_or_default()
    }

    fn forget(&self, run: &RunKey) {
        self.0.with(|heard| heard.remove(run));
    }
}

/// Looks for silent runs for as long as the server lives.
pub(crate) async fn watch(app: Arc<App>, crash_after: Duration) {
    let pause = (crash_after / 10).clamp(Duration::from_millis(20), Duration::from_secs(5));
    loop {
        tokio::time::sleep(pause).await;
        for run in app.liveness.silent_for(crash_after) {
            judge(&app, &run).await;
        }
    }
}

async fn judge(app: &App, key: &RunKey) {
    let silent = app.liveness.since_heard(key);
    let decided = app
        .decide(|snapshot| {
            // A run that lacks events takes none.
            let run = snapshot.projection.generation(key)?.filter(|run| run.missing.is_none());
            let now = app.store.now();
            let event = run.as_ref().and_then(|run| verdict(run, silent, now));
            let still_waits = event.is_none() && run.as_ref().is_some_and(|run| run.state.is_active());
            let rests_on = run.map(|run| (Subject::Run(key.clone()), run.seq));
            Ok(Plan {
                events: event.into_iter().collect(),
                rests_on: rests_on.into_iter().collect(),
                reply: still_waits,
            })
        })
        .await;
    match decided {
        Ok(true) => {}
        Ok(false) => app.liveness.forget(key),
        Err(refusal) => tracing::warn!(%refusal, "a silent run could not be marked"),
    }
}

/// What silence makes of a run, if anything yet. Pure.
fn verdict(run: &engine::Run, silent: Duration, now: engine::Time) -> Option<Event> {
    let to = match run.state {
        State::Running => State::Crashed,
        State::Preempting if silent >= PREEMPTING_GRACE => State::Preempted,
        _ => return None,
    };
    let last = DateTime::from_timestamp_nanos(run.heartbeat).to_rfc3339_opts(SecondsFormat::Secs, true);
    let change = StateChanged {
        from: run.state,
        to,
        cause: Cause::Silence,
        evidence: format!("last heard at {last}").into(),
        exit_code: None,
    };
    Some(Event {
        subject: Subject::Run(run.key.clone()),
        received: now,
        actor: Arc::from(""),
        body: Body::StateChanged(change),
    })
}

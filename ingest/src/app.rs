//! What all requests share.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::{Batch, Event, ProjectKey, Snapshot, Store, Subject};
use tokio::sync::watch;

use crate::api::sql::Sql;
use crate::feed::Feed;
use crate::guarded::Guarded;
use crate::http::auth::Gate;
use crate::http::error::Refusal;
use crate::http::limits::Pool;
use crate::http::sessions::Sessions;
use crate::import::Turns;
use crate::options::Limits;
use crate::silence::Liveness;
use crate::unshown::Unshown;
use crate::wandb::alerts::Alerts;
use crate::wandb::capability::Signer;
use crate::wandb::files::parts::HeldFiles;
use crate::wandb::graphql::Schema;
use crate::wandb::resync::Resyncs;

/// How often a decision is taken anew because somebody else's events came first.
const DECISIONS_MAX: usize = 64;

pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) sql: Sql,
    pub(crate) schema: Schema,
    pub(crate) gate: Gate,
    pub(crate) sessions: Sessions,
    pub(crate) pool: Pool,
    pub(crate) limits: Limits,
    pub(crate) signer: Signer,
    pub(crate) liveness: Liveness,
    pub(crate) alerts: Alerts,
    pub(crate) unshown: Unshown,
    /// The server listens on a loopback address with no proxy before it, so `Host` must name one (S3).
    pub(crate) is_loopback: bool,
    pub(crate) has_tls: bool,
    pub(crate) behind_proxy: bool,
    /// Events for those who follow them.
    pub(crate) feed: Feed,
    /// Files that came in part.
    pub(crate) held_files: HeldFiles,
    /// Logs that are being sent again.
    pub(crate) resyncs: Resyncs,
    /// Logs that are being imported, by run.
    pub(crate) turns: Turns,
    draining: watch::Sender<bool>,
    /// The highest number given to a run of each project by this process: two runs that are made at
    /// the same moment get different ones.
    ordinals: Guarded<BTreeMap<ProjectKey, u64>>,
}

/// What a decision comes to: the events, what they rest on, and what to answer once they are stored.
pub(crate) struct Plan<T> {
    pub(crate) events: Vec<Event>,
    /// Subjects and how many events each had when this was decided.
    pub(crate) rests_on: Vec<(Subject, u64)>,
    pub(crate) reply: T,
}

impl<T> Plan<T> {
    pub(crate) fn nothing(reply: T) -> Self {
        Self { events: Vec::new(), rests_on: Vec::new(), reply }
    }

    /// The same events with another answer.
    pub(crate) fn map<R>(self, answer: impl FnOnce(T) -> R) -> Plan<R> {
        let Self { events, rests_on, reply } = self;
        Plan { events, rests_on, reply: answer(reply) }
    }
}

pub(crate) struct Parts {
    pub(crate) store: Store,
    pub(crate) sql: Sql,
    pub(crate) gate: Gate,
    pub(crate) sessions: Sessions,
    pub(crate) limits: Limits,
    pub(crate) signer: Signer,
    pub(crate) is_loopback: bool,
    pub(crate) has_tls: bool,
    pub(crate) behind_proxy: bool,
}

impl App {
    ///
    /// # Errors
    ///
    /// `Damaged`, `Io` of the file that a run at work rests in.
    pub(crate) fn new(parts: Parts) -> Result<Self, engine::Error> {
        let Parts { store, sql, gate, sessions, limits, signer, is_loopback, has_tls, behind_proxy } = parts;
        Ok(Self {
            liveness: Liveness::new(&store.snapshot().projection)?,
            schema: crate::wandb::graphql::schema(&limits),
            pool: Pool::new(&limits),
            alerts: Alerts::default(),
            unshown: Unshown::default(),
            feed: Feed::new(),
            draining: watch::Sender::new(false),
            held_files: HeldFiles::found(store.blobs(), store.now())?,
            resyncs: Resyncs::default(),
            turns: Turns::default(),
            ordinals: Guarded::default(),
            store,
            sql,
            gate,
            sessions,
            limits,
            signer,
            is_loopback,
            has_tls,
            behind_proxy,
        })
    }

    /// Decides on the newest snapshot, stores what was decided, and decides again when somebody
    /// else's events about the same subject came first.
    pub(crate) async fn decide<T>(
        &self,
        decision: impl FnMut(&Arc<Snapshot>) -> Result<Plan<T>, Refusal>,
    ) -> Result<T, Refusal> {
        decide(&self.store, decision).await
    }

    /// The number in the next run's made-up name.
    pub(crate) fn next_ordinal(&self, project: &ProjectKey, runs_made: u64) -> u64 {
        self.ordinals.with(|given| {
            let highest = given.entry(project.clone()).or_default();
            *highest = runs_made.max(*highest) + 1;
            *highest
        })
    }

    pub(crate) fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }

    pub(crate) fn drain(&self) {
        self.draining.send_replace(true);
    }

    /// Waits until the server is to end.
    pub(crate) async fn drained(&self) {
        // Its sender is here, so there is no other end.
        let mut draining = self.draining.subscribe();
        let _ended = draining.wait_for(|draining| *draining).await;
    }
}

/// [`App::decide`], for whoever has a store and no server.
pub(crate) async fn decide<T, E: From<engine::Error> + From<Refusal>>(
    store: &Store,
    mut decision: impl FnMut(&Arc<Snapshot>) -> Result<Plan<T>, E>,
) -> Result<T, E> {
    for _ in 0..DECISIONS_MAX {
        let plan = decision(&store.snapshot())?;
        if plan.events.is_empty() {
            return Ok(plan.reply);
        }
        let batch = plan
            .rests_on
            .into_iter()
            .fold(Batch::new(plan.events), |batch, (subject, seq)| batch.expect(subject, seq));
        let began = std::time::Instant::now();
        match store.append(batch).await {
            Ok(_) => {
                crate::http::metrics::acked(began.elapsed());
                return Ok(plan.reply);
            }
            Err(engine::Error::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Refusal::unavailable("this is being changed from many sides at once").into())
}

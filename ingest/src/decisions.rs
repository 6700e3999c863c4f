//! The protocol's decisions without a server: a snapshot and a request in, the batch to store out.
//! For whoever drives an [`engine::Core`] itself, as the simulator does.

use std::sync::Arc;

use engine::{Batch, RunPath, Snapshot, Time};

use crate::access::Caller;
use crate::app::Plan;
use crate::http::error::Refusal;
use crate::wandb::{Act, ids, translate};
use crate::wandb::{filestream, graphql};

/// Who asks, when, for which run.
#[derive(Debug, Clone)]
pub struct Asked<'a> {
    /// The user, who may do everything.
    pub user: &'a str,
    /// The wall clock.
    pub now: Time,
    /// The run.
    pub run: &'a RunPath,
}

impl Asked<'_> {
    fn act(&self) -> Act {
        Act { actor: Arc::from(self.user), now: self.now }
    }
}

/// What a process asks that begins the run, or, with `resumes`, goes on with it.
///
/// # Errors
///
/// What the client would be told.
pub fn begin(snapshot: &Snapshot, asked: &Asked<'_>, resumes: bool) -> Result<Batch, String> {
    let caller = Caller::admin(asked.user);
    let known = snapshot.projection.run(asked.run).map_err(|error| error.to_string())?.filter(|_| resumes);
    let request = translate::Upsert {
        id: known.map(|run| ids::of_run(&run.key.path())),
        name: Some(asked.run.run.to_string()),
        project: Some(asked.run.project.project.to_string()),
        entity: Some(asked.run.project.entity.to_string()),
        host: Some("host".to_owned()),
        program: Some("train.py".to_owned()),
        ..translate::Upsert::default()
    };
    let drawn = translate::Drawn { id: "", ordinal: &mut |_, made| made + 1, fork: None };
    batch(translate::upsert(&snapshot.projection, &request, &caller, &asked.act(), drawn))
}

/// What a `file_stream` request asks.
///
/// # Errors
///
/// What the client would be told.
pub fn stream(snapshot: &Snapshot, asked: &Asked<'_>, body: &[u8]) -> Result<Batch, String> {
    let parsed = filestream::parse_body(body, false).map_err(|refusal| refusal.to_string())?;
    let run = translate::living(&snapshot.projection, asked.run).map_err(|refusal| refusal.to_string())?;
    batch(filestream::decide(snapshot, &run, &parsed, &Arc::from(""), &asked.act()))
}

/// The rows of the run's history as the client reads them back, in JSON.
///
/// # Errors
///
/// What the client would be told.
pub fn rows(snapshot: &Snapshot, run: &RunPath) -> Result<Vec<String>, String> {
    let run = translate::living(&snapshot.projection, run).map_err(|refusal| refusal.to_string())?;
    let rows = graphql::all_rows(snapshot, &run, engine::StreamKind::History)
        .map_err(|refusal| refusal.to_string())?;
    Ok(rows.iter().map(engine::Value::to_json).collect())
}

fn batch<T>(plan: Result<Plan<T>, Refusal>) -> Result<Batch, String> {
    let plan = plan.map_err(|refusal| refusal.to_string())?;
    let rests_on = plan.rests_on.into_iter();
    Ok(rests_on.fold(Batch::new(plan.events), |batch, (subject, seq)| batch.expect(subject, seq)))
}

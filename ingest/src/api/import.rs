//! `POST /api/import/wandb`: a log of the wandb client, imported as it comes in. The answer tells what
//! came of it, and where the files that it names are to be put.

use std::io::{self, Read};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Query, State};
use axum::{Extension, Json};
use bytes::{Buf as _, Bytes};
use engine::{ProjectKey, RunPath};
use futures::StreamExt as _;
use tokio::sync::mpsc;

use crate::access::Caller;
use crate::app::App;
use crate::http::error::Refusal;
use crate::http::limits;
use crate::http::memory::Work;
use crate::import::{Asked, ImportError, Importer, LogReport, NotALog};
use crate::wandb::capability::{Grant, Method, Target};
use crate::wandb::files::OpenUpload;

/// Chunks of the body that wait for the importer.
const WAITING_CHUNKS: usize = 16;
/// What is sent behind the last chunk.
const END: Bytes = Bytes::new();

/// `POST /api/import/wandb`.
pub(crate) async fn post(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Query(asked): Query<Asked>,
    body: Body,
) -> Result<Json<LogReport>, Refusal> {
    app.pool.memory.admit(Work::Body)?;
    let slot = OpenUpload::begin(app.limits.uploads)?;
    let (sender, receiver) = mpsc::channel(WAITING_CHUNKS);
    let importing = tokio::task::spawn_blocking({
        let (app, caller) = (Arc::clone(&app), caller.clone());
        move || {
            let _slot = slot;
            let ordinal = |project: &ProjectKey, made| app.next_ordinal(project, made);
            let importer = Importer::of(&app.store, caller, Box::new(ordinal), app.turns.clone());
            importer.import(Chunks { receiver, chunk: Bytes::new(), has_ended: false }, &asked)
        }
    });
    let max = usize::try_from(app.limits.file_bytes).unwrap_or(usize::MAX);
    let mut chunks = Box::pin(limits::counted(body, max, app.limits.body_idle));
    // An importer that has seen enough tells why; nothing is sent to it then.
    let mut is_heard = true;
    while let Some(chunk) = chunks.next().await.filter(|_| is_heard) {
        let is_end = chunk.as_ref().is_ok_and(|chunk| chunk.is_empty());
        is_heard = is_end || sender.send(chunk).await.is_ok();
    }
    // Whoever goes away in the middle of a body sends no end.
    let _heard = sender.send(Ok(END)).await;
    drop(sender);
    let imported = importing.await.map_err(|error| {
        tracing::error!(%error, "an import failed");
        Refusal::unavailable("the import failed inside the server")
    })?;
    let mut report = imported.map_err(refusal)?;
    hand_out(&app, &caller, &mut report)?;
    Ok(Json(report))
}

/// Says where each file is to be put, and that the run was heard if it is at work.
fn hand_out(app: &App, caller: &Caller, report: &mut LogReport) -> Result<(), Refusal> {
    let Some(name) = &report.run else { return Ok(()) };
    let path = RunPath::new(ProjectKey::new(name.entity.as_str(), name.project.as_str()), name.run.as_str());
    let run = path.generation(name.generation);
    let now = app.store.now();
    for file in &mut report.files {
        let grant = Grant {
            method: Method::Put,
            target: Target::RunFile(run.clone(), file.name.as_str().into()),
            user: Arc::clone(&caller.user),
        };
        file.upload = Some(format!("/upload/{}", app.signer.sign(&grant, now)));
    }
    let stands = app.store.snapshot().projection.generation(&run)?;
    if stands.is_some_and(|run| run.state.is_active()) {
        app.liveness.heard(&run);
    }
    Ok(())
}

fn refusal(error: ImportError) -> Refusal {
    match error {
        ImportError::Refused(refused) => refused.0,
        ImportError::Store(error) => error.into(),
        ImportError::NotALog(NotALog::Io(error)) => {
            match error.get_ref().and_then(|inner| inner.downcast_ref()) {
                Some(refusal) => Refusal::clone(refusal),
                None => Refusal::unavailable("the log stopped coming; what came of it is kept"),
            }
        }
        other => Refusal::invalid(format!("the body cannot be imported: {other}")),
    }
}

/// A body, read by a thread that may block.
struct Chunks {
    receiver: mpsc::Receiver<io::Result<Bytes>>,
    chunk: Bytes,
    has_ended: bool,
}

impl Read for Chunks {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.chunk.is_empty() && !self.has_ended {
            // A log that stops coming is not one that ends here: no end is made up for its run.
            let chunk = self.receiver.blocking_recv().ok_or(io::ErrorKind::UnexpectedEof)?;
            self.chunk = chunk?;
            self.has_ended = self.chunk.is_empty();
        }
        let count = self.chunk.len().min(into.len());
        if let Some(into) = into.get_mut(..count) {
            self.chunk.copy_to_slice(into);
        }
        Ok(count)
    }
}

//! The protocol of the `wandb` client, as recorded from the live client (`wandb-protocol.md`).
//!
//! | request | file | becomes |
//! | --- | --- | --- |
//! | `POST /graphql` | `graphql/` | run attributes, config; answers of every kind |
//! | `POST /files/{entity}/{project}/{run}/file_stream` | `filestream/` | rows, samples, console, summary, states |
//! | `PUT /upload/{token}`, `GET /files/{token}` | `files.rs` | files of runs and artifacts, in and out |
//!
//! What a request means is decided in `translate.rs`, `artifacts/` and `filestream/decide.rs`: pure functions from
//! a snapshot and a request to events.

pub(crate) mod alerts;
pub(crate) mod artifacts;
pub(crate) mod attributes;
pub(crate) mod branch;
pub(crate) mod capability;
pub(crate) mod config;
pub(crate) mod files;
pub(crate) mod filestream;
pub(crate) mod graphql;
pub(crate) mod ids;
pub(crate) mod names;
pub(crate) mod resync;
pub(crate) mod translate;
mod whole_project;

use std::sync::Arc;

use engine::{Body, Event, RunKey, Subject, Time};

/// Who acts, and when.
#[derive(Debug, Clone)]
pub(crate) struct Act {
    pub(crate) actor: Arc<str>,
    pub(crate) now: Time,
}

impl Act {
    /// An event about a run.
    pub(crate) fn on_run(&self, run: &RunKey, body: Body) -> Event {
        self.on(Subject::Run(run.clone()), body)
    }

    pub(crate) fn on(&self, subject: Subject, body: Body) -> Event {
        Event { subject, received: self.now, actor: Arc::clone(&self.actor), body }
    }
}

/// A state as the client spells it.
pub(crate) fn state_name(state: engine::State) -> &'static str {
    match state {
        engine::State::Pending => "pending",
        engine::State::Running => "running",
        engine::State::Finished => "finished",
        engine::State::Failed => "failed",
        engine::State::Crashed => "crashed",
        engine::State::Killed => "killed",
        engine::State::Preempting => "preempting",
        engine::State::Preempted => "preempted",
    }
}

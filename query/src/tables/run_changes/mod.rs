//! `run_changes`: what changed of a run, when, and by whom.

mod changes;
mod columns;
mod provider;

pub(crate) use columns::TABLE;
pub(crate) use provider::RunChanges;

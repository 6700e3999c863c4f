//! `events`: the log itself.

mod body;
mod columns;
mod provider;

pub(crate) use body::{json, source_time};
pub(crate) use columns::TABLE;
pub(crate) use provider::{Events, entries};

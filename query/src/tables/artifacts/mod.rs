//! `artifacts`: the versions of artifacts.

mod columns;
mod provider;

pub(crate) use columns::TABLE;
pub(crate) use provider::Artifacts;

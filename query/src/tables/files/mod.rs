//! `files`: the files of runs.

mod columns;
mod provider;

pub(crate) use columns::TABLE;
pub(crate) use provider::Files;

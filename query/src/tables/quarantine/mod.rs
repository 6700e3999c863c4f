//! `quarantine`: lines that could not be read, as they came.

mod columns;
mod provider;

pub(crate) use columns::TABLE;
pub(crate) use provider::Quarantine;

//! `console`: the lines of a run's console as they stand.

mod columns;
mod provider;

pub(crate) use columns::TABLE;
pub(crate) use provider::Console;

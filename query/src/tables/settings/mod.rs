//! `wbq.settings`: the limits that hold, by name.

mod columns;
mod provider;

pub(crate) use columns::TABLE;
pub(crate) use provider::Settings;

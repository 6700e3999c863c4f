//! `wbq.segments`: the files of the log.

mod columns;
mod provider;

pub(crate) use columns::TABLE;
pub(crate) use provider::Segments;

//! `history`: a row a step of a run and writer, each key with the value written last; and `system`,
//! which is the same over samples.
//!
//! Rows are made run by run, lazily. `merge.rs` finds which rows there are and which written row each
//! consists of; `provider.rs` fills the columns that a statement names, and no others.

mod columns;
mod merge;
mod provider;
mod sheet;

pub(crate) use columns::TABLE;
pub(crate) use merge::{stream_of, table_of, time_of};
pub(crate) use provider::HistorySource;

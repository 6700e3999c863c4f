//! `system`: a row a sample, a column a metric. It is `history` over samples
//! ([`super::history::HistorySource`]).

mod columns;

pub(crate) use columns::TABLE;

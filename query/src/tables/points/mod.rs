//! `points`: every write of every key, in log order; nothing is merged. `system_points` is made of
//! the same.

mod columns;
mod provider;

pub(crate) use columns::TABLE;
pub(crate) use provider::{Points, Written, written};

//! `system_points`: system metrics in long form, their names taken apart.

mod columns;
mod provider;

pub(crate) use columns::TABLE;
pub(crate) use provider::SystemPoints;

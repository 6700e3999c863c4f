//! What `wbq` itself asks of a server.

pub(crate) mod chart;
pub mod commands;
pub(crate) mod events;
pub mod prune;
pub(crate) mod runs;
pub(crate) mod sql;

//! What `wbq` itself asks of a server.

pub mod commands;
pub mod prune;
pub(crate) mod sql;

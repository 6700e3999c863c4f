//! What `wbq` itself asks of a server.

pub mod commands;
pub(crate) mod sql;

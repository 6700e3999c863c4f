//! What the web app and `wbq` ask of a server.

mod asked;
pub(crate) mod chart;
pub mod commands;
pub(crate) mod events;
pub(crate) mod import;
pub(crate) mod members;
mod passwords;
pub mod people;
pub mod prune;
pub(crate) mod runs;
pub(crate) mod sign_in;
pub(crate) mod sql;
pub mod views;

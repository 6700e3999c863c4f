//! What holds for every request, whatever it asks.

pub(crate) mod assets;
pub(crate) mod auth;
pub(crate) mod connections;
pub(crate) mod error;
pub(crate) mod health;
pub(crate) mod limits;
pub(crate) mod memory;
pub(crate) mod metrics;
pub(crate) mod origin;
pub(crate) mod sessions;
pub(crate) mod tls;
pub(crate) mod trace;

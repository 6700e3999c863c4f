//! `keys`: which keys a project's runs have, and of which type.

mod columns;
mod provider;
mod seen;

pub(crate) use columns::TABLE;
pub(crate) use provider::Keys;
pub(crate) use seen::{Seen, seen};

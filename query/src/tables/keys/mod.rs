//! `keys`: which keys a project's runs have, and of which type.

mod columns;
mod provider;

pub(crate) use columns::TABLE;
pub(crate) use provider::Keys;

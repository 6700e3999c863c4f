//! `artifact_uses`: which runs logged and which use which artifacts.

mod columns;
mod provider;

pub(crate) use columns::TABLE;
pub(crate) use provider::ArtifactUses;

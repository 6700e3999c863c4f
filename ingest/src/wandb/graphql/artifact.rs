//! Artifacts and organizations, as far as a plain run asks for them: there are none. The types have
//! no values, so what asks for one gets null.
#![expect(
    unreachable_code,
    reason = "types without values: the macro's code after each resolver is never reached"
)]

use async_graphql::{ID, Object};

/// There is none yet: every lookup answers null.
pub(crate) enum Artifact {}

#[Object]
impl Artifact {
    async fn id(&self) -> ID {
        match *self {}
    }

    async fn artifact_type(&self) -> ArtifactType {
        match *self {}
    }
}

/// There is none yet.
pub(crate) enum ArtifactType {}

#[Object]
impl ArtifactType {
    async fn id(&self) -> ID {
        match *self {}
    }

    async fn name(&self) -> String {
        match *self {}
    }
}

/// This server knows none.
pub(crate) enum Organization {}

#[Object]
impl Organization {
    async fn id(&self) -> ID {
        match *self {}
    }

    async fn name(&self) -> String {
        match *self {}
    }

    async fn core_weave_organization_id(&self) -> Option<String> {
        match *self {}
    }
}

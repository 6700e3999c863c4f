//! Organizations: there are none. The type has no value, so what asks for one gets null.
#![expect(
    unreachable_code,
    reason = "a type without values: the macro's code after each resolver is never reached"
)]

use async_graphql::{ID, Object};

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

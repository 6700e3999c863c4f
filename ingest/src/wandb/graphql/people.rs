//! People through the client's public API: teams, members, service accounts, keys. Each is decided by the code of the
//! commands (`api/people.rs`, `api/members.rs`), in the name of the caller.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};

use super::Scope;
use super::mutation::SuccessPayload;
use super::scalars::Moment;
use super::viewer::{ApiKey, Entity, User};
use crate::api::{members, people};
use crate::http::error::Refusal;
use crate::wandb::{Act, ids};

/// Mutations about people.
#[derive(Default)]
pub(crate) struct PeopleMutation;

#[derive(InputObject)]
pub(crate) struct CreateTeamInput {
    team_name: String,
    team_admin_user_name: Option<String>,
}

#[derive(SimpleObject)]
pub(crate) struct CreateTeamPayload {
    entity: Option<Entity>,
}

#[derive(InputObject)]
pub(crate) struct CreateUserInput {
    email: String,
    admin: Option<bool>,
}

#[derive(SimpleObject)]
pub(crate) struct CreateUserPayload {
    user: Option<User>,
}

#[derive(InputObject)]
pub(crate) struct CreateInviteInput {
    entity_name: String,
    email: Option<String>,
    username: Option<String>,
    admin: Option<bool>,
}

#[derive(SimpleObject)]
pub(crate) struct CreateInvitePayload {
    invite: Option<Invite>,
}

/// Somebody who is asked into a team; here they are in it at once.
#[derive(SimpleObject)]
pub(crate) struct Invite {
    id: ID,
    name: String,
    email: Option<String>,
    created_at: Moment,
    to_user: Option<User>,
}

#[derive(InputObject)]
pub(crate) struct DeleteInviteInput {
    id: Option<String>,
    entity_name: Option<String>,
}

#[derive(InputObject)]
pub(crate) struct CreateServiceAccountInput {
    entity_name: String,
    description: String,
}

#[derive(SimpleObject)]
pub(crate) struct CreateServiceAccountPayload {
    user: Option<User>,
}

#[derive(InputObject)]
pub(crate) struct GenerateApiKeyInput {
    description: Option<String>,
}

#[derive(SimpleObject)]
pub(crate) struct GenerateApiKeyPayload {
    api_key: Option<ApiKey>,
}

#[derive(InputObject)]
pub(crate) struct DeleteApiKeyInput {
    id: String,
}

/// What a mutation is asked in, and in whose name and when it acts.
fn asked<'a>(ctx: &Context<'a>) -> Result<(&'a Scope, Act)> {
    let scope = Scope::of(ctx)?;
    Ok((scope, scope.act()))
}

#[Object]
impl PeopleMutation {
    /// A team, with an admin: who is named, else the caller.
    async fn create_team(
        &self,
        ctx: &Context<'_>,
        input: CreateTeamInput,
    ) -> Result<Option<CreateTeamPayload>> {
        let (scope, act) = asked(ctx)?;
        let admin = input.team_admin_user_name.filter(|name| !name.is_empty());
        let admin = admin.unwrap_or_else(|| scope.caller.user.to_string());
        let made =
            people::add_team(&scope.app.store, &scope.caller, &act, input.team_name.clone(), Some(&admin));
        made.await.map_err(Refusal::from)?;
        Ok(Some(CreateTeamPayload { entity: Some(Entity::new(&input.team_name, true)) }))
    }

    /// A user without a key; the part of an address of mail before the `@` is the name.
    async fn create_user(
        &self,
        ctx: &Context<'_>,
        input: CreateUserInput,
    ) -> Result<Option<CreateUserPayload>> {
        let (scope, act) = asked(ctx)?;
        let name = input.email.split('@').next().unwrap_or_default();
        let is_admin = input.admin.unwrap_or_default();
        let added = members::add_user_without_key(&scope.app.store, &scope.caller, &act, name, is_admin);
        added.await.map_err(Refusal::from)?;
        Ok(Some(CreateUserPayload { user: Some(User::of(scope, name)) }))
    }

    /// Takes a user into a team, as a writer or as an admin of it.
    async fn create_invite(
        &self,
        ctx: &Context<'_>,
        input: CreateInviteInput,
    ) -> Result<Option<CreateInvitePayload>> {
        let (scope, act) = asked(ctx)?;
        let name = input
            .username
            .ok_or_else(|| Refusal::invalid("users are known by their names here, not by mail"))?;
        let role = if input.admin.unwrap_or_default() { "admin" } else { "writer" };
        let invited = members::invite(&scope.app.store, &scope.caller, &act, &name, role, &input.entity_name);
        invited.await.map_err(Refusal::from)?;
        let invite = Invite {
            id: ids::of_user(&name).into(),
            email: input.email,
            created_at: Moment::of(act.now),
            to_user: Some(User::of(scope, &name)),
            name,
        };
        Ok(Some(CreateInvitePayload { invite: Some(invite) }))
    }

    /// Takes all roles with a team and its projects from a member.
    async fn delete_invite(
        &self,
        ctx: &Context<'_>,
        input: DeleteInviteInput,
    ) -> Result<Option<SuccessPayload>> {
        let (scope, act) = asked(ctx)?;
        let id = input.id.unwrap_or_default();
        let name = ids::to_user(&id).ok_or_else(|| Refusal::not_found(format!("member {id:?} not found")))?;
        let entity = input.entity_name.unwrap_or_default();
        let removed = members::remove(&scope.app.store, &scope.caller, &act, &name, &entity);
        removed.await.map_err(Refusal::from)?;
        Ok(Some(SuccessPayload::DONE))
    }

    /// A user of a team for a machine. Its key is shown to the caller with the team's members, once.
    async fn create_service_account(
        &self,
        ctx: &Context<'_>,
        input: CreateServiceAccountInput,
    ) -> Result<Option<CreateServiceAccountPayload>> {
        let (scope, act) = asked(ctx)?;
        let CreateServiceAccountInput { entity_name, description } = input;
        let made = members::add_service(&scope.app.store, &scope.caller, &act, &entity_name, &description);
        let (name, key) = made.await.map_err(Refusal::from)?;
        scope.app.unshown.put(&scope.caller.user, &name, key);
        Ok(Some(CreateServiceAccountPayload { user: Some(User::of(scope, &name)) }))
    }

    /// A further key of the caller. What the client calls its name is the key itself, shown now or never.
    async fn generate_api_key(
        &self,
        ctx: &Context<'_>,
        input: GenerateApiKeyInput,
    ) -> Result<Option<GenerateApiKeyPayload>> {
        let (scope, act) = asked(ctx)?;
        let wanted = people::NewKey {
            user: None,
            note: input.description.clone().unwrap_or_default(),
            only: None,
            expires_seconds: None,
        };
        let made = people::new_key(&scope.app.store, &scope.caller, &act, wanted);
        let made = made.await.map_err(Refusal::from)?;
        Ok(Some(GenerateApiKeyPayload { api_key: ApiKey::made(made, input.description) }))
    }

    async fn delete_api_key(
        &self,
        ctx: &Context<'_>,
        input: DeleteApiKeyInput,
    ) -> Result<Option<SuccessPayload>> {
        let (scope, act) = asked(ctx)?;
        let ended = people::revoke(&scope.app.store, &scope.caller, &act, input.id);
        ended.await.map_err(Refusal::from)?;
        Ok(Some(SuccessPayload::DONE))
    }
}

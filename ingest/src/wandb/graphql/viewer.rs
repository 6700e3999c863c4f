//! People, entities, and what the server can do.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use engine::{Role, Snapshot};
use serde_json::json;

use super::Scope;
use super::organization::Organization;
use super::project::Project;
use super::scalars::{Int64, JsonString, Moment};
use crate::api::people::Made;
use crate::wandb::{ids, names};

/// What the client may use of what it knows (protocol 4.2).
const FEATURES: [&str; 12] = [
    "STRUCTURED_CONSOLE_LOGS",
    "UPDATE_RUN_STATE",
    "FILESTREAM_GZIP",
    "MARK_RUN_FILES_UPLOADED",
    "TOTAL_COUNT_IN_FILE_CONNECTION",
    "USE_ARTIFACT_WITH_ENTITY_AND_PROJECT_INFORMATION",
    // Those that older clients ask for.
    "ARTIFACT_TAGS",
    "CLIENT_IDS",
    "LARGE_FILENAMES",
    "PROJECT_ARTIFACT_COLLECTION_MEMBERSHIP",
    "ARTIFACT_COLLECTION_MEMBERSHIP_FILES",
    "ARTIFACT_COLLECTION_MEMBERSHIP_FILE_DOWNLOAD_HANDLER",
];

pub(crate) struct ServerInfo;

#[derive(SimpleObject)]
pub(crate) struct ServerFeature {
    name: &'static str,
    is_enabled: bool,
}

#[Object]
impl ServerInfo {
    async fn cli_version_info(&self) -> Option<serde_json::Value> {
        Some(json!({ "max_cli_version": "99.0.0" }))
    }

    async fn features(&self) -> Option<Vec<Option<ServerFeature>>> {
        Some(FEATURES.iter().map(|name| Some(ServerFeature { name, is_enabled: true })).collect())
    }
}

#[derive(SimpleObject)]
pub(crate) struct User {
    id: ID,
    name: String,
    username: Option<String>,
    email: Option<String>,
    admin: Option<bool>,
    photo_url: Option<String>,
    flags: Option<JsonString>,
    entity: Option<String>,
    deleted_at: Option<Moment>,
    api_keys: Option<ApiKeyConnection>,
    teams: Option<EntityConnection>,
}

#[derive(SimpleObject)]
pub(crate) struct UserConnection {
    edges: Vec<UserEdge>,
}

#[derive(SimpleObject)]
pub(crate) struct UserEdge {
    node: Option<User>,
}

impl UserConnection {
    /// The users whose name has this in it.
    pub(super) fn found(scope: &Scope, part: &str) -> Self {
        let snapshot = scope.whole();
        let names = snapshot.projection.people.users.keys().filter(|name| name.contains(part));
        Self { edges: names.map(|name| UserEdge { node: Some(User::of(scope, name)) }).collect() }
    }
}

#[derive(SimpleObject)]
pub(crate) struct ApiKeyConnection {
    edges: Vec<ApiKeyEdge>,
}

#[derive(SimpleObject)]
pub(crate) struct ApiKeyEdge {
    node: Option<ApiKey>,
}

#[derive(SimpleObject)]
pub(crate) struct ApiKey {
    id: ID,
    name: String,
    description: Option<String>,
}

#[derive(SimpleObject)]
pub(crate) struct EntityConnection {
    edges: Vec<EntityEdge>,
}

#[derive(SimpleObject)]
pub(crate) struct EntityEdge {
    node: Option<Entity>,
}

impl ApiKey {
    /// A key that was just made, whose name is the key itself.
    pub(super) fn made(made: Made, description: Option<String>) -> Option<Self> {
        Some(Self { id: made.id.into(), name: made.key, description })
    }
}

impl User {
    /// A user by name; also one that is gone, whose runs are still there. Names are known to all, teams and what names
    /// the keys to the user and to admins, the latter to no key with a role of its own.
    pub(super) fn of(scope: &Scope, name: &str) -> Self {
        let snapshot = scope.whole();
        let people = &snapshot.projection.people;
        let caller = &scope.caller;
        let is_told = caller.is_admin || *caller.user == *name;
        let is_told_keys = caller.is_admin || (is_told && caller.only.is_none());
        let keys = people.keys.values().filter(|key| is_told_keys && *key.user == *name);
        let edge = |key: &engine::Key| ApiKeyEdge {
            node: Some(ApiKey {
                id: key.key_id.to_string().into(),
                name: key.key_id.to_string(),
                description: people.limits.get(&key.key_id).map(|limits| limits.note.to_string()),
            }),
        };
        let mut teams: Vec<&str> = people
            .roles()
            .filter(|(user, ..)| is_told && ***user == *name)
            .map(|(_, entity, ..)| &**entity)
            .collect();
        teams.dedup();
        let own = std::iter::once(Entity::new(name, false));
        let entities = own.chain(teams.into_iter().map(|team| Entity::new(team, true)));
        Self {
            id: ids::of_user(name).into(),
            name: name.to_owned(),
            username: Some(name.to_owned()),
            email: Some(String::new()),
            admin: Some(people.users.get(name).is_some_and(|user| user.admin)),
            photo_url: None,
            // Code is kept as an artifact, and artifacts are not kept yet.
            flags: Some(JsonString(json!({ "code_saving_enabled": false }).to_string())),
            entity: Some(name.to_owned()),
            deleted_at: None,
            api_keys: Some(ApiKeyConnection { edges: keys.map(edge).collect() }),
            teams: Some(EntityConnection {
                edges: entities.map(|node| EntityEdge { node: Some(node) }).collect(),
            }),
        }
    }
}

/// Somebody in a team.
#[derive(SimpleObject)]
pub(crate) struct Member {
    id: ID,
    admin: Option<bool>,
    pending: Option<bool>,
    email: Option<String>,
    username: Option<String>,
    name: String,
    photo_url: Option<String>,
    account_type: Option<String>,
    api_key: Option<String>,
}

impl Member {
    fn new(user: &str, role: Role, api_key: Option<String>) -> Self {
        Self {
            id: ids::of_user(user).into(),
            admin: Some(role == Role::Admin),
            pending: Some(false),
            email: Some(String::new()),
            username: Some(user.to_owned()),
            name: user.to_owned(),
            photo_url: None,
            account_type: Some(role.name().to_owned()),
            api_key,
        }
    }
}

pub(crate) struct Entity {
    name: String,
    is_team: bool,
}

impl Entity {
    pub(super) fn new(name: &str, is_team: bool) -> Self {
        Self { name: name.to_owned(), is_team }
    }

    /// The entity of a user, or one that has projects.
    pub(super) fn find(snapshot: &Snapshot, name: &str) -> Option<Self> {
        let is_user = snapshot.projection.people.users.contains_key(name);
        let is_team = snapshot.projection.people.teams.contains(name);
        let has_projects = || snapshot.projection.projects.keys().any(|key| *key.entity == *name);
        (is_user || is_team || has_projects()).then(|| Self::new(name, !is_user))
    }
}

#[Object]
impl Entity {
    async fn id(&self) -> ID {
        ids::of_entity(&self.name).into()
    }

    async fn name(&self) -> &str {
        &self.name
    }

    async fn entity_type(&self) -> Option<&str> {
        Some(if self.is_team { "team" } else { "user" })
    }

    async fn available(&self) -> Option<bool> {
        Some(false)
    }

    async fn photo_url(&self) -> Option<String> {
        None
    }

    async fn read_only(&self) -> Option<bool> {
        Some(false)
    }

    async fn read_only_admin(&self) -> bool {
        false
    }

    async fn is_team(&self) -> bool {
        self.is_team
    }

    async fn is_paid(&self) -> Option<bool> {
        Some(false)
    }

    /// Who has a role with it; told to those who have one, and to admins. Last is whose key the caller just made: the
    /// client takes the last for the service account that it asked for.
    async fn members(&self, ctx: &Context<'_>) -> Result<Vec<Member>> {
        let scope = Scope::of(ctx)?;
        let snapshot = scope.whole();
        let people = &snapshot.projection.people;
        let of_team =
            people.roles().filter(|(_, entity, project, _)| ***entity == *self.name && project.is_none());
        let made = |user: &str| scope.app.unshown.take(&scope.caller.user, user);
        let mut members: Vec<Member> =
            of_team.map(|(user, _, _, role)| Member::new(user, role, made(user))).collect();
        members.sort_by_key(|member| member.api_key.is_some());
        let is_told =
            scope.caller.is_admin || members.iter().any(|member| *member.name == *scope.caller.user);
        Ok(if is_told { members } else { Vec::new() })
    }

    async fn private_only(&self) -> bool {
        false
    }

    async fn storage_bytes(&self) -> Int64 {
        Int64(0)
    }

    async fn code_saving_enabled(&self) -> bool {
        false
    }

    async fn default_access(&self) -> &str {
        "PRIVATE"
    }

    async fn limits(&self) -> Option<JsonString> {
        None
    }

    async fn organization(&self) -> Option<Organization> {
        None
    }

    async fn user(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        let scope = Scope::of(ctx)?;
        Ok((!self.is_team).then(|| User::of(scope, &self.name)))
    }

    async fn project(&self, ctx: &Context<'_>, name: Option<String>) -> Result<Option<Project>> {
        let scope = Scope::of(ctx)?;
        let key = names::project(Some(&self.name), name.as_deref(), &scope.caller);
        Ok(Project::find(&scope.snapshot(), &key))
    }
}

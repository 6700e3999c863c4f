//! Commands that change runs and people: asked over HTTP, or done at once by whoever holds the
//! folder. Both ways run the same code.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body as HttpBody;
use axum::extract::State as HttpState;
use axum::http::HeaderMap;
use axum::{Extension, Json};
use engine::{
    Attribute, Body, Path, Paths, ProjectKey, Projection, Run, RunChanged, RunPath, Snapshot, Store, Subject,
    Tree, Value,
};
use serde::{Deserialize, Serialize};

use super::passwords;
use super::people::{self, KeyInfo, RoleInfo, TeamInfo, UserInfo};
use super::prune::{self, Pruned};
use super::views::{self, NewView, ViewInfo};
use crate::access::Caller;
use crate::app::{self, App, Plan};
use crate::http::error::{Kind, Refusal};
use crate::http::limits;
use crate::wandb::{Act, attributes, names, translate};

/// What can be asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Changes attributes, config, summary of a run.
    Edit(Edit),
    /// Asks a run to stop.
    Stop {
        /// `id`, `project/id` or `entity/project/id`.
        run: String,
    },
    /// Deletes a run, until it is undeleted or erased.
    Delete {
        /// The run.
        run: String,
    },
    /// Takes a deletion back.
    Undelete {
        /// The run.
        run: String,
    },
    /// Adds a user with a key.
    UserAdd {
        /// 1 to 64 of `a-z 0-9 _ -`.
        name: String,
        /// The key; one is made when none is given.
        #[serde(default)]
        key: Option<String>,
        /// What the user signs in with in a browser, beside the key.
        #[serde(default)]
        password: Option<String>,
    },
    /// Sets what a user signs in with in a browser; an empty one takes it away.
    PasswordSet {
        /// Whose; the caller's where none is named.
        #[serde(default)]
        user: Option<String>,
        /// At least 8 characters.
        password: String,
    },
    /// Lists users.
    UserList,
    /// Makes a team: an entity of several users.
    TeamAdd {
        /// 1 to 64 of `a-z 0-9 _ -`.
        name: String,
    },
    /// Lists the teams and who is in them.
    TeamList,
    /// Says what a user may do with an entity or a project.
    RoleGrant {
        /// Who.
        user: String,
        /// `reader`, `ingest-only`, `writer`, `admin` or `none`.
        role: String,
        /// `entity` or `entity/project`.
        on: String,
    },
    /// Lists the roles that were given.
    RoleList,
    /// Makes a key.
    KeyNew {
        /// Whose; the caller's where none is named.
        user: Option<String>,
        /// What it is for.
        #[serde(default)]
        note: String,
        /// The one role that it has, with `on`; all that its owner has where none is named.
        role: Option<String>,
        /// Where it has that role: `entity` or `entity/project`.
        on: Option<String>,
        /// Seconds after which it stops working.
        expires_seconds: Option<u64>,
    },
    /// Lists keys, without what makes them work.
    KeyList,
    /// Ends a key.
    KeyRevoke {
        /// What names it.
        id: String,
    },
    /// Keeps how somebody looks at a project, for all who may see it.
    ViewSave(NewView),
    /// Lists the views of a project.
    ViewList {
        /// `entity/project`.
        project: String,
    },
    /// Keeps a view no longer.
    ViewRemove {
        /// `entity/project`.
        project: String,
        /// What names it.
        id: String,
    },
    /// Compacts the log so far.
    Compact,
    /// Erases deleted runs for good, or says only which.
    Prune {
        /// Those that have been deleted for so many seconds; as long as the store keeps them where
        /// none is given.
        deleted_for_seconds: Option<u64>,
        /// Changes nothing.
        dry_run: bool,
        /// Tells the keys too.
        #[serde(default)]
        by_key: bool,
    },
}

/// What an edit sets; what is absent stays. An empty text clears.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Edit {
    /// `id`, `project/id` or `entity/project/id`.
    pub run: String,
    /// The display name.
    pub name: Option<String>,
    /// The notes.
    pub notes: Option<String>,
    /// Tags to add, after those that are there.
    pub tags_add: Vec<String>,
    /// Tags to remove.
    pub tags_remove: Vec<String>,
    /// The group.
    pub group: Option<String>,
    /// The job type.
    pub job_type: Option<String>,
    /// Paths of the config, parted by dots, and their new values.
    pub config: Vec<(String, serde_json::Value)>,
    /// Paths of the summary, parted by dots, and their new values.
    pub summary: Vec<(String, serde_json::Value)>,
}

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum CommandOutcome {
    /// A run was changed, or was so already.
    Run {
        /// `entity/project/id`.
        run: String,
        /// Whether anything changed.
        changed: bool,
        /// Why not, for people.
        message: Option<String>,
    },
    /// A user was added.
    UserAdded {
        /// The name.
        name: String,
        /// The key: shown now or never.
        key: String,
    },
    /// A user signs in with this password from now on, or with none.
    PasswordSet {
        /// Who.
        user: String,
        /// Whether there is one.
        is_set: bool,
    },
    /// A view is kept.
    ViewSaved {
        /// What names it.
        id: String,
    },
    /// The views of a project, by id.
    Views {
        /// All of them.
        views: Vec<ViewInfo>,
    },
    /// A view is kept no longer.
    ViewRemoved {
        /// What named it.
        id: String,
    },
    /// The log so far stands in table files.
    Compacted {
        /// How many there are.
        files: usize,
    },
    /// Deleted runs were erased, or would be.
    Pruned(Pruned),
    /// The users, by name.
    Users {
        /// All of them.
        users: Vec<UserInfo>,
    },
    /// A team was made.
    TeamAdded {
        /// The name.
        name: String,
    },
    /// The roles that were given, or those of the members of teams.
    Roles {
        /// By user, then by place.
        roles: Vec<RoleInfo>,
    },
    /// Teams, by name.
    Teams {
        /// All of them.
        teams: Vec<TeamInfo>,
    },
    /// A user has this role now, or had it already.
    RoleGranted {
        /// The role.
        role: RoleInfo,
        /// Whether anything changed.
        changed: bool,
    },
    /// A key was made.
    KeyMade {
        /// What names it.
        id: String,
        /// Whose it is.
        user: String,
        /// The key: shown now or never.
        key: String,
    },
    /// Keys.
    Keys {
        /// By id.
        keys: Vec<KeyInfo>,
    },
    /// A key was ended.
    KeyRevoked {
        /// What named it.
        id: String,
    },
}

/// Why a command was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// It is wrong and will stay wrong.
    #[error("{0}")]
    Invalid(String),
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// The name fits several runs.
    #[error("run {run:?} is ambiguous: {}", candidates.join(", "))]
    Ambiguous {
        /// As it was named.
        run: String,
        /// `entity/project/id` of each.
        candidates: Vec<String>,
    },
    /// Its owner may not.
    #[error("{0}")]
    Forbidden(String),
    /// It may be done later.
    #[error("{0}")]
    Unavailable(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] engine::Error),
}

impl From<Refusal> for CommandError {
    fn from(refusal: Refusal) -> Self {
        let message = refusal.message.into_owned();
        match refusal.kind {
            Kind::NotFound => Self::NotFound(message),
            Kind::Forbidden | Kind::Unauthenticated => Self::Forbidden(message),
            Kind::Invalid | Kind::TooLarge => Self::Invalid(message),
            Kind::TooSlow | Kind::TooMany(_) | Kind::Unavailable(_) => Self::Unavailable(message),
        }
    }
}

impl From<CommandError> for Refusal {
    fn from(error: CommandError) -> Self {
        let message = error.to_string();
        match error {
            CommandError::Invalid(_) | CommandError::Ambiguous { .. } => Self::invalid(message),
            CommandError::NotFound(_) => Self::not_found(message),
            CommandError::Forbidden(_) => Self::forbidden(message),
            CommandError::Unavailable(_) => Self::unavailable(message),
            CommandError::Store(error) => error.into(),
        }
    }
}

/// `POST /api/commands`.
pub(crate) async fn post(
    HttpState(app): HttpState<Arc<App>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: HttpBody,
) -> Result<Json<CommandOutcome>, Refusal> {
    let body = limits::read_json(&app.pool, &app.limits, &headers, body).await?;
    let command = serde_json::from_slice(&body.bytes)
        .map_err(|error| Refusal::invalid(format!("the body is not a command: {error}")))?;
    Ok(Json(execute_as(&app.store, &caller, command).await?))
}

/// Does a command on a store that this process holds, with an admin's rights, in the name of `actor`.
///
/// # Errors
///
/// [`CommandError`].
pub async fn execute(store: &Store, actor: &str, command: Command) -> Result<CommandOutcome, CommandError> {
    execute_as(store, &Caller::admin(actor), command).await
}

async fn execute_as(
    store: &Store,
    caller: &Caller,
    command: Command,
) -> Result<CommandOutcome, CommandError> {
    let act = Act { actor: Arc::clone(&caller.user), now: store.now() };
    match command {
        Command::Edit(edit) => {
            let changed = on_run(store, caller, &edit.run, false, |snapshot, path| {
                edited(&*translate::living(&snapshot.projection, path)?, &edit, &act)
            });
            outcome(changed.await?, "nothing differs")
        }
        Command::Stop { run } => {
            let stopped = on_run(store, caller, &run, false, |snapshot, path| {
                Ok(translate::stop(&snapshot.projection, path, &act)?)
            });
            outcome(stopped.await?, "the run is not at work, or was asked to stop before")
        }
        Command::Delete { run } => {
            let deleted = on_run(store, caller, &run, false, |snapshot, path| {
                Ok(translate::delete(&snapshot.projection, path, &act)?)
            });
            outcome(deleted.await?, "the run is deleted already")
        }
        Command::Undelete { run } => {
            let undeleted = on_run(store, caller, &run, true, |snapshot, path| {
                Ok(translate::undelete(&snapshot.projection, path, &act)?)
            });
            outcome(undeleted.await?, "the run is not deleted")
        }
        Command::UserAdd { name, key, password } => {
            people::add_user(store, caller, &act, name, key, password.as_deref()).await
        }
        Command::PasswordSet { user, password } => passwords::set(store, caller, &act, user, &password).await,
        Command::ViewSave(wanted) => views::save(store, caller, &act, wanted).await,
        Command::ViewList { project } => views::list(&store.snapshot().projection, caller, &project),
        Command::ViewRemove { project, id } => views::remove(store, caller, &act, &project, id).await,
        Command::TeamAdd { name } => {
            people::add_team(store, caller, &act, name.clone(), None).await?;
            Ok(CommandOutcome::TeamAdded { name })
        }
        Command::RoleGrant { user, role, on } => people::grant(store, caller, &act, &user, &role, &on).await,
        Command::KeyNew { user, note, role, on, expires_seconds } => {
            let only = role.map(|role| (role, on.unwrap_or_default()));
            let wanted = people::NewKey { user, note, only, expires_seconds };
            let people::Made { id, user, key } = people::new_key(store, caller, &act, wanted).await?;
            Ok(CommandOutcome::KeyMade { id, user, key })
        }
        Command::KeyRevoke { id } => people::revoke(store, caller, &act, id).await,
        Command::TeamList => Ok(people::teams(&store.snapshot().projection.people, caller)),
        Command::RoleList => Ok(people::roles(&store.snapshot().projection.people, caller)),
        Command::KeyList => Ok(people::keys(&store.snapshot().projection.people, caller)),
        Command::Compact => {
            only_admins(caller)?;
            Ok(CommandOutcome::Compacted { files: store.compact().await? })
        }
        Command::Prune { deleted_for_seconds, dry_run, by_key } => {
            only_admins(caller)?;
            let kept = deleted_for_seconds.map(Duration::from_secs).or_else(|| store.keep_deleted());
            // What is kept for ever is erased when somebody says for how long it was to be kept.
            let kept = kept.unwrap_or(Duration::MAX);
            let pruned = prune::prune(store, &caller.user, kept, dry_run, by_key).await?;
            Ok(CommandOutcome::Pruned(pruned))
        }
        Command::UserList => {
            only_admins(caller)?;
            Ok(CommandOutcome::Users { users: people::users(&store.snapshot().projection.people) })
        }
    }
}

fn outcome((path, changed): (RunPath, bool), unchanged: &str) -> Result<CommandOutcome, CommandError> {
    let message = (!changed).then(|| unchanged.to_owned());
    Ok(CommandOutcome::Run { run: path.to_string(), changed, message })
}

pub(super) fn only_admins(caller: &Caller) -> Result<(), CommandError> {
    if caller.is_admin { Ok(()) } else { Err(CommandError::Forbidden("only an admin may do this".into())) }
}

async fn on_run(
    store: &Store,
    caller: &Caller,
    run: &str,
    with_deleted: bool,
    mut decision: impl FnMut(&Snapshot, &RunPath) -> Result<Plan<bool>, CommandError>,
) -> Result<(RunPath, bool), CommandError> {
    app::decide(store, |snapshot| {
        let rights = |project: &ProjectKey| caller.rights(&snapshot.projection.people, project);
        let may_name = |project: &ProjectKey| rights(project).read || rights(project).write;
        let path = resolved(&snapshot.projection, run, with_deleted, may_name)?;
        names::check_may_write(&snapshot.projection, caller, &path.project)?;
        let Plan { events, rests_on, reply } = decision(snapshot, &path)?;
        Ok(Plan { events, rests_on, reply: (path, reply) })
    })
    .await
}

/// The run that a name means: `id`, `project/id` or `entity/project/id`.
///
/// # Errors
///
/// `NotFound`; `Ambiguous` with the candidates.
pub fn resolve(projection: &Projection, name: &str, with_deleted: bool) -> Result<RunPath, CommandError> {
    resolved(projection, name, with_deleted, |_| true)
}

/// The same, among the projects that may be named.
fn resolved(
    projection: &Projection,
    name: &str,
    with_deleted: bool,
    may_name: impl Fn(&ProjectKey) -> bool,
) -> Result<RunPath, CommandError> {
    let mut parts = name.rsplitn(3, '/');
    let (id, project, entity) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
    let fits = |key: &ProjectKey| {
        project.is_none_or(|name| *key.project == *name) && entity.is_none_or(|name| *key.entity == *name)
    };
    let mut candidates = Vec::new();
    for key in projection.projects.keys().filter(|key| fits(key) && may_name(key)) {
        let run = projection.run(&RunPath::new(key.clone(), id))?;
        candidates.extend(run.filter(|run| with_deleted || run.deleted.is_none()).map(|run| run.key.path()));
    }
    match candidates.as_slice() {
        [] => Err(CommandError::NotFound(format!("there is no run {name:?}"))),
        [only] => Ok(only.clone()),
        several => Err(CommandError::Ambiguous {
            run: name.to_owned(),
            candidates: several.iter().map(RunPath::to_string).collect(),
        }),
    }
}

/// Tags that one edit adds or removes; a run has fewer.
const TAGS_NAMED_MAX: usize = 1_000;

fn edited(run: &Run, edit: &Edit, act: &Act) -> Result<Plan<bool>, CommandError> {
    let mut told = Vec::new();
    let texts = [
        (Attribute::Name, "display name", &edit.name),
        (Attribute::Notes, "notes", &edit.notes),
        (Attribute::Group, "group", &edit.group),
        (Attribute::JobType, "job type", &edit.job_type),
    ];
    for (attribute, what, text) in texts {
        if let Some(text) = text {
            names::check_text(what, text)?;
            told.push((attribute, if text.is_empty() { Value::Null } else { Value::text(text.as_str()) }));
        }
    }
    if edit.tags_add.len().max(edit.tags_remove.len()) > TAGS_NAMED_MAX {
        return Err(CommandError::Invalid(format!("more than {TAGS_NAMED_MAX} tags are named")));
    }
    if !edit.tags_add.is_empty() || !edit.tags_remove.is_empty() {
        let added = edit.tags_add.iter().map(String::as_str);
        let kept =
            run.tags().chain(added).filter(|tag| !edit.tags_remove.iter().any(|removed| removed == tag));
        told.push((Attribute::Tags, names::tags(kept)?));
    }
    let set = attributes::only_changes(Some(run), told);
    let mut bodies = Vec::new();
    if !set.is_empty() {
        bodies.push(Body::RunChanged(RunChanged { set }));
    }
    let config = changed(&run.config, &edit.config)?;
    if !config.is_empty() {
        bodies.push(Body::ConfigChanged(config));
    }
    let summary = changed(&run.summary, &edit.summary)?;
    if !summary.is_empty() {
        bodies.push(Body::SummaryChanged(summary));
    }
    let events: Vec<_> = bodies.into_iter().map(|body| act.on_run(&run.key, body)).collect();
    let is_changed = !events.is_empty();
    Ok(Plan { events, rests_on: vec![(Subject::Run(run.key.clone()), run.seq)], reply: is_changed })
}

/// What setting paths changes in a tree.
fn changed(tree: &Tree, settings: &[(String, serde_json::Value)]) -> Result<Paths, CommandError> {
    let mut target = tree.clone();
    for (name, value) in settings {
        let value = Value::from_json(value.to_string().as_bytes()).map_err(|error| {
            CommandError::Invalid(format!("the value of {name:?} cannot be kept: {error}"))
        })?;
        target.apply(&Paths { removed: Vec::new(), set: vec![(path(tree, name)?, value)] });
    }
    Ok(tree.diff(&target))
}

/// A key that is there by its whole name is meant, else the path whose parts the dots part.
fn path(tree: &Tree, name: &str) -> Result<Path, CommandError> {
    if tree.get(name).is_some() {
        return Ok(vec![name.into()]);
    }
    let path: Path = name.split('.').map(Box::from).collect();
    if path.iter().any(|part| part.is_empty()) || name.len() > engine::limits::KEY_BYTES_MAX {
        return Err(CommandError::Invalid(format!("{name:?} is no path")));
    }
    Ok(path)
}

//! How people look at projects, kept for all who may see them.

use engine::{
    Body, Event, Project, ProjectKey, Projection, Store, Subject, Time, View, ViewRemoved, ViewSaved,
};
use serde::{Deserialize, Serialize};

use super::commands::{CommandError, CommandOutcome};
use crate::access::Caller;
use crate::app::{self, Plan};
use crate::people;
use crate::wandb::{Act, names};

/// Views that a project keeps.
const VIEWS_MAX: usize = 200;
/// Of one view; the state of the store holds them all.
const CONTENT_BYTES_MAX: usize = 64 << 10;
/// Pages that have views.
const PAGES: [&str; 2] = ["workspace", "table"];
/// Letters of an id that we draw.
const ID_LETTERS: usize = 8;

/// A view, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewInfo {
    /// What names it in its project.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// `workspace` or `table`.
    pub page: String,
    /// What it shows: what stands in that page's address.
    pub content: String,
    /// Who saved it last.
    pub author: String,
    /// When, in nanoseconds since 1970.
    pub saved: Time,
}

impl From<&View> for ViewInfo {
    fn from(view: &View) -> Self {
        Self {
            id: view.id.to_string(),
            name: view.name.to_string(),
            page: view.page.to_string(),
            content: view.content.to_string(),
            author: view.author.to_string(),
            saved: view.saved,
        }
    }
}

/// A view that is to be kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewView {
    /// `entity/project`.
    pub project: String,
    /// The one that it replaces; another one where none is named.
    #[serde(default)]
    pub id: Option<String>,
    /// What people call it.
    pub name: String,
    /// `workspace` or `table`.
    pub page: String,
    /// What it shows.
    pub content: String,
}

pub(super) async fn save(
    store: &Store,
    caller: &Caller,
    act: &Act,
    wanted: NewView,
) -> Result<CommandOutcome, CommandError> {
    check(&wanted)?;
    let id = match &wanted.id {
        Some(id) => id.clone(),
        None => people::random_name(&*store.world().entropy, ID_LETTERS).map_err(|error| {
            tracing::error!(%error, "the system gives no random bytes");
            CommandError::Unavailable("the system gives no random bytes".into())
        })?,
    };
    let saved = ViewSaved {
        id: id.as_str().into(),
        name: wanted.name.as_str().into(),
        page: wanted.page.as_str().into(),
        content: wanted.content.as_str().into(),
    };
    app::decide(store, |snapshot| {
        let project = writable(&snapshot.projection, caller, &wanted.project)?;
        if wanted.id.is_some() && !project.views.contains_key(&saved.id) {
            return Err(unknown(&id, &wanted.project));
        }
        if wanted.id.is_none() && project.views.len() >= VIEWS_MAX {
            return Err(CommandError::Invalid(format!(
                "a project keeps {VIEWS_MAX} views; remove one first"
            )));
        }
        Ok(about(project, act.on(Subject::Project(project.key.clone()), Body::ViewSaved(saved.clone()))))
    })
    .await?;
    Ok(CommandOutcome::ViewSaved { id })
}

pub(super) fn list(
    projection: &Projection,
    caller: &Caller,
    project: &str,
) -> Result<CommandOutcome, CommandError> {
    let views = readable(projection, caller, project)?.views.values().map(|view| ViewInfo::from(&**view));
    Ok(CommandOutcome::Views { views: views.collect() })
}

pub(super) async fn remove(
    store: &Store,
    caller: &Caller,
    act: &Act,
    project: &str,
    id: String,
) -> Result<CommandOutcome, CommandError> {
    let removed = ViewRemoved { id: id.as_str().into() };
    app::decide(store, |snapshot| {
        let found = writable(&snapshot.projection, caller, project)?;
        if !found.views.contains_key(&removed.id) {
            return Err(unknown(&id, project));
        }
        let subject = Subject::Project(found.key.clone());
        Ok(about(found, act.on(subject, Body::ViewRemoved(removed.clone()))))
    })
    .await?;
    Ok(CommandOutcome::ViewRemoved { id })
}

fn check(wanted: &NewView) -> Result<(), CommandError> {
    if wanted.name.trim().is_empty() {
        return Err(CommandError::Invalid("a view has a name".into()));
    }
    names::check_text("name of a view", &wanted.name)?;
    if !PAGES.contains(&wanted.page.as_str()) {
        let page = &wanted.page;
        return Err(CommandError::Invalid(format!(
            "page {page:?} has no views; {} have",
            PAGES.join(" and ")
        )));
    }
    match wanted.content.len() {
        0..=CONTENT_BYTES_MAX => Ok(()),
        bytes => Err(CommandError::Invalid(format!(
            "the content of a view has {bytes} bytes; it may have {CONTENT_BYTES_MAX}"
        ))),
    }
}

/// A plan that rests on what the project was.
fn about(project: &Project, event: Event) -> Plan<()> {
    let rests_on = vec![(event.subject.clone(), project.seq)];
    Plan { events: vec![event], rests_on, reply: () }
}

fn unknown(id: &str, project: &str) -> CommandError {
    CommandError::NotFound(format!("there is no view {id:?} of {project}"))
}

fn readable<'a>(
    projection: &'a Projection,
    caller: &Caller,
    name: &str,
) -> Result<&'a Project, CommandError> {
    let none = || CommandError::NotFound(format!("there is no project {name:?}"));
    let (entity, project) = name.split_once('/').ok_or_else(none)?;
    let key = ProjectKey::new(entity, project);
    let may_read = caller.rights(&projection.people, &key).read;
    projection.projects.get(&key).filter(|_| may_read).ok_or_else(none)
}

fn writable<'a>(
    projection: &'a Projection,
    caller: &Caller,
    name: &str,
) -> Result<&'a Project, CommandError> {
    let project = readable(projection, caller, name)?;
    if !caller.rights(&projection.people, &project.key).write {
        return Err(CommandError::Forbidden(format!("you may read {name}, and change nothing of it")));
    }
    Ok(project)
}

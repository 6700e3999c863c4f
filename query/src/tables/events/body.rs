//! What an event says, as JSON: everything but secrets, and of blocks counts and ranges only.

use std::sync::Arc;

use engine::{Body, Cell, Chunk, Digest, Grant, Path, Paths, Recorded, Rows, Time, Value};

use crate::tables::history::time_of;

/// When the event happened, as its source says.
pub(crate) fn source_time(recorded: &Recorded) -> Option<Time> {
    match &recorded.event.body {
        Body::Logged(_) | Body::SystemSampled(_) => {
            recorded.digest.as_ref()?.time.and_then(|time| time_of(Cell::Float(time)))
        }
        Body::ConsoleWritten(console) => console.lines.iter().rev().find_map(|line| line.time),
        _ => None,
    }
}

/// The body as JSON.
pub(crate) fn json(recorded: &Recorded) -> Value {
    match &recorded.event.body {
        Body::StoreCreated(store) => map([("store", Value::text(store.store.to_string()))]),
        Body::UserAdded(user) => map([("name", text(&user.name)), ("admin", Value::Bool(user.admin))]),
        Body::KeyIssued(key) => map([("user", text(&key.user)), ("key_id", text(&key.key_id))]),
        Body::KeyRevoked(key) => map([("key_id", text(&key.key_id))]),
        Body::KeyLimited(key) => {
            let mut members = vec![("key_id", text(&key.key_id)), ("note", text(&key.note))];
            members.push(("expires", key.expires.map_or(Value::Null, Value::Int)));
            members.push(("only", key.only.as_ref().map_or(Value::Null, |only| map(grant(only)))));
            map(members)
        }
        Body::TeamAdded(team) => map([("name", text(&team.name))]),
        Body::RoleGranted(granted) => {
            map([("user", text(&granted.user))].into_iter().chain(grant(&granted.grant)))
        }
        Body::LoginFailed(failed) => map([("from", text(&failed.from))]),
        Body::PasswordSet(set) => {
            map([("user", text(&set.user)), ("is_set", Value::Bool(!set.hash.is_empty()))])
        }
        Body::ViewSaved(view) => map([
            ("id", text(&view.id)),
            ("name", text(&view.name)),
            ("page", text(&view.page)),
            ("content", text(&view.content)),
        ]),
        Body::ViewRemoved(view) => map([("id", text(&view.id))]),
        Body::AlertRaised(alert) => map([
            ("title", text(&alert.title)),
            ("text", text(&alert.text)),
            ("level", Value::text(alert.level.name())),
        ]),
        Body::Forked(branch) | Body::Rewound(branch) => map([
            ("parent", text(&branch.origin.parent.run)),
            ("parent_generation", Value::Int(branch.origin.parent.generation.into())),
            ("step", Value::Int(branch.origin.step)),
            ("at", count(branch.origin.at.0)),
            ("rows", count(branch.origin.rows)),
        ]),
        Body::ProjectCreated(project) => map([("description", text(&project.description))]),
        Body::RunCreated(run) => {
            map([("source", text(&run.source)), ("state", Value::text(run.state.name()))])
        }
        Body::RunChanged(change) => {
            Value::Map(change.set.iter().map(|(name, value)| (name.column().into(), value.clone())).collect())
        }
        Body::ConfigChanged(paths) | Body::SummaryChanged(paths) => changes(paths),
        Body::Logged(rows) | Body::SystemSampled(rows) => block(rows, recorded.digest.as_ref()),
        Body::ConsoleWritten(console) => map(chunk(&console.chunk)),
        Body::StateChanged(change) => map([
            ("from", Value::text(change.from.name())),
            ("to", Value::text(change.to.name())),
            ("cause", Value::text(change.cause.name())),
            ("evidence", text(&change.evidence)),
            ("exit_code", change.exit_code.map_or(Value::Null, |code| Value::Int(code.into()))),
        ]),
        Body::FilePut(file) => {
            map([("name", text(&file.name)), ("size", count(file.size)), ("kind", text(&file.kind))])
        }
        Body::FileDeleted(file) => map([("name", text(&file.name))]),
        Body::Quarantined(line) => {
            map([("stream", text(&line.stream)), ("line", count(line.line)), ("reason", text(&line.reason))])
        }
        Body::RunErased(erased) => map([("files", count(erased.blobs.len() as u64))]),
        Body::ErasureDone(done) => map([("through", count(done.through.0))]),
        Body::ArtifactCreated(created) => map([
            ("artifact", Value::text(created.artifact.to_string())),
            ("collection", text(&created.collection)),
            ("type", text(&created.kind)),
            ("digest", text(&created.digest)),
            ("run", created.run.as_ref().map_or(Value::Null, |run| text(&run.run))),
            ("description", optional(created.description.as_ref())),
            ("metadata", optional(created.metadata.as_ref())),
            ("aliases", texts(&created.aliases)),
            ("tags", texts(&created.tags)),
        ]),
        Body::ArtifactFilePut(put) => map([
            ("artifact", Value::text(put.artifact.to_string())),
            ("name", text(&put.name)),
            ("size", count(put.file.size)),
        ]),
        Body::ArtifactManifestPut(put) => {
            map([("artifact", Value::text(put.artifact.to_string())), ("size", count(put.file.size))])
        }
        Body::ArtifactCommitted(committed) => map([
            ("artifact", Value::text(committed.artifact.to_string())),
            ("files", count(committed.files)),
            ("size", count(committed.size)),
        ]),
        // Its project is told by `artifact_uses`, to those who may see it.
        Body::ArtifactUsed(used) => map([
            ("artifact", Value::text(used.artifact.to_string())),
            ("run", text(&used.run.run)),
            ("used_as", optional(used.used_as.as_ref())),
        ]),
        Body::AliasMoved(moved) => map([
            ("collection", text(&moved.collection)),
            ("alias", text(&moved.alias)),
            ("artifact", moved.to.map_or(Value::Null, |id| Value::text(id.to_string()))),
        ]),
        Body::ArtifactChanged(changed) => map([
            ("artifact", Value::text(changed.artifact.to_string())),
            ("description", optional(changed.description.as_ref())),
            ("metadata", optional(changed.metadata.as_ref())),
            ("tags", texts(&changed.tags)),
        ]),
        Body::Heartbeat
        | Body::StopRequested
        | Body::RunDeleted
        | Body::RunUndeleted
        | Body::ProjectDeleted
        | Body::Erased(_) => map([]),
    }
}

fn grant(grant: &Grant) -> [(&'static str, Value); 3] {
    [
        ("entity", text(&grant.entity)),
        ("project", grant.project.as_ref().map_or(Value::Null, |project| text(project))),
        ("role", Value::text(grant.role.name())),
    ]
}

fn block(rows: &Rows, digest: Option<&Digest>) -> Value {
    let mut members = Vec::from(chunk(&rows.chunk));
    members.push(("rows", Value::Int(rows.rows.into())));
    if let Some(digest) = digest {
        members.push(("keys", Value::List(digest.keys.iter().map(|key| text(&key.name)).collect())));
        if let Some((low, high)) = digest.steps {
            members.push(("steps", Value::List(vec![Value::Int(low), Value::Int(high)])));
        }
    }
    map(members)
}

fn chunk(chunk: &Chunk) -> [(&'static str, Value); 3] {
    [
        ("writer", text(&chunk.writer)),
        ("first_line", count(chunk.first_line)),
        ("lines", Value::Int(chunk.lines.into())),
    ]
}

/// Removed paths and set ones; a path is a list, since a key may have a dot in it.
fn changes(paths: &Paths) -> Value {
    let path = |path: &Path| Value::List(path.iter().map(|member| text(member)).collect());
    let set = |(at, value): &(Path, Value)| map([("path", path(at)), ("value", value.clone())]);
    map([
        ("removed", Value::List(paths.removed.iter().map(path).collect())),
        ("set", Value::List(paths.set.iter().map(set).collect())),
    ])
}

fn map(members: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    Value::Map(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
}

fn text(text: &str) -> Value {
    Value::text(text)
}

fn optional(text: Option<&Arc<str>>) -> Value {
    text.map_or(Value::Null, |text| Value::text(&**text))
}

fn texts(texts: &[Arc<str>]) -> Value {
    Value::List(texts.iter().map(|text| Value::text(&**text)).collect())
}

fn count(number: u64) -> Value {
    i64::try_from(number).map_or(Value::UInt(number), Value::Int)
}

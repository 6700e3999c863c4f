//! What an event changed of its run, path by path. Rows of history, system metrics and console lines change
//! no path: they have tables of their own.

use engine::{Body, Path, Paths, Value};

/// A path and what it became; none where it was removed.
pub(super) type Change = (String, Option<Value>);

/// The paths that an event changed.
pub(super) fn of(body: &Body) -> Vec<Change> {
    let truth = |path: &str, is_set: bool| vec![(path.to_owned(), is_set.then_some(Value::Bool(true)))];
    match body {
        Body::RunCreated(created) => vec![("state".to_owned(), Some(Value::text(created.state.name())))],
        Body::RunChanged(change) => {
            let set = change.set.iter();
            set.map(|(name, value)| (name.column().to_owned(), unless_null(value))).collect()
        }
        Body::ConfigChanged(paths) => within("config", paths),
        Body::SummaryChanged(paths) => within("summary", paths),
        Body::StateChanged(change) => {
            let exit_code = change.exit_code.map(|code| Value::Int(code.into()));
            let mut changes = vec![("state".to_owned(), Some(Value::text(change.to.name())))];
            changes.extend(exit_code.map(|code| ("exit_code".to_owned(), Some(code))));
            changes
        }
        Body::Forked(branch) | Body::Rewound(branch) => vec![
            ("parent_run_id".to_owned(), Some(Value::text(&*branch.origin.parent.run))),
            ("fork_step".to_owned(), Some(Value::Int(branch.origin.step))),
        ],
        Body::StopRequested => truth("stop_requested", true),
        Body::FilePut(file) => {
            let size = i64::try_from(file.size).unwrap_or(i64::MAX);
            vec![(format!("files.{}", file.name), Some(Value::Int(size)))]
        }
        Body::FileDeleted(file) => vec![(format!("files.{}", file.name), None)],
        Body::RunDeleted => truth("deleted", true),
        Body::RunUndeleted => truth("deleted", false),
        Body::RunErased(_) => truth("erased", true),
        _ => Vec::new(),
    }
}

fn within(root: &str, paths: &Paths) -> Vec<Change> {
    let named = |path: &Path| format!("{root}.{}", path.join("."));
    let removed = paths.removed.iter().map(|path| (named(path), None));
    removed.chain(paths.set.iter().map(|(path, value)| (named(path), Some(value.clone())))).collect()
}

fn unless_null(value: &Value) -> Option<Value> {
    Some(value.clone()).filter(|value| !matches!(value, Value::Null))
}

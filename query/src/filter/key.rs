//! What a filter, an order or a group is about: a column of `runs`, or a key of config or summary.

use datafusion::sql::sqlparser::keywords::ALL_KEYWORDS;

use crate::error::Error;
use crate::resolver::near;
use crate::tables::runs::TABLE;
use crate::tables::{Column, Type};

/// Other names of columns: those of the W&B client and those that people try first.
const ALIASES: [(&str, &str); 13] = [
    ("id", "run_id"),
    ("displayName", "name"),
    ("display_name", "name"),
    ("group", "group_name"),
    ("jobType", "job_type"),
    ("username", "author"),
    ("user", "author"),
    ("user.username", "author"),
    ("user.name", "author"),
    ("sweep", "sweep_id"),
    ("createdAt", "created_at"),
    ("heartbeatAt", "heartbeat_at"),
    ("exitcode", "exit_code"),
];
/// What stands before the name of a key.
const ROOTS: [(&str, Root); 4] = [
    ("config", Root::Config),
    ("summary", Root::Summary),
    ("summary_metrics", Root::Summary),
    ("summaryMetrics", Root::Summary),
];

/// A column of `runs` or a key that people log.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key(pub(super) Place);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// A column that every run has.
    Column { name: &'static str, kind: Type },
    /// A value in a tree: its key or path, then places in lists.
    Path { root: Root, name: String, indexes: Vec<usize> },
}

/// The tree that a key is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Root {
    Config,
    Summary,
}

impl Root {
    pub(super) fn named(name: &str) -> Option<Self> {
        ROOTS.iter().find(|(known, _)| *known == name).map(|(_, root)| *root)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Summary => "summary",
        }
    }
}

impl Key {
    /// The column of that name, which may be one of its other names.
    ///
    /// # Errors
    ///
    /// `Invalid` with the nearest names where there is none.
    pub(super) fn column(name: &str) -> Result<Self, Error> {
        let known = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, known)| known);
        if Root::named(name).is_some() {
            return Err(Error::invalid(format!("{name} is a tree of keys"))
                .with_hint(format!("name one of them, as in {name}.lr")));
        }
        match TABLE.column(known).filter(|column| column.kind != Type::Json) {
            Some(Column { name, kind, .. }) => Ok(Self(Place::Column { name, kind: *kind })),
            None => Err(unknown(name)),
        }
    }

    /// A key or path in a tree.
    pub(super) fn path(root: Root, name: impl Into<String>, indexes: Vec<usize>) -> Result<Self, Error> {
        let name = name.into();
        if name.is_empty() {
            return Err(Error::invalid(format!("the name of a key must follow {}.", root.name())));
        }
        Ok(Self(Place::Path { root, name, indexes }))
    }

    /// The column's type; none for a key, whose values may be of any.
    pub(crate) fn kind(&self) -> Option<Type> {
        match self.0 {
            Place::Column { kind, .. } => Some(kind),
            Place::Path { .. } => None,
        }
    }

    /// As answers name it.
    #[must_use]
    pub fn label(&self) -> String {
        match &self.0 {
            Place::Column { name, .. } => (*name).to_owned(),
            Place::Path { root, name, indexes } => format!("{}.{name}{}", root.name(), places(indexes)),
        }
    }

    /// As SQL names it.
    #[must_use]
    pub fn sql(&self) -> String {
        match &self.0 {
            Place::Column { name, .. } => (*name).to_owned(),
            Place::Path { root, name, indexes } => {
                let name = if is_plain(name) { name.clone() } else { quoted(name) };
                format!("{}.{name}{}", root.name(), places(indexes))
            }
        }
    }
}

/// A name in quotes, whatever is in it.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn places(indexes: &[usize]) -> String {
    indexes.iter().map(|index| format!("[{index}]")).collect()
}

/// Whether every member of a path is a word of its own that means nothing else in SQL.
fn is_plain(name: &str) -> bool {
    name.split('.').all(|member| {
        let mut chars = member.chars();
        chars.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
            && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
            && ALL_KEYWORDS.binary_search(&member.to_ascii_uppercase().as_str()).is_err()
    })
}

fn unknown(name: &str) -> Error {
    let columns = TABLE.columns.iter().filter(|column| column.kind != Type::Json);
    let names = columns.map(|column| column.name).chain(ALIASES.iter().map(|(alias, _)| *alias));
    let error = Error::invalid(format!("there is no key {name:?}"));
    match near::nearest(name, names).as_slice() {
        [] => error.with_hint(format!(
            "keys are the columns of runs, such as state and tags, and config.NAME and summary.NAME: \
             summary.{name}?"
        )),
        near => error.with_hint(format!("did you mean {}?", near.join(" or "))),
    }
}

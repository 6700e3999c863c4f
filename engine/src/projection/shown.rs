//! What a run shows in the fixed columns of tables: the same whether it is awake or rests in a file.

use std::borrow::Cow;

use super::tree::Tree;
use super::{HIDDEN_KEY, Run};
use crate::event::{Attribute, Value};

/// One value of a fixed column.
#[derive(Debug, Clone, PartialEq)]
pub enum Shown<'a> {
    /// There is none.
    Null,
    /// Text.
    Text(Cow<'a, str>),
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
    /// true or false.
    Bool(bool),
    /// Nanoseconds since 1970.
    Time(i64),
    /// A list of texts.
    Texts(Vec<Cow<'a, str>>),
}

impl<'a> Shown<'a> {
    /// A text, or nothing for none.
    pub fn text(text: impl Into<Option<&'a str>>) -> Self {
        text.into().map_or(Self::Null, |text| Self::Text(Cow::Borrowed(text)))
    }

    /// A text, or nothing for an empty one.
    #[must_use]
    pub fn unless_empty(text: &'a str) -> Self {
        Self::text((!text.is_empty()).then_some(text))
    }

    /// A text that was made for this.
    #[must_use]
    pub fn owned(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }

    /// A count or position; none of ours comes near the end of i64.
    #[must_use]
    pub fn count(number: u64) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }

    /// An integer, or nothing for none.
    #[must_use]
    pub fn int(number: Option<i64>) -> Self {
        number.map_or(Self::Null, Self::Int)
    }

    /// A time, or nothing for none.
    #[must_use]
    pub fn time(time: Option<i64>) -> Self {
        time.map_or(Self::Null, Self::Time)
    }
}

/// The columns beside the attributes ([`Attribute::column`]) that files of runs hold; `config` and
/// `summary` are made from the run itself.
pub(crate) const OWN_COLUMNS: [&str; 21] = [
    "entity",
    "project",
    "run_id",
    "generation",
    "name",
    "state",
    "state_reason",
    "exit_code",
    "author",
    "created_at",
    "started_at",
    "heartbeat_at",
    "finished_at",
    "runtime",
    "duration",
    "parent_run_id",
    "fork_step",
    "last_step",
    "history_rows",
    "updated_lsn",
    "deleted_at",
];

impl Run {
    /// Its value in a fixed column; none in one that it does not know.
    #[must_use]
    pub fn shown(&self, column: &str) -> Shown<'_> {
        match column {
            "entity" => Shown::text(&*self.key.project.entity),
            "project" => Shown::text(&*self.key.project.project),
            "run_id" => Shown::text(&*self.key.run),
            "generation" => Shown::Int(self.key.generation.into()),
            "name" => Shown::text(self.name()),
            "state" => Shown::text(self.state.name()),
            "state_reason" => self.reason(),
            "exit_code" => Shown::int(self.exit_code.map(i64::from)),
            "tags" => Shown::Texts(self.tags().map(Cow::Borrowed).collect()),
            "author" => Shown::unless_empty(&self.author),
            "created_at" => Shown::Time(self.created),
            "started_at" => Shown::Time(self.started()),
            "heartbeat_at" => Shown::Time(self.heartbeat),
            "finished_at" => Shown::time(self.finished),
            "runtime" => Shown::Float(seconds(self.runtime())),
            "duration" => Shown::Float(seconds(self.duration())),
            "last_step" => Shown::int(self.last_step),
            "history_rows" => Shown::count(self.history_rows()),
            "parent_run_id" => Shown::text(self.origin.as_ref().map(|origin| &*origin.parent.run)),
            "fork_step" => Shown::int(self.origin.as_ref().map(|origin| origin.step)),
            "updated_lsn" => Shown::count(self.updated.0),
            "config" => Shown::owned(visible(&self.config).to_strict_json()),
            "summary" => Shown::owned(visible(&self.summary).to_strict_json()),
            "deleted_at" => Shown::time(self.deleted),
            // The rest are attributes.
            column => Attribute::ALL
                .into_iter()
                .find(|attribute| attribute.column() == column)
                .and_then(|attribute| self.attribute(attribute))
                .map_or(Shown::Null, attribute),
        }
    }

    fn reason(&self) -> Shown<'_> {
        if let Some((first, last)) = self.missing {
            return Shown::owned(format!("damage: events {first}..{last} missing"));
        }
        match &self.change {
            None => Shown::Null,
            Some(change) if change.evidence.is_empty() => Shown::text(change.cause.name()),
            Some(change) => Shown::owned(format!("{}: {}", change.cause.name(), change.evidence)),
        }
    }
}

fn attribute(value: &Value) -> Shown<'_> {
    match value {
        Value::Text(text) => Shown::text(&**text),
        Value::Int(number) => Shown::Int(*number),
        _ => Shown::Null,
    }
}

/// A tree without what is not for people.
fn visible(tree: &Tree) -> Value {
    let members = tree.iter().filter(|(key, _)| *key != HIDDEN_KEY);
    Value::Map(members.map(|(key, value)| (key.into(), value.clone())).collect())
}

#[expect(clippy::cast_precision_loss, reason = "seconds for people")]
fn seconds(nanos: i64) -> f64 {
    nanos as f64 / 1e9
}

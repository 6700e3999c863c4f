//! What names mean where: the relations of a select, and what they expose.

use datafusion::sql::sqlparser::ast::Ident;
use engine::Space;

use super::folded;
use crate::tables::{KeyColumns, Table};

/// The names that one select can use.
#[derive(Debug, Default)]
pub(super) struct Scope {
    pub(super) relations: Vec<Relation>,
    /// Aliases of its projection, where they can be used.
    pub(super) aliases: Vec<String>,
}

/// A table, CTE, subquery or function in FROM.
#[derive(Debug, Clone)]
pub(super) struct Relation {
    /// By what its columns are qualified.
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Columns that `*` leaves out, because a join by USING gave them already.
    pub(super) joined: Vec<String>,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// One of our tables.
    Base(&'static Table),
    /// Something else with these columns; none where they are unknown.
    Derived(Option<Vec<OutColumn>>),
}

/// A column that a query gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OutColumn {
    pub(super) name: String,
    /// Whether it is made of a key, so that `/` on it is float division.
    pub(super) is_key: bool,
}

impl Relation {
    /// Whether a qualifier means this relation.
    pub(super) fn is_named(&self, qualifier: &Ident) -> bool {
        self.name == qualifier.value || self.name == folded(qualifier)
    }

    /// The space whose keys are its columns under their own names.
    pub(super) fn bare_space(&self) -> Option<(&'static Table, Space)> {
        match self.kind {
            Kind::Base(table) => match table.keys {
                KeyColumns::Bare(space) => Some((table, space)),
                _ => None,
            },
            Kind::Derived(_) => None,
        }
    }

    /// The column of that name that a subquery, CTE or function exposes.
    pub(super) fn derived(&self, name: &str) -> Option<&OutColumn> {
        match &self.kind {
            Kind::Derived(Some(columns)) => columns.iter().find(|column| column.name == name),
            _ => None,
        }
    }
}

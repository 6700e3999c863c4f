//! Names in a statement to flat columns and types (DESIGN 5.1, "Dynamic names" and "Types").
//!
//! ```text
//!  SELECT r.name, r.summary.loss / 2 FROM runs r            as written
//!  SELECT r.name, CAST(r."summary.loss" AS DOUBLE) / 2 AS "r.summary.loss / 2" FROM runs r
//!                      └─ one flat column of the provider made for this statement
//! ```
//!
//! The parsed statement is walked once and rewritten in place: `query.rs` walks queries and keeps the
//! scopes, `expr.rs` walks expressions and says what each place wants of a key (`arguments.rs` what that of
//! a function does), `names.rs` decides what a name means, `views.rs` takes `as_text(k)` and its like apart.
//! `catalogue.rs` knows which keys there are.
//!
//! What holds:
//! - Every spelling of a key meets in one column: `summary.loss`, `summary['loss']`, `r.summary.loss`.
//! - A name that a CTE or subquery exposes is left alone.
//! - What the walk does not know is refused, so nothing reaches the planner unseen.

mod arguments;
mod catalogue;
mod expr;
mod glob_keys;
mod names;
pub(crate) mod near;
mod past;
mod query;
mod scope;
mod star;
mod views;

use std::collections::BTreeMap;

use datafusion::sql::sqlparser::ast::{Ident, ObjectName, Statement};

use engine::Moment;

use crate::error::{Error, ErrorKind};
use crate::limits;
use crate::tables::key::{KeyPath, View, Want};
use crate::tables::{self, Column, Table};

pub(crate) use catalogue::Catalogue;
pub use catalogue::keys;
pub(crate) use glob_keys::NAME as GLOB_KEYS;
use names::Part;
use scope::{OutColumn, Scope};

/// A key that is a column of a table of this statement.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct KeyColumn {
    /// The column's name.
    pub(crate) flat: String,
    pub(crate) path: KeyPath,
    pub(crate) view: View,
}

/// A table as of a moment: `runs_at('2026-11-23 10:00')`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Past {
    pub(crate) table: &'static str,
    pub(crate) moment: Moment,
    /// The name that it has in the rewritten statement.
    pub(crate) name: String,
}

/// A statement that the planner can take.
#[derive(Debug)]
pub(crate) struct Resolved {
    pub(crate) statement: Statement,
    /// The tables that it names, and the keys that it names of each.
    pub(crate) tables: BTreeMap<&'static str, Vec<KeyColumn>>,
    /// The tables that it names as of moments of the past.
    pub(crate) past: Vec<Past>,
    /// What the user should know.
    pub(crate) warnings: Vec<String>,
}

/// Rewrites a statement.
pub(crate) fn resolve(mut statement: Statement, catalogue: &Catalogue<'_>) -> Result<Resolved, Error> {
    let mut resolver = Resolver::new(catalogue);
    match &mut statement {
        Statement::Query(query) => resolver.query(query).map(drop)?,
        Statement::Explain { statement, .. } => match &mut **statement {
            Statement::Query(query) => resolver.query(query).map(drop)?,
            _ => return Err(crate::guard::only_reading("this")),
        },
        _ => return Err(crate::guard::only_reading("this")),
    }
    let Resolver { tables, past, warnings, .. } = resolver;
    Ok(Resolved { statement, tables, past, warnings })
}

/// The table of that name.
///
/// # Errors
///
/// `NotFound`, with the nearest names.
pub(crate) fn table(name: &ObjectName) -> Result<&'static Table, Error> {
    let parts: Vec<&Ident> = name.0.iter().filter_map(|part| part.as_ident()).collect();
    let wanted = parts.iter().map(|part| folded(part)).collect::<Vec<_>>().join(".");
    if let Some(table) = tables::ALL.iter().find(|table| table.name == wanted) {
        return Ok(table);
    }
    let place = parts.first().map_or((0, 0), |part| (part.span.start.line, part.span.start.column));
    let error = Error::new(ErrorKind::NotFound, format!("there is no table {wanted:?}")).at(place.0, place.1);
    let names = tables::ALL.iter().map(|table| table.name);
    Err(match near::nearest(&wanted, names).as_slice() {
        [] => error.with_hint("SHOW TABLES lists them"),
        near => error.with_hint(format!("did you mean {}?", near.join(" or "))),
    })
}

/// A table's name as it is compared: folded to lower case unless quoted.
fn folded(ident: &Ident) -> String {
    if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_lowercase() }
}

/// An identifier that is exactly this.
fn quoted(name: impl Into<String>) -> Ident {
    Ident::with_quote('"', name)
}

struct Resolver<'a> {
    catalogue: &'a Catalogue<'a>,
    tables: BTreeMap<&'static str, Vec<KeyColumn>>,
    past: Vec<Past>,
    warnings: Vec<String>,
    /// The selects around the place that is walked, innermost last.
    scopes: Vec<Scope>,
    /// `WITH` tables that can be named, innermost last; none where the columns are unknown.
    ctes: Vec<(String, Option<Vec<OutColumn>>)>,
    relations: usize,
}

impl<'a> Resolver<'a> {
    fn new(catalogue: &'a Catalogue<'a>) -> Self {
        Self {
            catalogue,
            tables: BTreeMap::new(),
            past: Vec::new(),
            warnings: Vec::new(),
            scopes: Vec::new(),
            ctes: Vec::new(),
            relations: 0,
        }
    }

    /// Counts one more table, subquery or function in FROM.
    fn count_relation(&mut self) -> Result<(), Error> {
        self.relations += 1;
        if self.relations > limits::SQL_RELATIONS_MAX {
            return Err(Error::too_large(format!(
                "the statement names more than {} tables",
                limits::SQL_RELATIONS_MAX
            )));
        }
        Ok(())
    }

    /// The fixed columns of a table that this statement sees.
    fn columns(&self, table: &'static Table) -> impl Iterator<Item = &'static Column> + use<> {
        let include_deleted = self.catalogue.include_deleted;
        table.columns.iter().filter(move |column| include_deleted || column.name != "deleted_at")
    }

    /// The column that a key is in a table, made if it is named for the first time.
    fn key_column(&mut self, table: &'static Table, path: &KeyPath, label: &str, want: Want) -> String {
        // Of a key that is a map in some runs the catalogue knows the leaves, so its kinds do not tell.
        let view = match want {
            Want::Present if self.catalogue.is_map(path) => View::Text,
            _ => self.catalogue.sort(path).view(want),
        };
        let columns = self.tables.entry(table.name).or_default();
        if let Some(known) = columns.iter().find(|known| known.path == *path && known.view == view) {
            return known.flat.clone();
        }
        let is_taken = |name: &str, columns: &[KeyColumn]| {
            table.column(name).is_some() || columns.iter().any(|known| known.flat == name)
        };
        let mut flat = label.to_owned();
        while is_taken(&flat, columns) {
            flat.push_str(match view {
                View::Int | View::Float => " (number)",
                View::Bool => " (boolean)",
                View::Text => " (text)",
                View::TextOnly => " (text only)",
                View::Json => " (json)",
                View::There => " (there)",
            });
        }
        columns.push(KeyColumn { flat: flat.clone(), path: path.clone(), view });
        flat
    }

    /// Says that no run has a key: a warning, or an error where the caller is strict.
    fn unknown_key(&mut self, path: &KeyPath, label: &str, parts: &[Part]) -> Result<(), Error> {
        let near = self.catalogue.nearest(path);
        let message = format!("no run has {label}");
        if self.catalogue.strict {
            let place = names::place(parts);
            let error = Error::invalid(message).at(place.line, place.column);
            return Err(if near.is_empty() {
                error
            } else {
                error.with_hint(format!("did you mean {}?", near.join(" or ")))
            });
        }
        let warning = match near.as_slice() {
            [] => format!("{message}, so it is NULL"),
            near => format!("{message}, so it is NULL; near: {}", near.join(", ")),
        };
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;

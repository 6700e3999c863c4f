//! Tables as of moments of the past: `runs_at('2026-11-23 10:00')`, `history_at('lsn:4711')`.
//!
//! What holds: such a table has the columns and keys of the one it is named after; the statement names it
//! by a name that nobody can type, and the catalogue has it under that name, over another snapshot.

use datafusion::sql::sqlparser::ast::{ObjectName, Spanned as _, TableAlias, TableFunctionArgs};

use super::query::{alias_name, folded_name, only_text};
use super::scope::{Kind, Relation};
use super::{Past, Resolver, quoted};
use crate::error::Error;
use crate::moment;
use crate::tables::{self, Table};

const SUFFIX: &str = "_at";

impl Resolver<'_> {
    /// The relation that a function in FROM is, if it is a table of the past; it stands in the statement
    /// as a table then.
    pub(super) fn past_table(
        &mut self,
        name: &mut ObjectName,
        alias: &mut Option<TableAlias>,
        arguments: &mut Option<TableFunctionArgs>,
    ) -> Result<Option<Relation>, Error> {
        let called = folded_name(name);
        let Some(table) = table_of(&called) else { return Ok(None) };
        let place = name.span().start;
        let at = |error: Error| error.at(place.line, place.column);
        let text = arguments.as_ref().and_then(only_text).ok_or_else(|| {
            let error = Error::invalid(format!("{called} takes one moment, as text"));
            at(error.with_hint(format!("write {called}('2026-11-23 10:00') or {called}('lsn:4711')")))
        })?;
        let now = chrono::Utc::now().timestamp_nanos_opt().unwrap_or_default();
        let moment = moment::parse(text, now).map_err(at)?;
        *arguments = None;
        self.tables.entry(table.name).or_default();
        let known = self.past.iter().find(|past| (past.table, past.moment) == (table.name, moment));
        let own_name = match known {
            Some(past) => past.name.clone(),
            None => {
                let past = Past { table: table.name, moment, name: format!("{called} {}", self.past.len()) };
                self.past.push(past.clone());
                past.name
            }
        };
        *name = ObjectName::from(vec![quoted(own_name)]);
        let relation = alias_name(alias).unwrap_or(called);
        if alias.is_none() {
            let (explicit, columns) = (true, Vec::new());
            *alias = Some(TableAlias { explicit, name: quoted(relation.clone()), columns, at: None });
        }
        Ok(Some(Relation { name: relation, kind: Kind::Base(table), joined: Vec::new() }))
    }
}

/// The table whose past a function shows.
fn table_of(called: &str) -> Option<&'static Table> {
    let name = called.strip_suffix(SUFFIX)?;
    tables::ALL.iter().find(|table| table.name == name).copied()
}

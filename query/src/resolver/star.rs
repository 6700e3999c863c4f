//! What `*` stands for.

use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, Value};

use super::catalogue::Wanted;
use super::scope::{Kind, Relation};
use super::{Resolver, names};
use crate::error::Error;
use crate::tables::cell::Cell;
use crate::tables::key::{KeyPath, SpaceName, Want};

/// Constants that a run must have for a statement's rows to be its: `entity`, `project` or `run_id`
/// is one of these.
#[derive(Debug, Default)]
pub(super) struct Selection(Vec<(Option<String>, String, Vec<String>)>);

impl Selection {
    /// Reads the conditions that a WHERE puts on runs; what is not understood selects nothing away.
    pub(super) fn of(condition: Option<&Expr>) -> Self {
        let mut selection = Self::default();
        if let Some(condition) = condition {
            selection.read(condition);
        }
        selection
    }

    fn read(&mut self, condition: &Expr) {
        match condition {
            Expr::Nested(inner) => self.read(inner),
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                self.read(left);
                self.read(right);
            }
            Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
                self.note(left, std::slice::from_ref(&**right));
                self.note(right, std::slice::from_ref(&**left));
            }
            Expr::InList { expr, list, negated: false } => self.note(expr, list),
            _ => {}
        }
    }

    fn note(&mut self, column: &Expr, values: &[Expr]) {
        let (qualifier, name) = match column {
            Expr::Identifier(name) => (None, name),
            Expr::CompoundIdentifier(idents) => match idents.as_slice() {
                [qualifier, name] => (Some(qualifier.value.clone()), name),
                _ => return,
            },
            _ => return,
        };
        let texts: Option<Vec<String>> = values.iter().map(text).collect();
        if let (Some(texts), "entity" | "project" | "run_id") = (texts, name.value.as_str()) {
            self.0.push((qualifier, name.value.clone(), texts));
        }
    }

    /// Whether a run of that entity, project and id is selected.
    fn holds(&self, relation: &str, [entity, project, run_id]: &[Cell<'_>; 3]) -> bool {
        self.0.iter().all(|(qualifier, column, values)| {
            let value = match column.as_str() {
                "entity" => entity,
                "project" => project,
                _ => run_id,
            };
            let is_meant = qualifier.as_ref().is_none_or(|qualifier| qualifier == relation);
            !is_meant || values.iter().any(|wanted| matches!(value, Cell::Text(text) if text == wanted))
        })
    }
}

fn text(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => Some(text.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// Name, expression, and whether it is made of a key.
pub(super) type StarColumn = (String, Expr, bool);

impl Resolver<'_> {
    /// The columns that `*` stands for in a relation, with whether each is made of a key; none where
    /// only the planner knows.
    pub(super) fn star(
        &mut self,
        relation: &Relation,
        selection: &Selection,
    ) -> Result<Option<Vec<StarColumn>>, Error> {
        let mut columns: Vec<StarColumn> = match &relation.kind {
            Kind::Derived(None) => return Ok(None),
            Kind::Derived(Some(columns)) => columns
                .iter()
                .map(|column| (column.name.clone(), names::column_of(relation, &column.name), column.is_key))
                .collect(),
            Kind::Base(table) => self
                .columns(table)
                .map(|column| (column.name.to_owned(), names::column_of(relation, column.name), false))
                .collect(),
        };
        if let Some((table, space)) = relation.bare_space() {
            let is_selected = |run: &[Cell<'_>; 3]| selection.holds(&relation.name, run);
            let wanted: Option<&Wanted<'_>> = if selection.0.is_empty() { None } else { Some(&is_selected) };
            for key in self.catalogue.star(space, wanted)? {
                // A key named like a fixed column can be had by name: history['project'].
                if table.column(&key).is_some() {
                    continue;
                }
                let path = KeyPath { space: SpaceName::from(space), name: key, tail: Vec::new() };
                let flat = self.key_column(table, &path, &path.name, Want::Any);
                columns.push((path.name.to_string(), names::column_of(relation, &flat), true));
            }
        }
        columns.retain(|(name, _, _)| !relation.joined.contains(name));
        Ok(Some(columns))
    }
}

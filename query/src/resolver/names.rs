//! What a name means: a fixed column, an exposed one, or a key.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{AccessExpr, Expr, Ident, Subscript, UnaryOperator, Value};
use datafusion::sql::sqlparser::tokenizer::Location;
use engine::Space;

use super::scope::{Kind, OutColumn, Relation};
use super::{Resolver, folded, near, quoted};
use crate::error::Error;
use crate::tables::key::{Hop, KeyPath, SpaceName, Want};
use crate::tables::{KeyColumns, Table};

/// A member of a name as it was written.
#[derive(Debug, Clone)]
pub(super) enum Part {
    /// `a` or `"a"`.
    Name(Ident),
    /// `['a']`.
    Key(String),
    /// `[0]`.
    Index(usize),
}

impl Part {
    fn text(&self) -> String {
        match self {
            Self::Name(ident) => ident.value.clone(),
            Self::Key(key) => key.clone(),
            Self::Index(index) => format!("[{index}]"),
        }
    }
}

/// What a name turned out to be.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "made and taken apart at once, one at a time")]
pub(super) enum Meaning {
    /// What the planner makes of it as it stands; whether it is made of a key.
    Left { is_key: bool },
    /// This expression instead.
    Column { expr: Expr, is_key: bool },
}

/// Where a name stands in the text.
pub(super) fn place(parts: &[Part]) -> Location {
    match parts.first() {
        Some(Part::Name(ident)) => ident.span.start,
        _ => Location::empty(),
    }
}

/// The members of a name; none for an expression that is not one.
pub(super) fn parts_of(expr: &Expr) -> Option<Vec<Part>> {
    match expr {
        Expr::Identifier(ident) => Some(vec![Part::Name(ident.clone())]),
        Expr::CompoundIdentifier(idents) => Some(idents.iter().cloned().map(Part::Name).collect()),
        Expr::CompoundFieldAccess { root, access_chain } => {
            let mut parts = parts_of(root)?;
            for access in access_chain {
                parts.push(access_of(access)?);
            }
            Some(parts)
        }
        _ => None,
    }
}

fn access_of(access: &AccessExpr) -> Option<Part> {
    match access {
        AccessExpr::Dot(Expr::Identifier(ident)) => Some(Part::Name(ident.clone())),
        AccessExpr::Subscript(Subscript::Index { index: Expr::Value(value) }) => match &value.value {
            Value::SingleQuotedString(key) => Some(Part::Key(key.clone())),
            Value::Number(number, _) => number.to_string().parse().ok().map(Part::Index),
            _ => None,
        },
        AccessExpr::Subscript(Subscript::Index { index: Expr::Identifier(ident) })
            if ident.quote_style.is_some() =>
        {
            Some(Part::Key(ident.value.clone()))
        }
        _ => None,
    }
}

/// A key's name and what follows it, from the members after its root.
fn path(space: Space, parts: &[Part]) -> KeyPath {
    let first_index = parts.iter().position(|part| matches!(part, Part::Index(_)));
    let (names, tail) = parts.split_at(first_index.unwrap_or(parts.len()));
    let name = names.iter().map(Part::text).collect::<Vec<_>>().join(".");
    let hop = |part: &Part| match part {
        Part::Index(index) => Hop::Index(*index),
        other => Hop::Member(Arc::from(other.text())),
    };
    KeyPath { space: SpaceName::from(space), name: Arc::from(name), tail: tail.iter().map(hop).collect() }
}

fn label(root: Option<&str>, path: &KeyPath) -> String {
    let mut label = root.map(|root| format!("{root}.")).unwrap_or_default();
    label.push_str(&path.name);
    for hop in &path.tail {
        match hop {
            Hop::Index(index) => label.push_str(&format!("[{index}]")),
            Hop::Member(name) => label.push_str(&format!(".{name}")),
        }
    }
    label
}

const LEFT: Meaning = Meaning::Left { is_key: false };

impl Resolver<'_> {
    /// Decides what a name means.
    pub(super) fn meaning(&mut self, parts: &[Part], want: Want) -> Result<Meaning, Error> {
        let Some(Part::Name(first)) = parts.first() else { return Ok(LEFT) };
        // Our own schema in front of a table says nothing more.
        if parts.len() > 2 && folded(first) == "wbq" {
            return Ok(LEFT);
        }
        let mut unknown = None;
        for depth in (0..self.scopes.len()).rev() {
            let Some(scope) = self.scopes.get(depth) else { continue };
            if parts.len() > 1
                && let Some(relation) =
                    scope.relations.iter().find(|relation| relation.is_named(first)).cloned()
            {
                return self.in_relation(&relation, parts, want);
            }
            if let Some(meaning) = self.unqualified(depth, parts, want, &mut unknown)? {
                return Ok(meaning);
            }
        }
        match unknown {
            Some((relation, path)) => self.key(&relation, &path, None, parts, want),
            None => Err(self.unknown_column(parts)),
        }
    }

    /// A name without a relation in front, in one scope. A key that no run has may still be
    /// something in an outer scope, so it is only kept in `unknown`.
    fn unqualified(
        &mut self,
        depth: usize,
        parts: &[Part],
        want: Want,
        unknown: &mut Option<(Relation, KeyPath)>,
    ) -> Result<Option<Meaning>, Error> {
        let (Some(scope), Some(Part::Name(first))) = (self.scopes.get(depth), parts.first()) else {
            return Ok(None);
        };
        let joined = parts.iter().map(Part::text).collect::<Vec<_>>().join(".");
        for relation in &scope.relations {
            if let Some(column) = relation.derived(&joined) {
                let expr = column_of(relation, &column.name);
                return Ok(Some(Meaning::Column { expr, is_key: column.is_key }));
            }
        }
        let exposed = scope.relations.iter().find_map(|relation| relation.derived(&first.value));
        if let Some(OutColumn { is_key, .. }) = exposed {
            return Ok(Some(Meaning::Left { is_key: *is_key }));
        }
        let relations = scope.relations.clone();
        let has_alias = scope.aliases.contains(&first.value);
        for relation in &relations {
            let Kind::Base(table) = relation.kind else { continue };
            if let Some(space) = tree_space(table, &first.value).filter(|_| parts.len() > 1) {
                let path = path(space, parts.get(1..).unwrap_or_default());
                return self.key(relation, &path, Some(&first.value), parts, want).map(Some);
            }
            if self.columns(table).any(|column| column.name == first.value) {
                return Ok(Some(LEFT));
            }
        }
        if has_alias && parts.len() == 1 {
            return Ok(Some(LEFT));
        }
        self.bare_key(&relations, parts, want, unknown)
    }

    fn bare_key(
        &mut self,
        relations: &[Relation],
        parts: &[Part],
        want: Want,
        unknown: &mut Option<(Relation, KeyPath)>,
    ) -> Result<Option<Meaning>, Error> {
        let mut keyed = relations.iter().filter(|relation| relation.bare_space().is_some());
        let candidate = keyed.next();
        if let Some(relation) = candidate {
            let path = self.bare_path(relation, parts);
            let is_known = self.catalogue.knows(&path);
            if let (true, Some(other)) = (is_known, keyed.next()) {
                let place = place(parts);
                let name = label(None, &path);
                return Err(Error::invalid(format!(
                    "{name} may be of {} or of {}",
                    relation.name, other.name
                ))
                .at(place.line, place.column)
                .with_hint(format!("write {}.{name} or {}.{name}", relation.name, other.name)));
            }
            if is_known {
                return self.key(relation, &path, None, parts, want).map(Some);
            }
        }
        if let Some(meaning) = self.folded_column(relations, parts) {
            return Ok(Some(meaning));
        }
        // A relation whose columns we do not know may have it.
        if relations.iter().any(|relation| matches!(relation.kind, Kind::Derived(None))) {
            return Ok(Some(LEFT));
        }
        if let (Some(relation), None) = (candidate, &unknown) {
            *unknown = Some((relation.clone(), self.bare_path(relation, parts)));
        }
        Ok(None)
    }

    /// `NAME` for `name`: SQL people write columns in capitals. Keys are never folded.
    fn folded_column(&self, relations: &[Relation], parts: &[Part]) -> Option<Meaning> {
        let [Part::Name(ident)] = parts else { return None };
        if ident.quote_style.is_some() {
            return None;
        }
        let lower = ident.value.to_lowercase();
        relations.iter().find_map(|relation| {
            let Kind::Base(table) = relation.kind else { return None };
            let column = self.columns(table).find(|column| column.name == lower)?;
            let expr = Expr::Identifier(quoted(column.name));
            Some(Meaning::Column { expr, is_key: false })
        })
    }

    /// A name with its relation in front.
    fn in_relation(&mut self, relation: &Relation, parts: &[Part], want: Want) -> Result<Meaning, Error> {
        let rest = parts.get(1..).unwrap_or_default();
        let Some(first) = rest.first() else { return Ok(LEFT) };
        let table = match &relation.kind {
            Kind::Base(table) => *table,
            Kind::Derived(None) => return Ok(LEFT),
            Kind::Derived(Some(columns)) => {
                let joined = rest.iter().map(Part::text).collect::<Vec<_>>().join(".");
                let found = columns.iter().find(|column| column.name == joined);
                let found = found.or_else(|| columns.iter().find(|column| column.name == first.text()));
                return match found {
                    Some(column) if column.name == joined => {
                        Ok(Meaning::Column { expr: column_of(relation, &column.name), is_key: column.is_key })
                    }
                    Some(column) => Ok(Meaning::Left { is_key: column.is_key }),
                    None => Err(self.unknown_column(parts)),
                };
            }
        };
        let name = first.text();
        if let Some(space) = tree_space(table, &name).filter(|_| rest.len() > 1) {
            let path = path(space, rest.get(1..).unwrap_or_default());
            return self.key(relation, &path, Some(&name), parts, want);
        }
        let is_subscript = matches!(first, Part::Key(_));
        let unquoted = matches!(first, Part::Name(ident) if ident.quote_style.is_none());
        let fixed = self.columns(table).find(|column| {
            column.name == name
                || (unquoted && relation.bare_space().is_none() && column.name == name.to_lowercase())
        });
        if let Some(column) = fixed.filter(|_| !is_subscript) {
            if rest.len() > 1 {
                return Ok(LEFT);
            }
            return Ok(Meaning::Column { expr: column_of(relation, column.name), is_key: false });
        }
        if relation.bare_space().is_some() {
            let path = self.bare_path(relation, rest);
            return self.key(relation, &path, None, parts, want);
        }
        Err(self.unknown_column(parts))
    }

    /// The key that a name means in `history` or `system`. Clients put `system.` in front of metrics;
    /// people need not.
    fn bare_path(&self, relation: &Relation, parts: &[Part]) -> KeyPath {
        let (_, space) = relation.bare_space().unwrap_or((&crate::tables::history::TABLE, Space::History));
        let plain = path(space, parts);
        if space != Space::System || self.catalogue.knows(&plain) {
            return plain;
        }
        let prefixed = KeyPath { name: Arc::from(format!("system.{}", plain.name)), ..plain.clone() };
        if self.catalogue.knows(&prefixed) { prefixed } else { plain }
    }

    fn key(
        &mut self,
        relation: &Relation,
        path: &KeyPath,
        root: Option<&str>,
        parts: &[Part],
        want: Want,
    ) -> Result<Meaning, Error> {
        let Kind::Base(table) = relation.kind else { return Ok(LEFT) };
        let label = label(root, path);
        if !self.catalogue.knows(path) {
            self.unknown_key(path, &label, parts)?;
        }
        let flat = self.key_column(table, path, &label, want);
        Ok(Meaning::Column { expr: column_of(relation, &flat), is_key: true })
    }

    fn unknown_column(&self, parts: &[Part]) -> Error {
        let (place, name) = (place(parts), parts.last().map(Part::text).unwrap_or_default());
        let written = parts.iter().map(Part::text).collect::<Vec<_>>().join(".");
        let relations = || self.scopes.iter().rev().flat_map(|scope| &scope.relations);
        let names: Vec<&str> = relations()
            .flat_map(|relation| match &relation.kind {
                Kind::Base(table) => self.columns(table).map(|column| column.name).collect::<Vec<_>>(),
                Kind::Derived(columns) => {
                    columns.iter().flatten().map(|column| column.name.as_str()).collect()
                }
            })
            .collect();
        let mut near = near::nearest(&name, names.into_iter());
        // `loss` in `runs` is mostly meant as the summary's or the config's.
        let has_trees = relations().any(|relation| {
            matches!(relation.kind, Kind::Base(table) if table.keys == KeyColumns::ConfigAndSummary)
        });
        for (root, space) in [("summary", Space::Summary), ("config", Space::Config)] {
            let path = path(space, parts);
            if has_trees && self.catalogue.knows(&path) {
                near.insert(0, format!("{root}.{}", path.name));
            }
        }
        // Perhaps it is not the last part of the name that is wrong.
        if let [first, rest @ ..] = parts
            && !rest.is_empty()
        {
            let rest = rest.iter().map(Part::text).collect::<Vec<_>>().join(".");
            let roots = ["summary", "config"].into_iter().filter(|_| has_trees);
            let roots = roots.chain(relations().map(|relation| relation.name.as_str()));
            let roots = near::nearest(&first.text(), roots).into_iter().filter(|root| *root != first.text());
            near.splice(0..0, roots.map(|root| format!("{root}.{rest}")));
        }
        let error = Error::invalid(format!("there is no column {written:?}")).at(place.line, place.column);
        match near.as_slice() {
            [] => error,
            near => error.with_hint(format!("did you mean {}?", near.join(" or "))),
        }
    }
}

/// `config` and `summary` of `runs`.
fn tree_space(table: &Table, name: &str) -> Option<Space> {
    match (table.keys, name.to_ascii_lowercase().as_str()) {
        (KeyColumns::ConfigAndSummary, "config") => Some(Space::Config),
        (KeyColumns::ConfigAndSummary, "summary") => Some(Space::Summary),
        _ => None,
    }
}

/// A column of a relation, which a subquery without an alias cannot qualify.
pub(super) fn column_of(relation: &Relation, name: &str) -> Expr {
    if relation.name.is_empty() {
        return Expr::Identifier(quoted(name));
    }
    Expr::CompoundIdentifier(vec![quoted(&relation.name), quoted(name)])
}

/// Whether an expression is a number as it stands, or a sign before one.
pub(super) fn is_number(expr: &Expr) -> bool {
    match expr {
        Expr::Value(value) => matches!(value.value, Value::Number(..)),
        Expr::UnaryOp { op: UnaryOperator::Minus | UnaryOperator::Plus, expr } | Expr::Nested(expr) => {
            is_number(expr)
        }
        _ => false,
    }
}

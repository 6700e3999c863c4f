//! Walks queries: FROM makes the scope, everything else is resolved in it.

use datafusion::sql::sqlparser::ast::{
    Distinct, ExcludeSelectItem, Expr, FunctionArg, FunctionArgExpr, GroupByExpr, Ident, Join,
    JoinConstraint, JoinOperator, LimitClause, NamedWindowExpr, ObjectName, ObjectNamePart, OrderBy,
    OrderByKind, Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, TableAlias,
    TableFactor, TableFunctionArgs, TableWithJoins, Value, WildcardAdditionalOptions,
};

use super::names::{Part, parts_of};
use super::scope::{Kind, OutColumn, Relation, Scope};
use super::star::Selection;
use super::{Resolver, folded, quoted, table};
use crate::error::Error;
use crate::guard::only_reading;
use crate::tables::key::Want;

/// Functions that may stand in FROM.
const TABLE_FUNCTIONS: &[&str] = &["generate_series", "range", "unnest"];

pub(super) type Columns = Option<Vec<OutColumn>>;

impl Resolver<'_> {
    /// Rewrites a query; gives the columns that it exposes, if they are known.
    pub(super) fn query(&mut self, query: &mut Query) -> Result<Columns, Error> {
        let refused = [
            (!query.locks.is_empty(), "FOR UPDATE"),
            (query.for_clause.is_some(), "FOR"),
            (query.settings.is_some(), "SETTINGS"),
            (query.format_clause.is_some(), "FORMAT"),
            (!query.pipe_operators.is_empty(), "|>"),
        ];
        if let Some((_, what)) = refused.iter().find(|(is_there, _)| *is_there) {
            return Err(Error::invalid(format!("{what} is not supported")));
        }
        let outer_ctes = self.ctes.len();
        if let Some(with) = &mut query.with {
            for cte in &mut with.cte_tables {
                self.count_relation()?;
                let name = folded(&cte.alias.name);
                cte.alias.name = quoted(&name);
                if with.recursive {
                    // Inside of itself its columns are what it says they are, if it does.
                    let own = named_columns(&cte.alias, None);
                    self.ctes.push((name.clone(), own));
                }
                let columns = self.query(&mut cte.query)?;
                if with.recursive {
                    self.ctes.pop();
                }
                self.ctes.push((name, named_columns(&cte.alias, columns)));
            }
        }
        let columns = match (&mut *query.body, &mut query.order_by) {
            (SetExpr::Select(select), order) => self.select(select, order.as_mut())?,
            (body, order) => {
                let columns = self.body(body)?;
                // ORDER BY of a union names what the union gives.
                let union = Relation {
                    name: String::new(),
                    kind: Kind::Derived(columns.clone()),
                    joined: Vec::new(),
                };
                let aliases = columns.iter().flatten().map(|column| column.name.clone()).collect();
                self.scopes.push(Scope { relations: vec![only_unknown(union)], aliases });
                let ordered = order.as_mut().map_or(Ok(()), |order| self.order_by(order, Want::Any));
                self.scopes.pop();
                ordered?;
                columns
            }
        };
        self.limit(query)?;
        self.ctes.truncate(outer_ctes);
        Ok(columns)
    }

    fn limit(&mut self, query: &mut Query) -> Result<(), Error> {
        match &mut query.limit_clause {
            Some(LimitClause::LimitOffset { limit, offset, limit_by }) => {
                self.each(limit_by, Want::Any)?;
                let offset = offset.as_mut().map(|offset| &mut offset.value);
                limit.iter_mut().chain(offset).try_for_each(|expr| self.expr(expr, Want::Any).map(drop))?;
            }
            Some(LimitClause::OffsetCommaLimit { offset, limit }) => {
                self.expr(offset, Want::Any)?;
                self.expr(limit, Want::Any)?;
            }
            None => {}
        }
        match &mut query.fetch {
            Some(fetch) => {
                fetch.quantity.as_mut().map_or(Ok(()), |expr| self.expr(expr, Want::Any).map(drop))
            }
            None => Ok(()),
        }
    }

    fn body(&mut self, body: &mut SetExpr) -> Result<Columns, Error> {
        match body {
            SetExpr::Select(select) => self.select(select, None),
            SetExpr::Query(query) => self.query(query),
            SetExpr::SetOperation { left, right, .. } => {
                self.count_relation()?;
                let columns = self.body(left)?;
                self.body(right)?;
                Ok(columns)
            }
            SetExpr::Values(values) => {
                let width = values.rows.first().map_or(0, |row| row.len());
                for row in &mut values.rows {
                    self.each(row, Want::Any)?;
                }
                let name = |number| OutColumn { name: format!("column{number}"), is_key: false };
                Ok(Some((1..=width).map(name).collect()))
            }
            SetExpr::Table(_) => Err(Error::invalid("write SELECT * FROM instead of TABLE")),
            SetExpr::Insert(_) => Err(only_reading("INSERT")),
            SetExpr::Update(_) => Err(only_reading("UPDATE")),
            SetExpr::Delete(_) => Err(only_reading("DELETE")),
            SetExpr::Merge(_) => Err(only_reading("MERGE")),
        }
    }

    fn select(&mut self, select: &mut Select, order: Option<&mut OrderBy>) -> Result<Columns, Error> {
        if select.into.is_some() {
            return Err(only_reading("SELECT INTO"));
        }
        let refused = [
            (select.top.is_some(), "TOP"),
            (!select.lateral_views.is_empty(), "LATERAL VIEW"),
            (select.prewhere.is_some(), "PREWHERE"),
            (!select.connect_by.is_empty(), "CONNECT BY"),
            (!select.cluster_by.is_empty() || !select.distribute_by.is_empty(), "CLUSTER BY"),
            (!select.sort_by.is_empty(), "SORT BY"),
            (select.value_table_mode.is_some(), "SELECT AS"),
            (select.exclude.is_some(), "EXCLUDE after the columns"),
        ];
        if let Some((_, what)) = refused.iter().find(|(is_there, _)| *is_there) {
            return Err(Error::invalid(format!("{what} is not supported")));
        }
        let mut relations = Vec::new();
        for from in &mut select.from {
            self.from(from, &mut relations)?;
        }
        self.scopes.push(Scope { relations, aliases: Vec::new() });
        let columns = self.select_in_scope(select, order);
        self.scopes.pop();
        columns
    }

    fn select_in_scope(
        &mut self,
        select: &mut Select,
        order: Option<&mut OrderBy>,
    ) -> Result<Columns, Error> {
        for from in &mut select.from {
            self.join_conditions(from)?;
        }
        let selection = Selection::of(select.selection.as_ref());
        let aliases = select.projection.iter().filter_map(|item| match item {
            SelectItem::ExprWithAlias { alias, .. } => Some(alias.value.clone()),
            _ => None,
        });
        let aliases: Vec<String> = aliases.collect();
        let columns = self.projection(&mut select.projection, &selection)?;
        if let Some(condition) = &mut select.selection {
            self.expr(condition, Want::Any)?;
        }
        // From here on the projection's aliases can be named.
        if let Some(scope) = self.scopes.last_mut() {
            scope.aliases = aliases;
        }
        let mut is_grouped = false;
        if let GroupByExpr::Expressions(exprs, _) = &mut select.group_by {
            is_grouped = !exprs.is_empty();
            self.each(exprs, Want::Any)?;
        }
        let conditions = select.having.iter_mut().chain(select.qualify.iter_mut());
        conditions.into_iter().try_for_each(|condition| self.expr(condition, Want::Any).map(drop))?;
        for window in &mut select.named_window {
            if let NamedWindowExpr::WindowSpec(window) = &mut window.1 {
                self.window(window)?;
            }
        }
        if let Some(Distinct::On(exprs)) = &mut select.distinct {
            self.each(exprs, Want::Any)?;
        }
        if let Some(order) = order {
            // What is grouped or made distinct can only be ordered by the view that it was grouped by.
            let is_fixed = is_grouped || select.distinct.is_some();
            self.order_by(order, if is_fixed { Want::Any } else { Want::Sortable })?;
        }
        Ok(columns)
    }

    fn order_by(&mut self, order: &mut OrderBy, want: Want) -> Result<(), Error> {
        match &mut order.kind {
            OrderByKind::Expressions(exprs) => self.order(exprs, want),
            OrderByKind::All(_) => Ok(()),
        }
    }

    // -- FROM ---------------------------------------------------------------------------------

    fn from(&mut self, from: &mut TableWithJoins, relations: &mut Vec<Relation>) -> Result<(), Error> {
        self.factor(&mut from.relation, relations)?;
        for join in &mut from.joins {
            let before = relations.len();
            self.factor(&mut join.relation, relations)?;
            self.note_joined(join, relations, before);
        }
        Ok(())
    }

    /// Notes the columns that a join gives once.
    fn note_joined(&self, join: &mut Join, relations: &mut [Relation], before: usize) {
        let (left, right) = relations.split_at_mut(before);
        let shared: Vec<String> = match constraint(&mut join.join_operator) {
            Some(JoinConstraint::Using(names)) => names
                .iter()
                .filter_map(|name| name.0.last()?.as_ident().map(|ident| ident.value.clone()))
                .collect(),
            Some(JoinConstraint::Natural) => right
                .iter()
                .flat_map(|relation| self.exposed(relation))
                .filter(|name| left.iter().any(|relation| self.exposed(relation).contains(name)))
                .collect(),
            _ => Vec::new(),
        };
        right.iter_mut().for_each(|relation| relation.joined.extend(shared.iter().cloned()));
    }

    fn exposed(&self, relation: &Relation) -> Vec<String> {
        match &relation.kind {
            Kind::Base(table) => self.columns(table).map(|column| column.name.to_owned()).collect(),
            Kind::Derived(columns) => columns.iter().flatten().map(|column| column.name.clone()).collect(),
        }
    }

    fn factor(&mut self, factor: &mut TableFactor, relations: &mut Vec<Relation>) -> Result<(), Error> {
        self.count_relation()?;
        if let Some(relation) = self.glob_keys(factor)? {
            relations.push(relation);
            return Ok(());
        }
        match factor {
            TableFactor::Table { name, alias, args: None, with_hints, version, sample, .. } => {
                if !with_hints.is_empty() || version.is_some() || sample.is_some() {
                    return Err(Error::invalid("a table has only a name and an alias"));
                }
                let relation = self.named_table(name, alias)?;
                relations.push(relation);
                Ok(())
            }
            TableFactor::Table { name, alias, args: args @ Some(_), .. } => {
                if let Some(relation) = self.past_table(name, alias, args)? {
                    relations.push(relation);
                    return Ok(());
                }
                let args = args.iter_mut().flat_map(|args| &mut args.args);
                self.table_function(name, args)?;
                relations.push(derived(alias, &folded_name(name), None));
                Ok(())
            }
            TableFactor::Function { name, args, alias, .. } => {
                self.table_function(name, args.iter_mut())?;
                relations.push(derived(alias, &folded_name(name), None));
                Ok(())
            }
            TableFactor::Derived { subquery, alias, .. } => {
                let columns = self.query(subquery)?;
                relations.push(derived(alias, "", columns));
                Ok(())
            }
            TableFactor::UNNEST { alias, array_exprs, .. } => {
                // The arrays may be columns of the tables before.
                self.scopes.push(Scope { relations: relations.clone(), aliases: Vec::new() });
                let walked = self.each(array_exprs, Want::Any);
                self.scopes.pop();
                walked?;
                relations.push(derived(alias, "", None));
                Ok(())
            }
            TableFactor::NestedJoin { table_with_joins, alias: None } => {
                self.from(table_with_joins, relations)
            }
            other => Err(Error::invalid(format!("this is not supported in FROM: {other}"))),
        }
    }

    fn named_table(
        &mut self,
        name: &mut ObjectName,
        alias: &mut Option<TableAlias>,
    ) -> Result<Relation, Error> {
        if let [ObjectNamePart::Identifier(ident)] = name.0.as_slice() {
            let wanted = folded(ident);
            if let Some((cte, columns)) = self.ctes.iter().rev().find(|(cte, _)| *cte == wanted).cloned() {
                *name = ObjectName::from(vec![quoted(&cte)]);
                return Ok(derived(alias, &cte, columns));
            }
        }
        let table = table(name)?;
        *name = ObjectName::from(table.name.split('.').map(quoted).collect::<Vec<_>>());
        self.tables.entry(table.name).or_default();
        if let Some(alias) = alias
            && !alias.columns.is_empty()
        {
            return Err(Error::invalid(format!("the columns of {} cannot be renamed here", table.name))
                .with_hint("give them aliases in a subquery"));
        }
        Ok(Relation {
            name: alias_name(alias).unwrap_or_else(|| table.short_name().to_owned()),
            kind: Kind::Base(table),
            joined: Vec::new(),
        })
    }

    fn table_function<'a>(
        &mut self,
        name: &ObjectName,
        arguments: impl Iterator<Item = &'a mut FunctionArg>,
    ) -> Result<(), Error> {
        let name = folded_name(name);
        if !TABLE_FUNCTIONS.contains(&name.as_str()) {
            return Err(Error::invalid(format!("there is no table function {name:?}")).with_hint(format!(
                "there are {}, {}, and runs_at, history_at and so on",
                TABLE_FUNCTIONS.join(", "),
                super::glob_keys::NAME
            )));
        }
        for argument in arguments {
            if let FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) = argument {
                self.expr(expr, Want::Any)?;
            }
        }
        Ok(())
    }

    fn join_conditions(&mut self, from: &mut TableWithJoins) -> Result<(), Error> {
        if let TableFactor::NestedJoin { table_with_joins, .. } = &mut from.relation {
            self.join_conditions(table_with_joins)?;
        }
        for join in &mut from.joins {
            if let TableFactor::NestedJoin { table_with_joins, .. } = &mut join.relation {
                self.join_conditions(table_with_joins)?;
            }
            match constraint(&mut join.join_operator) {
                Some(JoinConstraint::On(condition)) => self.expr(condition, Want::Any).map(drop)?,
                Some(JoinConstraint::Using(_) | JoinConstraint::Natural | JoinConstraint::None) => {}
                None => return Err(Error::invalid("this kind of join is not supported")),
            }
        }
        Ok(())
    }

    // -- SELECT -------------------------------------------------------------------------------

    /// Rewrites a projection: `*` is spelled out, what has no alias is named as it was written, and
    /// no name occurs twice.
    fn projection(&mut self, items: &mut Vec<SelectItem>, selection: &Selection) -> Result<Columns, Error> {
        let (mut written, mut columns, mut are_known) = (Vec::new(), Vec::new(), true);
        for item in std::mem::take(items) {
            match item {
                SelectItem::UnnamedExpr(expr) => {
                    let (item, column) = self.unnamed(expr, &columns)?;
                    written.push(item);
                    columns.push(column);
                }
                SelectItem::ExprWithAlias { mut expr, alias } => {
                    let is_key = self.expr(&mut expr, Want::Any)?;
                    columns.push(OutColumn { name: alias.value.clone(), is_key });
                    written.push(SelectItem::ExprWithAlias { expr, alias: quoted(alias.value) });
                }
                SelectItem::Wildcard(options) => {
                    let relations =
                        self.scopes.last().map(|scope| scope.relations.clone()).unwrap_or_default();
                    if relations.is_empty()
                        || relations.iter().any(|relation| matches!(relation.kind, Kind::Derived(None)))
                    {
                        are_known &=
                            self.spread_unknown(&relations, &options, selection, &mut written, &mut columns)?;
                        continue;
                    }
                    for relation in &relations {
                        self.spread(relation, &options, selection, &mut written, &mut columns)?;
                    }
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), options) => {
                    let wanted = name.0.last().and_then(|part| part.as_ident()).cloned();
                    let relations =
                        self.scopes.last().map(|scope| scope.relations.clone()).unwrap_or_default();
                    let relation = wanted
                        .and_then(|wanted| relations.into_iter().find(|relation| relation.is_named(&wanted)))
                        .ok_or_else(|| Error::invalid(format!("there is no table {name} in FROM")))?;
                    let whole = Relation { joined: Vec::new(), ..relation };
                    are_known &= self.spread(&whole, &options, selection, &mut written, &mut columns)?;
                }
                other => return Err(Error::invalid(format!("this is not supported in SELECT: {other}"))),
            }
        }
        *items = written;
        Ok(are_known.then_some(columns))
    }

    /// `*` over relations of which one has columns that only the planner knows.
    fn spread_unknown(
        &mut self,
        relations: &[Relation],
        options: &WildcardAdditionalOptions,
        selection: &Selection,
        written: &mut Vec<SelectItem>,
        columns: &mut Vec<OutColumn>,
    ) -> Result<bool, Error> {
        if let [] | [_] = relations {
            written.push(SelectItem::Wildcard(options.clone()));
            return Ok(false);
        }
        for relation in relations {
            self.spread(relation, options, selection, written, columns)?;
        }
        Ok(false)
    }

    /// Spells out `*` of one relation; whether its columns are known.
    fn spread(
        &mut self,
        relation: &Relation,
        options: &WildcardAdditionalOptions,
        selection: &Selection,
        written: &mut Vec<SelectItem>,
        columns: &mut Vec<OutColumn>,
    ) -> Result<bool, Error> {
        let excluded = excluded(options)?;
        let Some(star) = self.star(relation, selection)? else {
            if relation.name.is_empty() {
                return Err(Error::invalid(
                    "* needs an alias for each subquery and function beside others in FROM",
                ));
            }
            let name = ObjectName::from(vec![quoted(&relation.name)]);
            let kind = SelectItemQualifiedWildcardKind::ObjectName(name);
            written.push(SelectItem::QualifiedWildcard(kind, options.clone()));
            return Ok(false);
        };
        for (name, expr, is_key) in star.into_iter().filter(|(name, _, _)| !excluded.contains(name)) {
            let unique = unique(name, &relation.name, columns);
            written.push(named(expr, &unique));
            columns.push(OutColumn { name: unique, is_key });
        }
        Ok(true)
    }

    fn unnamed(&mut self, mut expr: Expr, columns: &[OutColumn]) -> Result<(SelectItem, OutColumn), Error> {
        let text = expr.to_string();
        let parts = parts_of(&expr);
        let relation = parts.as_deref().and_then(|parts| self.qualifier(parts));
        let is_key = self.expr(&mut expr, Want::Any)?;
        let name = match &parts {
            // `system.cpu` is a metric's whole name, though it begins with the table's.
            Some(parts) if own_name(&expr) == Some(&label(parts, false)) => label(parts, false),
            Some(parts) => label(parts, relation.is_some()),
            None => text,
        };
        let unique = unique(name, relation.as_deref().unwrap_or_default(), columns);
        Ok((named(expr, &unique), OutColumn { name: unique, is_key }))
    }

    /// The relation that a name has in front.
    fn qualifier(&self, parts: &[Part]) -> Option<String> {
        let (Some(Part::Name(first)), Some(_)) = (parts.first(), parts.get(1)) else { return None };
        let relations = self.scopes.iter().rev().flat_map(|scope| &scope.relations);
        relations.into_iter().find(|relation| relation.is_named(first)).map(|relation| relation.name.clone())
    }
}

/// A name as people read it: without quotes, and without its table.
fn label(parts: &[Part], is_qualified: bool) -> String {
    let mut label = String::new();
    for part in parts.iter().skip(usize::from(is_qualified)) {
        match part {
            Part::Name(ident) if label.is_empty() => label.push_str(&ident.value),
            Part::Key(key) if label.is_empty() => label.push_str(key),
            Part::Name(Ident { value: text, .. }) | Part::Key(text) => {
                label.push('.');
                label.push_str(text);
            }
            Part::Index(index) => label.push_str(&format!("[{index}]")),
        }
    }
    label
}

/// The name, or one made of it that no column before has.
fn unique(name: String, relation: &str, columns: &[OutColumn]) -> String {
    let is_taken = |name: &str| columns.iter().any(|column| column.name == name);
    if !is_taken(&name) {
        return name;
    }
    let qualified = format!("{relation}.{name}");
    if !relation.is_empty() && !is_taken(&qualified) {
        return qualified;
    }
    let numbered = (1..).map(|number: u32| format!("{name}_{number}"));
    numbered.into_iter().find(|name| !is_taken(name)).unwrap_or(name)
}

/// A projected expression, with an alias only if it would not be named so by itself.
fn named(expr: Expr, name: &str) -> SelectItem {
    if own_name(&expr).is_some_and(|own| own == name) {
        return SelectItem::UnnamedExpr(expr);
    }
    SelectItem::ExprWithAlias { expr, alias: quoted(name) }
}

/// As what the planner names a column.
fn own_name(expr: &Expr) -> Option<&String> {
    match expr {
        Expr::Identifier(ident) => Some(&ident.value),
        Expr::CompoundIdentifier(idents) => idents.last().map(|ident| &ident.value),
        _ => None,
    }
}

fn excluded(options: &WildcardAdditionalOptions) -> Result<Vec<String>, Error> {
    if options.opt_ilike.is_some() || options.opt_replace.is_some() || options.opt_rename.is_some() {
        return Err(Error::invalid("after * only EXCLUDE and EXCEPT are supported"));
    }
    let last = |name: &ObjectName| name.0.last()?.as_ident().map(|ident| ident.value.clone());
    let mut names: Vec<String> = match &options.opt_exclude {
        Some(ExcludeSelectItem::Single(name)) => last(name).into_iter().collect(),
        Some(ExcludeSelectItem::Multiple(names)) => names.iter().filter_map(last).collect(),
        None => Vec::new(),
    };
    if let Some(except) = &options.opt_except {
        let idents = std::iter::once(&except.first_element).chain(&except.additional_elements);
        names.extend(idents.map(|ident| ident.value.clone()));
    }
    Ok(names)
}

/// Folds an alias to the name that it is found by.
pub(super) fn alias_name(alias: &mut Option<TableAlias>) -> Option<String> {
    let alias = alias.as_mut()?;
    let name = folded(&alias.name);
    alias.name = quoted(&name);
    Some(name)
}

pub(super) fn derived(alias: &mut Option<TableAlias>, name: &str, columns: Columns) -> Relation {
    let columns = match alias {
        Some(alias) => named_columns(alias, columns),
        None => columns,
    };
    Relation {
        name: alias_name(alias).unwrap_or_else(|| name.to_owned()),
        kind: Kind::Derived(columns),
        joined: Vec::new(),
    }
}

/// Columns under the names that an alias gives them.
fn named_columns(alias: &TableAlias, columns: Columns) -> Columns {
    if alias.columns.is_empty() {
        return columns;
    }
    let known = columns.unwrap_or_default();
    let mut named: Vec<OutColumn> = alias
        .columns
        .iter()
        .enumerate()
        .map(|(index, column)| OutColumn {
            name: column.name.value.clone(),
            is_key: known.get(index).is_some_and(|column| column.is_key),
        })
        .collect();
    named.extend(known.into_iter().skip(named.len()));
    Some(named)
}

/// A relation whose columns may be named without it, whatever they are.
fn only_unknown(relation: Relation) -> Relation {
    Relation { kind: Kind::Derived(None), ..relation }
}

pub(super) fn folded_name(name: &ObjectName) -> String {
    name.0.iter().filter_map(|part| part.as_ident()).map(folded).collect::<Vec<_>>().join(".")
}

/// The one argument of a function in FROM, if it is text.
pub(super) fn only_text(arguments: &TableFunctionArgs) -> Option<&str> {
    let [FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(value)))] = arguments.args.as_slice() else {
        return None;
    };
    match &value.value {
        Value::SingleQuotedString(text) => Some(text),
        _ => None,
    }
}

/// What a join matches by; none for joins that we do not know.
fn constraint(operator: &mut JoinOperator) -> Option<&mut JoinConstraint> {
    match operator {
        JoinOperator::Join(constraint)
        | JoinOperator::Inner(constraint)
        | JoinOperator::Left(constraint)
        | JoinOperator::LeftOuter(constraint)
        | JoinOperator::Right(constraint)
        | JoinOperator::RightOuter(constraint)
        | JoinOperator::FullOuter(constraint)
        | JoinOperator::CrossJoin(constraint)
        | JoinOperator::Semi(constraint)
        | JoinOperator::LeftSemi(constraint)
        | JoinOperator::RightSemi(constraint)
        | JoinOperator::Anti(constraint)
        | JoinOperator::LeftAnti(constraint)
        | JoinOperator::RightAnti(constraint) => Some(constraint),
        _ => None,
    }
}

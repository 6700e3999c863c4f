//! What a small text may ask of the planner that grows beyond all measure, refused before it is planned:
//! tables of `WITH` that each name the one before twice, subqueries within each other (each level is
//! planned twice), `CUBE`, and types within types.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    DataType, Expr, GroupByExpr, ObjectName, Query, SetExpr, Statement, Visit, Visitor,
};

use crate::error::Error;
use crate::limits;

/// Checks a parsed statement.
pub(crate) fn check(statement: &Statement) -> Result<(), Error> {
    match statement.visit(&mut Walk::default()) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(()),
    }
}

/// Checks a type by its name: `List(List(Int64))`, `INT[7]`.
pub(crate) fn check_type(name: &str) -> Result<(), Error> {
    let depth = name.matches(['(', '<', '[']).count();
    if depth > limits::SQL_NESTING_MAX {
        return Err(Error::too_large(format!(
            "a type has more than {} types within it",
            limits::SQL_NESTING_MAX
        )));
    }
    let numbers = name.split(|c: char| !c.is_ascii_digit()).filter(|number| !number.is_empty());
    for number in numbers {
        if number.parse::<usize>().map_or(true, |number| number > limits::TYPE_LENGTH_MAX) {
            return Err(Error::too_large(format!("a type has a length over {}", limits::TYPE_LENGTH_MAX)));
        }
    }
    Ok(())
}

#[derive(Default)]
struct Walk {
    /// Subqueries around the place that is walked.
    subqueries: usize,
    /// Tables so far, those of `WITH` written out wherever they are named.
    tables: usize,
    /// The queries around the place that is walked.
    queries: Vec<Around>,
    /// The tables of `WITH` that can be named, and how many tables each is.
    ctes: Vec<(String, usize)>,
}

struct Around {
    tables_before: usize,
    ctes_before: usize,
    /// The names of its `WITH` whose queries were not walked yet, the next one last.
    names: Vec<String>,
}

impl Visitor for Walk {
    type Break = Error;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Error> {
        let tables = query.with.iter().flat_map(|with| &with.cte_tables);
        let names: Vec<String> = tables.map(|cte| cte.alias.name.value.to_lowercase()).collect();
        self.queries.push(Around {
            tables_before: self.tables,
            ctes_before: self.ctes.len(),
            names: names.into_iter().rev().collect(),
        });
        bounded("sets of groups", grouping_sets(&query.body), limits::GROUPING_SETS_MAX)
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<Error> {
        let Some(done) = self.queries.pop() else { return ControlFlow::Continue(()) };
        self.ctes.truncate(done.ctes_before);
        // The queries of WITH are walked first, in their order.
        if let Some(name) = self.queries.last_mut().and_then(|around| around.names.pop()) {
            self.ctes.push((name, self.tables - done.tables_before));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, name: &ObjectName) -> ControlFlow<Error> {
        let wanted = name.to_string().replace('"', "").to_lowercase();
        let known = self.ctes.iter().rev().find(|(cte, _)| *cte == wanted);
        self.tables = self.tables.saturating_add(known.map_or(1, |(_, tables)| *tables));
        bounded("tables, once WITH is written out", self.tables, limits::TABLES_WRITTEN_OUT_MAX)
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Error> {
        if let Expr::Cast { data_type, .. } = expr
            && !matches!(data_type, DataType::Custom(..))
            && let Err(error) = check_type(&data_type.to_string())
        {
            return ControlFlow::Break(error);
        }
        self.subqueries += usize::from(is_subquery(expr));
        bounded("subqueries within each other", self.subqueries, limits::SUBQUERIES_MAX)
    }

    fn post_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Error> {
        self.subqueries -= usize::from(is_subquery(expr));
        ControlFlow::Continue(())
    }
}

fn is_subquery(expr: &Expr) -> bool {
    matches!(expr, Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. })
}

/// How many ways of grouping the largest GROUP BY of a body asks for.
fn grouping_sets(body: &SetExpr) -> usize {
    match body {
        SetExpr::Select(select) => match &select.group_by {
            GroupByExpr::Expressions(exprs, _) => exprs.iter().fold(1, |sets: usize, expr| {
                sets.saturating_mul(match expr {
                    Expr::Cube(of) => u32::try_from(of.len())
                        .ok()
                        .and_then(|of| 2_usize.checked_pow(of))
                        .unwrap_or(usize::MAX),
                    Expr::Rollup(of) => of.len().saturating_add(1),
                    Expr::GroupingSets(of) => of.len(),
                    _ => 1,
                })
            }),
            GroupByExpr::All(_) => 1,
        },
        SetExpr::SetOperation { left, right, .. } => grouping_sets(left).max(grouping_sets(right)),
        _ => 1,
    }
}

fn bounded(what: &str, found: usize, limit: usize) -> ControlFlow<Error> {
    if found <= limit {
        return ControlFlow::Continue(());
    }
    ControlFlow::Break(Error::too_large(format!("there are more than {limit} {what}")))
}

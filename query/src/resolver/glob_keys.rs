//! `glob_keys('loss*')` in FROM: the rows of `keys` whose key is as a pattern says.
//!
//! What holds: it stands in the statement as a subquery over the store's own `keys`, even where a `WITH`
//! table has that name.

use datafusion::sql::sqlparser::ast::{
    Ident, ObjectName, Query, SetExpr, Spanned as _, TableAlias, TableFactor,
};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;

use super::query::{Columns, derived, folded_name, only_text};
use super::scope::Relation;
use super::{Resolver, quoted};
use crate::error::Error;
use crate::{catalog, functions};

/// As it is called.
pub(crate) const NAME: &str = "glob_keys";

impl Resolver<'_> {
    /// The relation that a factor is, if it is a call of this function.
    pub(super) fn glob_keys(&mut self, factor: &mut TableFactor) -> Result<Option<Relation>, Error> {
        let TableFactor::Table { name, alias, args: Some(args), .. } = factor else { return Ok(None) };
        if folded_name(name) != NAME {
            return Ok(None);
        }
        let place = name.span().start;
        let at = |error: Error| error.at(place.line, place.column);
        let Some(pattern) = only_text(args) else {
            let error = Error::invalid(format!("{NAME} takes one pattern, as text"));
            return Err(at(error.with_hint(format!("write {NAME}('loss*')"))));
        };
        functions::check_glob(pattern).map_err(at)?;
        let (subquery, columns) = self.matching_keys(pattern)?;
        let mut alias = alias.take().or_else(|| {
            Some(TableAlias { explicit: true, name: quoted(NAME), columns: Vec::new(), at: None })
        });
        let relation = derived(&mut alias, NAME, columns);
        *factor = TableFactor::Derived { lateral: false, subquery: Box::new(subquery), alias, sample: None };
        Ok(Some(relation))
    }

    /// The subquery, and the columns that it gives.
    fn matching_keys(&mut self, pattern: &str) -> Result<(Query, Columns), Error> {
        let pattern = pattern.replace('\'', "''");
        let sql = format!("SELECT * FROM keys AS keys WHERE glob(keys.key, '{pattern}')");
        let parser = Parser::new(&GenericDialect {}).try_with_sql(&sql);
        let mut query = *parser
            .and_then(|mut parser| parser.parse_query())
            .map_err(|error| Error::syntax(&error.to_string()))?;
        let ctes = std::mem::take(&mut self.ctes);
        let columns = self.query(&mut query);
        self.ctes = ctes;
        // By its whole name, which is no WITH table's.
        if let SetExpr::Select(select) = &mut *query.body {
            for from in &mut select.from {
                if let TableFactor::Table { name, .. } = &mut from.relation {
                    let parts: Vec<Ident> = [catalog::CATALOG, catalog::SCHEMA, "keys"].map(quoted).into();
                    *name = ObjectName::from(parts);
                }
            }
        }
        Ok((query, columns?))
    }
}

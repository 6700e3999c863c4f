//! A key as one kind of value: `as_number(k)`, `as_text(k)`, `as_boolean(k)`, `as_json(k)` and
//! `has_key(k)`, which are no functions but say which view of the key is meant.
//!
//! What holds:
//! - A value of another kind is NULL, never an error and never converted: `as_text` of 10 is NULL.
//! - `has_key` is true for JSON null, which is NULL everywhere else.

use datafusion::sql::sqlparser::ast::{Expr, FunctionArg, FunctionArgExpr, FunctionArguments};

use super::Resolver;
use super::names::{Meaning, parts_of};
use crate::error::Error;
use crate::tables::key::{KeyPath, SpaceName, View, Want};

fn want_of(name: &str) -> Option<Want> {
    Some(match name {
        "as_number" => Want::LikeNumber,
        "as_text" => Want::TextOnly,
        "as_boolean" => Want::LikeBool,
        "as_json" => Want::Json,
        "has_key" => Want::There,
        _ => return None,
    })
}

impl Resolver<'_> {
    /// What a call of one of these stands for; none for any other expression.
    pub(super) fn view_call(&mut self, expr: &Expr) -> Result<Option<Expr>, Error> {
        let Expr::Function(function) = expr else { return Ok(None) };
        let name = function.name.to_string().to_lowercase();
        let Some(want) = want_of(&name) else { return Ok(None) };
        let no_key = || {
            Error::invalid(format!("{name} takes the name of one key"))
                .with_hint(format!("as in {name}(config.lr)"))
        };
        let FunctionArguments::List(list) = &function.args else { return Err(no_key()) };
        let [FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))] = list.args.as_slice() else {
            return Err(no_key());
        };
        let parts = parts_of(argument).ok_or_else(no_key)?;
        let Meaning::Column { expr: column, is_key: true } = self.meaning(&parts, want)? else {
            return Err(no_key());
        };
        if want != Want::There {
            return Ok(Some(column));
        }
        let path = self.path_of(&column).ok_or_else(no_key)?;
        if !matches!(path.space, SpaceName::Config | SpaceName::Summary) {
            return Err(Error::invalid("has_key takes a key of config or summary"));
        }
        if self.catalogue.may_be_null(&path) {
            return Ok(Some(Expr::IsTrue(Box::new(column))));
        }
        // Where no value is JSON null, a column that is read faster tells the same.
        self.forget(&path);
        match self.meaning(&parts, Want::Present)? {
            Meaning::Column { expr, .. } => Ok(Some(Expr::IsNotNull(Box::new(expr)))),
            Meaning::Left { .. } => Err(no_key()),
        }
    }

    /// The key that a column is.
    fn path_of(&self, column: &Expr) -> Option<KeyPath> {
        let flat = match column {
            Expr::Identifier(ident) => ident,
            Expr::CompoundIdentifier(idents) => idents.last()?,
            _ => return None,
        };
        let mut keys = self.tables.values().flatten();
        keys.find(|key| key.flat == flat.value && key.view == View::There).map(|key| key.path.clone())
    }

    /// Takes back that a statement asks whether a key is there.
    fn forget(&mut self, path: &KeyPath) {
        for keys in self.tables.values_mut() {
            keys.retain(|key| key.view != View::There || key.path != *path);
        }
    }
}

//! Walks an expression: resolves its names, each with what its place wants of a key.

use datafusion::sql::sqlparser::ast::{
    AccessExpr, BinaryOperator, CastKind, DataType, ExactNumberInfo, Expr, Function, FunctionArg,
    FunctionArgExpr, FunctionArgumentClause, FunctionArguments, OrderByExpr, Subscript, UnaryOperator, Value,
    WindowSpec, WindowType,
};

use super::names::{Meaning, is_number, parts_of};
use super::scope::Scope;
use super::{Resolver, arguments, names};
use crate::error::Error;
use crate::tables::Type;
use crate::tables::key::{Sort, View, Want};

/// What an expression is, as far as it shows before planning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Looks {
    Number,
    Text,
    Truth,
    Unclear,
}

impl Looks {
    /// What a comparison with it wants.
    fn beside(self) -> Want {
        match self {
            Self::Number => Want::LikeNumber,
            Self::Text => Want::LikeText,
            Self::Truth => Want::LikeBool,
            Self::Unclear => Want::Sortable,
        }
    }
}

impl Resolver<'_> {
    /// Rewrites an expression; gives whether it is made of a key.
    pub(super) fn expr(&mut self, expr: &mut Expr, want: Want) -> Result<bool, Error> {
        if let Some(parts) = parts_of(expr) {
            match self.meaning(&parts, want)? {
                Meaning::Column { expr: column, is_key } => {
                    *expr = column;
                    return Ok(is_key);
                }
                Meaning::Left { is_key } if !matches!(expr, Expr::CompoundFieldAccess { .. }) => {
                    return Ok(is_key);
                }
                Meaning::Left { .. } => {}
            }
        }
        if let Some(column) = self.view_call(expr)? {
            *expr = column;
            return Ok(true);
        }
        match expr {
            Expr::BinaryOp { left, op, right } => self.binary(left, op, right),
            Expr::UnaryOp { op, expr } => {
                let want = if *op == UnaryOperator::Not { Want::Any } else { Want::Number };
                self.expr(expr, want)
            }
            Expr::Nested(expr) => self.expr(expr, want),
            Expr::Function(function) => self.function(function, want),
            Expr::Between { expr, low, high, .. } => {
                let beside = self.looks(low);
                self.all([(&mut **expr, beside.beside())])?;
                let beside = self.looks(expr);
                self.all([(&mut **low, beside.beside()), (&mut **high, beside.beside())])
            }
            Expr::InList { expr, list, .. } => {
                let are_numbers = !list.is_empty() && list.iter().all(is_number);
                let want = if are_numbers { Want::LikeNumber } else { Want::LikeText };
                let is_key = self.expr(expr, want)?;
                self.each(list, Want::Any)?;
                Ok(is_key)
            }
            Expr::Case { operand, conditions, else_result, .. } => {
                let compared = conditions.first().map_or(Looks::Unclear, |case| self.looks(&case.condition));
                let results = conditions.iter().map(|case| &case.result).chain(else_result.as_deref());
                let want = if results.clone().any(is_number) { Want::Number } else { want };
                if let Some(operand) = operand {
                    self.expr(operand, compared.beside())?;
                }
                let mut is_key = false;
                for case in conditions {
                    self.expr(&mut case.condition, Want::Any)?;
                    is_key |= self.expr(&mut case.result, want)?;
                }
                if let Some(result) = else_result {
                    is_key |= self.expr(result, want)?;
                }
                Ok(is_key)
            }
            Expr::Cast { kind, expr, data_type, .. } => {
                let is_try = matches!(kind, CastKind::TryCast | CastKind::SafeCast);
                self.expr(expr, if is_numeric(data_type) && !is_try { Want::Sortable } else { Want::Any })?;
                Ok(false)
            }
            Expr::IsDistinctFrom(left, right) | Expr::IsNotDistinctFrom(left, right) => {
                self.compare(left, right)
            }
            Expr::Subquery(query) | Expr::Exists { subquery: query, .. } => self.query(query).map(|_| false),
            Expr::InSubquery { expr, subquery, .. } => {
                self.expr(expr, Want::Any)?;
                self.query(subquery).map(|_| false)
            }
            Expr::CompoundFieldAccess { root, access_chain } => {
                self.expr(root, Want::Any)?;
                access_chain.iter_mut().try_for_each(|access| self.access(access))?;
                Ok(false)
            }
            other => self.rest(other),
        }
    }

    /// The expressions whose parts want nothing special; what is not among them is refused.
    fn rest(&mut self, expr: &mut Expr) -> Result<bool, Error> {
        match expr {
            Expr::Value(_) | Expr::TypedString(_) | Expr::Wildcard(_) | Expr::QualifiedWildcard(..) => {
                Ok(false)
            }
            Expr::IsNull(expr) | Expr::IsNotNull(expr) => {
                self.all([(&mut **expr, Want::Present)]).map(|_| false)
            }
            Expr::IsFalse(expr)
            | Expr::IsNotFalse(expr)
            | Expr::IsTrue(expr)
            | Expr::IsNotTrue(expr)
            | Expr::IsUnknown(expr)
            | Expr::IsNotUnknown(expr)
            | Expr::Extract { expr, .. }
            | Expr::Collate { expr, .. }
            | Expr::Named { expr, .. }
            | Expr::Prefixed { value: expr, .. } => self.all([(&mut **expr, Want::Any)]).map(|_| false),
            Expr::Interval(interval) => self.expr(&mut interval.value, Want::Any),
            Expr::Ceil { expr, .. } | Expr::Floor { expr, .. } => self.expr(expr, Want::Number),
            Expr::Like { expr, pattern, .. }
            | Expr::ILike { expr, pattern, .. }
            | Expr::SimilarTo { expr, pattern, .. }
            | Expr::RLike { expr, pattern, .. } => {
                self.all([(&mut **expr, Want::LikeText), (&mut **pattern, Want::LikeText)])
            }
            Expr::AnyOp { left, right, .. } | Expr::AllOp { left, right, .. } => {
                self.all([(&mut **left, Want::Any), (&mut **right, Want::Any)])
            }
            Expr::AtTimeZone { timestamp, time_zone } => {
                self.all([(&mut **timestamp, Want::Any), (&mut **time_zone, Want::Any)])
            }
            Expr::Position { expr, r#in } => {
                self.all([(&mut **expr, Want::LikeText), (&mut **r#in, Want::LikeText)])
            }
            Expr::Substring { expr, substring_from, substring_for, .. } => {
                self.expr(expr, Want::LikeText)?;
                self.options([substring_from.as_deref_mut(), substring_for.as_deref_mut()], Want::Number)
            }
            Expr::Trim { expr, trim_what, trim_characters, .. } => {
                self.expr(expr, Want::LikeText)?;
                self.options([trim_what.as_deref_mut()], Want::LikeText)?;
                self.each(trim_characters.as_deref_mut().unwrap_or_default(), Want::LikeText)
            }
            Expr::Overlay { expr, overlay_what, overlay_from, overlay_for } => {
                self.all([(&mut **expr, Want::LikeText), (&mut **overlay_what, Want::LikeText)])?;
                self.expr(overlay_from, Want::Number)?;
                self.options([overlay_for.as_deref_mut()], Want::Number)
            }
            Expr::Tuple(exprs) | Expr::Struct { values: exprs, .. } => self.each(exprs, Want::Any),
            Expr::Array(array) => self.each(&mut array.elem, Want::Any),
            Expr::GroupingSets(sets) | Expr::Cube(sets) | Expr::Rollup(sets) => {
                sets.iter_mut().try_for_each(|set| self.each(set, Want::Any).map(drop))?;
                Ok(false)
            }
            Expr::Dictionary(fields) => {
                fields.iter_mut().try_for_each(|field| self.expr(&mut field.value, Want::Any).map(drop))?;
                Ok(false)
            }
            Expr::Map(map) => {
                for entry in &mut map.entries {
                    self.all([(&mut *entry.key, Want::Any), (&mut *entry.value, Want::Any)])?;
                }
                Ok(false)
            }
            Expr::Lambda(lambda) => {
                let aliases = lambda.params.iter().map(|param| param.name.value.clone()).collect();
                self.scopes.push(Scope { relations: Vec::new(), aliases });
                let body = self.expr(&mut lambda.body, Want::Any);
                self.scopes.pop();
                body
            }
            other => Err(Error::invalid(format!("this kind of expression is not supported: {other}"))),
        }
    }

    fn binary(
        &mut self,
        left: &mut Box<Expr>,
        op: &BinaryOperator,
        right: &mut Box<Expr>,
    ) -> Result<bool, Error> {
        use BinaryOperator as Op;
        match op {
            Op::Eq | Op::NotEq | Op::Lt | Op::LtEq | Op::Gt | Op::GtEq | Op::Spaceship => {
                self.compare(left, right)
            }
            Op::Divide => {
                let is_key = self.all([(&mut **left, Want::Number), (&mut **right, Want::Number)])?;
                if is_key {
                    // A loss that happens to be integral must not be cut (DESIGN 5.1, "Types").
                    let dividend = std::mem::replace(&mut **left, Expr::Value(Value::Null.into()));
                    **left = Expr::Cast {
                        kind: CastKind::Cast,
                        expr: Box::new(dividend),
                        data_type: DataType::Double(ExactNumberInfo::None),
                        array: false,
                        format: None,
                    };
                }
                Ok(is_key)
            }
            Op::Plus
            | Op::Minus
            | Op::Multiply
            | Op::Modulo
            | Op::BitwiseAnd
            | Op::BitwiseOr
            | Op::BitwiseXor => self.all([(&mut **left, Want::Number), (&mut **right, Want::Number)]),
            _ => self.all([(&mut **left, Want::Any), (&mut **right, Want::Any)]).map(|_| false),
        }
    }

    fn compare(&mut self, left: &mut Expr, right: &mut Expr) -> Result<bool, Error> {
        let (beside_left, beside_right) = (self.looks(right), self.looks(left));
        self.all([(left, beside_left.beside()), (right, beside_right.beside())])?;
        Ok(false)
    }

    fn function(&mut self, function: &mut Function, outer: Want) -> Result<bool, Error> {
        let name = function.name.to_string().to_lowercase();
        if !matches!(function.parameters, FunctionArguments::None) {
            return Err(Error::invalid(format!("{name} takes its arguments in one pair of brackets")));
        }
        let mut is_key = false;
        match &mut function.args {
            FunctionArguments::None => {}
            FunctionArguments::Subquery(query) => self.query(query).map(drop)?,
            FunctionArguments::List(list) => {
                let want = |place| arguments::want(&name, place, &list.args, outer);
                let wants: Vec<Want> = (0..list.args.len()).map(want).collect();
                for (place, (argument, want)) in list.args.iter_mut().zip(wants).enumerate() {
                    if let Some(expr) = argument_expr(argument) {
                        is_key |= self.expr(expr, want)? && arguments::passes_key(&name, place);
                    }
                }
                for clause in &mut list.clauses {
                    match clause {
                        FunctionArgumentClause::OrderBy(order) => self.order(order, Want::Sortable)?,
                        FunctionArgumentClause::Limit(expr) => self.expr(expr, Want::Any).map(drop)?,
                        _ => {}
                    }
                }
            }
        }
        if let Some(filter) = &mut function.filter {
            self.expr(filter, Want::Any)?;
        }
        if let Some(WindowType::WindowSpec(window)) = &mut function.over {
            self.window(window)?;
        }
        self.order(&mut function.within_group, arguments::order_want(&name))?;
        Ok(is_key)
    }

    /// The keys of a window: partitions group, the order sorts.
    pub(super) fn window(&mut self, window: &mut WindowSpec) -> Result<(), Error> {
        self.each(&mut window.partition_by, Want::Any)?;
        self.order(&mut window.order_by, Want::Sortable)
    }

    /// Expressions to order by.
    pub(super) fn order(&mut self, order: &mut [OrderByExpr], want: Want) -> Result<(), Error> {
        order.iter_mut().try_for_each(|order| self.expr(&mut order.expr, want).map(drop))
    }

    /// Expressions that all want the same; whether any is made of a key.
    pub(super) fn each(&mut self, exprs: &mut [Expr], want: Want) -> Result<bool, Error> {
        exprs.iter_mut().try_fold(false, |is_key, expr| Ok(self.expr(expr, want)? | is_key))
    }

    fn all<const N: usize>(&mut self, exprs: [(&mut Expr, Want); N]) -> Result<bool, Error> {
        exprs.into_iter().try_fold(false, |is_key, (expr, want)| Ok(self.expr(expr, want)? | is_key))
    }

    fn options<const N: usize>(&mut self, exprs: [Option<&mut Expr>; N], want: Want) -> Result<bool, Error> {
        exprs.into_iter().flatten().try_fold(false, |is_key, expr| Ok(self.expr(expr, want)? | is_key))
    }

    fn access(&mut self, access: &mut AccessExpr) -> Result<(), Error> {
        match access {
            AccessExpr::Dot(_) => Ok(()),
            AccessExpr::Subscript(Subscript::Index { index }) => self.expr(index, Want::Number).map(drop),
            AccessExpr::Subscript(Subscript::Slice { lower_bound, upper_bound, stride }) => self
                .options([lower_bound.as_mut(), upper_bound.as_mut(), stride.as_mut()], Want::Number)
                .map(drop),
        }
    }

    /// What an expression is, before it is rewritten.
    fn looks(&mut self, expr: &Expr) -> Looks {
        match expr {
            Expr::Value(value) => match &value.value {
                Value::Number(..) => Looks::Number,
                Value::SingleQuotedString(_) => Looks::Text,
                Value::Boolean(_) => Looks::Truth,
                _ => Looks::Unclear,
            },
            Expr::Nested(expr) | Expr::UnaryOp { op: UnaryOperator::Plus | UnaryOperator::Minus, expr } => {
                self.looks(expr)
            }
            Expr::BinaryOp { op, .. } => match op {
                BinaryOperator::Plus
                | BinaryOperator::Minus
                | BinaryOperator::Multiply
                | BinaryOperator::Divide
                | BinaryOperator::Modulo => Looks::Number,
                BinaryOperator::StringConcat => Looks::Text,
                _ => Looks::Unclear,
            },
            Expr::Function(function) => {
                let name = function.name.to_string().to_lowercase();
                if arguments::gives_number(&name) { Looks::Number } else { Looks::Unclear }
            }
            Expr::Cast { data_type, .. } if is_numeric(data_type) => Looks::Number,
            other => self.name_looks(other),
        }
    }

    /// What a column or key is. Asking must not leave a trace, so what a wrong name or an unknown key
    /// would do is put back.
    fn name_looks(&mut self, expr: &Expr) -> Looks {
        let Some(parts) = parts_of(expr) else { return Looks::Unclear };
        let (tables, warnings) = (self.tables.clone(), self.warnings.len());
        let meaning = self.meaning(&parts, Want::Sortable);
        let looks = match &meaning {
            Ok(Meaning::Column { expr, is_key: true }) => self.key_looks(expr),
            Ok(_) => self.fixed_looks(&parts),
            Err(_) => Looks::Unclear,
        };
        self.tables = tables;
        self.warnings.truncate(warnings);
        looks
    }

    fn key_looks(&self, column: &Expr) -> Looks {
        let Expr::CompoundIdentifier(idents) = column else { return Looks::Unclear };
        let Some(flat) = idents.last() else { return Looks::Unclear };
        let key = self.tables.values().flatten().find(|key| key.flat == flat.value);
        match key.map(|key| self.catalogue.sort(&key.path)) {
            Some(Sort::Plain(View::Int | View::Float)) => Looks::Number,
            Some(Sort::Plain(View::Text)) => Looks::Text,
            _ => Looks::Unclear,
        }
    }

    fn fixed_looks(&self, parts: &[names::Part]) -> Looks {
        let Some(names::Part::Name(name)) = parts.last() else { return Looks::Unclear };
        let relations = self.scopes.iter().rev().flat_map(|scope| &scope.relations);
        let column = relations.filter_map(|relation| match relation.kind {
            super::scope::Kind::Base(table) => table.column(&name.value),
            super::scope::Kind::Derived(_) => None,
        });
        match column.map(|column| column.kind).next() {
            Some(Type::Int | Type::Float) => Looks::Number,
            Some(Type::Text) => Looks::Text,
            _ => Looks::Unclear,
        }
    }
}

fn argument_expr(argument: &mut FunctionArg) -> Option<&mut Expr> {
    let (FunctionArg::Unnamed(argument)
    | FunctionArg::Named { arg: argument, .. }
    | FunctionArg::ExprNamed { arg: argument, .. }) = argument;
    match argument {
        FunctionArgExpr::Expr(expr) => Some(expr),
        _ => None,
    }
}

fn is_numeric(data_type: &DataType) -> bool {
    let name = data_type.to_string().to_uppercase();
    ["INT", "DOUBLE", "FLOAT", "REAL", "DECIMAL", "NUMERIC"].iter().any(|numeric| name.contains(numeric))
        && !name.contains("INTERVAL")
}

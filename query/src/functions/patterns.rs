//! What patterns of texts are taken: a match costs the length of the text times that of the pattern, and
//! a pattern that differs from row to row is compiled for each.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::AsArray as _;
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode as _};
use datafusion::common::{Result, exec_err, internal_err};
use datafusion::logical_expr::expr::Like;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, LogicalPlan, Operator, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature, Volatility,
};

use regex::Regex;

use crate::limits;

/// A plan whose operators check their patterns when they are run. To be done before constants are worked
/// out: a match of two constants is one as well.
pub(crate) fn watched(plan: LogicalPlan) -> Result<LogicalPlan> {
    let checked = plan.transform_up_with_subqueries(|node| {
        let names = NamePreserver::new(&node);
        node.map_expressions(|expr| {
            let name = names.save(&expr);
            let expr = expr.transform_up(|expr| Ok(checked(expr)))?;
            Ok(if expr.transformed { expr.update_data(|expr| name.restore(expr)) } else { expr })
        })
    })?;
    Ok(checked.data)
}

fn is_match(operator: Operator) -> bool {
    use Operator as O;
    matches!(
        operator,
        O::RegexMatch
            | O::RegexIMatch
            | O::RegexNotMatch
            | O::RegexNotIMatch
            | O::LikeMatch
            | O::ILikeMatch
            | O::NotLikeMatch
            | O::NotILikeMatch
    )
}

/// An operator, its pattern checked unless it is a short literal.
fn checked(expr: Expr) -> Transformed<Expr> {
    let check = |pattern: Box<Expr>| {
        let signature = Signature::any(1, Volatility::Volatile);
        Box::new(ScalarUDF::new_from_impl(Checked { signature }).call(vec![*pattern]))
    };
    match expr {
        Expr::Like(like) if !is_short(&like.pattern) => {
            Transformed::yes(Expr::Like(Like { pattern: check(like.pattern), ..like }))
        }
        Expr::SimilarTo(like) if !is_short(&like.pattern) => {
            Transformed::yes(Expr::SimilarTo(Like { pattern: check(like.pattern), ..like }))
        }
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_match(op) && !is_sound(&right) => {
            Transformed::yes(Expr::BinaryExpr(BinaryExpr { left, op, right: check(right) }))
        }
        other => Transformed::no(other),
    }
}

fn is_short(pattern: &Expr) -> bool {
    let Expr::Literal(value, _) = pattern else { return false };
    value.try_as_str().flatten().is_none_or(|text| text.len() <= limits::PATTERN_BYTES_MAX)
}

/// Whether it is a short literal that can be compiled: of another the optimizer tells nobody what is wrong.
pub(super) fn is_sound(pattern: &Expr) -> bool {
    let Expr::Literal(value, _) = pattern else { return false };
    is_short(pattern) && value.try_as_str().flatten().is_none_or(|text| Regex::new(text).is_ok())
}

/// Checks the patterns of one batch.
pub(super) fn check(patterns: &ColumnarValue) -> Result<()> {
    let texts = match patterns {
        ColumnarValue::Scalar(value) => value.to_array()?,
        ColumnarValue::Array(array) => Arc::clone(array),
    };
    if !texts.data_type().is_string() {
        return Ok(());
    }
    let texts = cast(&texts, &DataType::LargeUtf8)?;
    let mut seen = BTreeSet::new();
    for text in texts.as_string::<i64>().iter().flatten() {
        if text.len() > limits::PATTERN_BYTES_MAX {
            return exec_err!(
                "a pattern has {} bytes; {} are allowed",
                text.len(),
                limits::PATTERN_BYTES_MAX
            );
        }
        seen.insert(text);
        if seen.len() > limits::PATTERNS_MAX {
            return exec_err!(
                "there are more than {} patterns; a statement matches with few",
                limits::PATTERNS_MAX
            );
        }
    }
    Ok(())
}

/// The function that gives the pattern it is given, once it is checked.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Checked {
    signature: Signature,
}

impl ScalarUDFImpl for Checked {
    fn name(&self) -> &'static str {
        "pattern"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        match arguments {
            [argument] => Ok(argument.clone()),
            _ => internal_err!("pattern takes one argument"),
        }
    }

    fn invoke_with_args(&self, mut args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match args.args.pop() {
            Some(pattern) => check(&pattern).map(|()| pattern),
            None => internal_err!("pattern takes one argument"),
        }
    }
}

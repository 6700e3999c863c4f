//! What a function's argument wants of a key, by the function's name and the argument's place.

use datafusion::sql::sqlparser::ast::{FunctionArg, FunctionArgExpr};

use super::names;
use crate::tables::key::Want;

/// Functions of numbers that give numbers.
const NUMERIC: &[&str] = &[
    "abs",
    "acos",
    "acosh",
    "approx_median",
    "approx_percentile",
    "approx_percentile_cont",
    "approx_percentile_cont_with_weight",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "avg",
    "bucket",
    "cbrt",
    "ceil",
    "corr",
    "cos",
    "cosh",
    "cot",
    "covar",
    "covar_pop",
    "covar_samp",
    "degrees",
    "div",
    "ema",
    "exp",
    "factorial",
    "floor",
    "gaussian",
    "gcd",
    "isnan",
    "iszero",
    "lcm",
    "ln",
    "log",
    "log10",
    "log2",
    "mean",
    "median",
    "mod",
    "nanvl",
    "percentile_cont",
    "pow",
    "power",
    "quantile_cont",
    "radians",
    "regr_avgx",
    "regr_avgy",
    "regr_count",
    "regr_intercept",
    "regr_r2",
    "regr_slope",
    "regr_sxx",
    "regr_sxy",
    "regr_syy",
    "round",
    "running_mean",
    "sign",
    "signum",
    "sin",
    "sinh",
    "slope",
    "sqrt",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "sum",
    "tan",
    "tanh",
    "trunc",
    "twema",
    "var",
    "var_pop",
    "var_population",
    "var_samp",
    "var_sample",
];
/// Functions of numbers that give something else.
const MEASURING: &[&str] = &["buckets", "histogram", "sparkline"];
/// Functions that count.
const COUNTING: &[&str] = &["buckets", "count"];
/// Functions that put values in order.
const ORDERING: &[&str] = &["best", "greatest", "least", "max", "min"];
/// Functions that give their first argument where the second is least or greatest.
const AT: &[&str] = &["arg_max", "arg_min", "first_at", "last_at"];
/// Functions whose arguments stand for each other.
const CHOOSING: &[&str] = &["coalesce", "ifnull", "nullif", "nvl", "nvl2"];

/// What the argument at a place wants, where the function's own place wants `outer`.
pub(super) fn want(name: &str, place: usize, arguments: &[FunctionArg], outer: Want) -> Want {
    let is_literal = |argument: &FunctionArg| matches!(argument, FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) if names::is_number(expr));
    match name {
        _ if NUMERIC.contains(&name) || MEASURING.contains(&name) => Want::Number,
        _ if ORDERING.contains(&name) => Want::Sortable,
        _ if AT.contains(&name) => {
            if place == 0 {
                outer
            } else {
                Want::Sortable
            }
        }
        "glob" => Want::LikeText,
        _ if !CHOOSING.contains(&name) => Want::Any,
        _ if arguments.iter().any(is_literal) => Want::LikeNumber,
        _ => outer,
    }
}

/// What its `WITHIN GROUP (ORDER BY …)` wants.
pub(super) fn order_want(name: &str) -> Want {
    if NUMERIC.contains(&name) { Want::Number } else { Want::Sortable }
}

/// Whether what it gives is a number, whatever it is given.
pub(super) fn gives_number(name: &str) -> bool {
    NUMERIC.contains(&name) || COUNTING.contains(&name)
}

/// Whether a key in the argument at a place is what it gives, or makes the number that it gives.
pub(super) fn passes_key(name: &str, place: usize) -> bool {
    let of_all = NUMERIC.contains(&name) || ORDERING.contains(&name) || CHOOSING.contains(&name);
    (of_all && name != "div") || (AT.contains(&name) && place == 0)
}

//! What a request says of a chart, as types that cannot be wrong.

use engine::Space;
use serde::Deserialize;

use super::expression::Expression;
use crate::error::Error;
use crate::limits;

/// Which rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// What the script logs.
    #[default]
    History,
    /// What the client samples of the machine.
    System,
}

/// What stands along the axis.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(from = "String")]
pub enum Axis {
    /// `_step`: the step; seconds since the run began for what is sampled.
    #[default]
    Step,
    /// `_runtime`: seconds that the process had run.
    Runtime,
    /// `_timestamp`: seconds since 1970.
    Timestamp,
    /// `_absolute_runtime`: seconds since the run was made.
    SinceCreation,
    /// Another key, where it is a number.
    Key(String),
    /// A number worked out of several.
    Expression(Expression),
}

impl From<String> for Axis {
    fn from(name: String) -> Self {
        match name.as_str() {
            "_step" => Self::Step,
            "_runtime" => Self::Runtime,
            "_timestamp" => Self::Timestamp,
            "_absolute_runtime" => Self::SinceCreation,
            _ => Self::Key(name),
        }
    }
}

impl Axis {
    /// What a request says of it, as a name or as an expression.
    ///
    /// # Errors
    ///
    /// `Invalid` where it says both, and what [`Expression::parse`] says.
    pub fn of(name: Option<Self>, expression: Option<&str>) -> Result<Self, Error> {
        match (name, expression) {
            (Some(_), Some(_)) => Err(Error::invalid("a chart has x or x_expression, not both")),
            (None, Some(text)) => Expression::parse("x_expression", text).map(Self::Expression),
            (name, None) => Ok(name.unwrap_or_default()),
        }
    }
}

/// What a request says of its lines.
///
/// # Errors
///
/// `Invalid` where it says nothing, and what [`Expression::parse`] says.
pub fn lines(
    keys: Option<Vec<String>>,
    expressions: &[String],
) -> Result<(Vec<String>, Vec<Expression>), Error> {
    if keys.is_none() && expressions.is_empty() {
        return Err(Error::invalid("a chart has keys or expressions, and this one has none"));
    }
    at_most("expressions", expressions.len(), limits::CHART_KEYS_MAX)?;
    let each = expressions.iter().enumerate();
    let read = each.map(|(place, text)| Expression::parse(&format!("expressions[{place}]"), text));
    Ok((keys.unwrap_or_default(), read.collect::<Result<_, Error>>()?))
}

pub(super) fn at_most(what: &str, found: usize, limit: usize) -> Result<(), Error> {
    if found <= limit {
        return Ok(());
    }
    Err(Error::too_large(format!("a chart of {found} {what}; at most {limit} are drawn")))
}

/// A smoothed line beside the line itself.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct Smoothing {
    /// Which.
    pub kind: Kernel,
    /// Its parameter: p of 0 to 1, a deviation in points, or points.
    pub value: f64,
}

/// How a line is smoothed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kernel {
    /// Time-weighted exponential moving mean.
    Twema,
    /// Exponential moving mean.
    Ema,
    /// A mean of both sides, weighed by distance.
    Gaussian,
    /// A mean of so many points around.
    Running,
}

/// How the runs of a group become one line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct Grouping {
    /// The line.
    #[serde(default)]
    pub aggregate: Aggregate,
    /// What is around it.
    #[serde(default)]
    pub band: Band,
}

/// What of the runs of a group the line is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "they are their names")]
pub enum Aggregate {
    #[default]
    Mean,
    Min,
    Max,
    Median,
    Sum,
}

/// What a band around a line spans.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Band {
    /// From the least to the greatest value.
    #[default]
    MinMax,
    /// A standard deviation (of the population) on each side.
    Deviation,
    /// A standard error on each side.
    Error,
    /// Nothing.
    None,
}

impl Stream {
    pub(super) fn space(self) -> Space {
        match self {
            Self::History => Space::History,
            Self::System => Space::System,
        }
    }
}

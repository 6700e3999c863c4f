//! Which frames a window function may have: one whose value is worked out of its whole frame costs, for
//! each row, as much as the frame is long.

use datafusion::common::tree_node::{TreeNode as _, TreeNodeRecursion};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::expr::WindowFunctionDefinition;
use datafusion::logical_expr::{Expr, LogicalPlan, WindowFrame, WindowFrameBound, WindowFrameUnits};

use crate::error::Error;
use crate::limits;

/// Functions whose value of a frame is worked out anew for each row. Our own `histogram` and `sparkline`
/// are too, but promised over frames that grow, and of bounded memory.
const ANEW: &[&str] = &["array_agg", "median", "percentile_cont", "quantile_cont", "string_agg"];
/// Those of them whose value is as long as the frame, so that even one frame for all rows is too much.
const AS_LONG: &[&str] = &["array_agg", "string_agg"];

/// Checks the window functions of one node of a plan.
pub(crate) fn check(node: &LogicalPlan) -> Result<Option<Error>> {
    let LogicalPlan::Window(window) = node else { return Ok(None) };
    let mut refused = None;
    for expr in &window.window_expr {
        expr.apply(|expr| {
            if let Expr::WindowFunction(function) = expr {
                refused = refusal(&function.fun, &function.params.window_frame);
            }
            Ok(if refused.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
        })?;
        if refused.is_some() {
            break;
        }
    }
    Ok(refused)
}

fn refusal(function: &WindowFunctionDefinition, frame: &WindowFrame) -> Option<Error> {
    let reach = |bound| reach(frame.units, bound);
    let (before, after) = (reach(&frame.start_bound), reach(&frame.end_bound));
    let far = [before, after].into_iter().flatten().find(|rows| *rows > limits::FRAME_REACH_MAX);
    if far.is_some() {
        let message = format!("a frame reaches further than {} rows", limits::FRAME_REACH_MAX);
        return Some(Error::too_large(message).with_hint("write UNBOUNDED"));
    }
    let name = function.name();
    let is_whole = frame.start_bound.is_unbounded() && frame.end_bound.is_unbounded();
    let is_short = before.zip(after).is_some_and(|(before, after)| {
        frame.units == WindowFrameUnits::Rows && before.saturating_add(after) <= limits::FRAME_ROWS_MAX
    });
    if !ANEW.contains(&name) || is_short || (is_whole && !AS_LONG.contains(&name)) {
        return None;
    }
    let message = format!(
        "{name} works out each row of its whole frame, which may have {} rows",
        limits::FRAME_ROWS_MAX
    );
    Some(Error::too_large(message).with_hint(format!(
        "write ROWS BETWEEN {} PRECEDING AND CURRENT ROW, or GROUP BY",
        limits::FRAME_ROWS_MAX
    )))
}

/// How many rows a bound is away; none where it has no end.
fn reach(units: WindowFrameUnits, bound: &WindowFrameBound) -> Option<u64> {
    match bound {
        WindowFrameBound::CurrentRow => Some(0),
        WindowFrameBound::Preceding(value) | WindowFrameBound::Following(value) => match value {
            ScalarValue::UInt64(rows) => *rows,
            // Of RANGE the values tell, and they are no rows.
            _ if units == WindowFrameUnits::Range && !value.is_null() => Some(0),
            _ => None,
        },
    }
}

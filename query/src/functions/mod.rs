//! The functions of a statement and the rules of its planning, built once (S7: a closed list).
//!
//! Those of the query engine, but for what is not ours to give, and our own: one file an idea, each on
//! `docs/functions.md` with an example that is run.

mod arguments;
mod best;
mod bounded;
mod bucket;
mod buckets;
mod div;
mod equal_width;
mod extreme;
mod glob;
mod histogram;
mod min_max;
pub(crate) mod patterns;
mod renamed;
mod series;
mod smoothing;
mod sparkline;

use std::sync::Arc;

use datafusion::common::{Result, plan_err};
use datafusion::execution::SessionStateDefaults;
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::{AggregateUDF, ScalarUDF, WindowUDF};
use datafusion::prelude::SessionConfig;

use self::min_max::MinMax;
use self::renamed::{Renamed, RenamedAggregate};
use crate::error::Error;
use crate::filter::any_match;
use crate::scan::in_order::MergeInOrder;
use crate::{catalog, limits};

/// Functions that make a list of any length; in FROM they are streams and stay.
const UNBOUNDED: &[&str] = &["generate_series", "range"];
/// Functions about files, of which there are none.
const OF_FILES: &[&str] = &["file_row_index", "input_file_name"];

/// The state that each statement's own is cloned from.
pub(crate) fn template() -> Result<SessionState, Error> {
    let scalar = SessionStateDefaults::default_scalar_functions()
        .into_iter()
        .filter(|function| !UNBOUNDED.contains(&function.name()) && !OF_FILES.contains(&function.name()))
        .map(bounded::bounded)
        .chain(own_scalars())
        .chain([any_match::function()])
        .collect();
    let mut aggregates = SessionStateDefaults::default_aggregate_functions();
    aggregates.extend(own_aggregates(&aggregates)?);
    for function in &mut aggregates {
        if MinMax::NAMES.contains(&function.name()) {
            *function = Arc::new(AggregateUDF::new_from_impl(MinMax::new(Arc::clone(function))));
        }
    }
    let mut windows = SessionStateDefaults::default_window_functions();
    windows.extend(own_windows());
    let mut state = SessionStateBuilder::new()
        .with_config(config())
        .with_scalar_functions(scalar)
        .with_higher_order_functions(SessionStateDefaults::default_higher_order_functions())
        .with_aggregate_functions(aggregates)
        .with_window_functions(windows)
        .with_table_function_list(SessionStateDefaults::default_table_functions())
        .with_expr_planners(SessionStateDefaults::default_expr_planners())
        .with_physical_optimizer_rule(Arc::new(MergeInOrder))
        .build();
    datafusion_functions_json::register_all(&mut state)?;
    Ok(state)
}

fn own_scalars() -> Vec<Arc<ScalarUDF>> {
    let functions = [
        ScalarUDF::new_from_impl(div::Div::new()),
        ScalarUDF::new_from_impl(bucket::Bucket::new()),
        ScalarUDF::new_from_impl(glob::Glob::new()),
    ];
    functions.map(Arc::new).into()
}

/// Some stand on those of the query engine.
fn own_aggregates(engines: &[Arc<AggregateUDF>]) -> Result<Vec<Arc<AggregateUDF>>> {
    let mut functions = vec![
        AggregateUDF::new_from_impl(histogram::Histogram::new()),
        AggregateUDF::new_from_impl(sparkline::Sparkline::new()),
        AggregateUDF::new_from_impl(best::Best::new()),
    ];
    functions.extend(extreme::Rule::ALL.map(|rule| AggregateUDF::new_from_impl(extreme::Extreme::new(rule))));
    for which in [Renamed::ApproxPercentile, Renamed::Slope] {
        let Some(inner) = engines.iter().find(|function| function.name() == which.original()) else {
            return plan_err!("there is no function {}", which.original());
        };
        functions.push(AggregateUDF::new_from_impl(RenamedAggregate::new(which, Arc::clone(inner))));
    }
    Ok(functions.into_iter().map(Arc::new).collect())
}

fn own_windows() -> Vec<Arc<WindowUDF>> {
    let smoothing =
        smoothing::Kind::ALL.map(|kind| WindowUDF::new_from_impl(smoothing::Smoothing::new(kind)));
    let buckets = WindowUDF::new_from_impl(buckets::Buckets::new());
    smoothing.into_iter().chain([buckets]).map(Arc::new).collect()
}

/// Checks a pattern of `glob`.
pub(crate) fn check_glob(pattern: &str) -> Result<(), Error> {
    glob::compiled(pattern).map(drop).map_err(Error::from)
}

/// The names of our own functions that can stand in an expression, sorted.
pub(crate) fn own_names() -> Result<Vec<String>> {
    let aggregates = own_aggregates(&SessionStateDefaults::default_aggregate_functions())?;
    let scalars = own_scalars();
    let windows = own_windows();
    let names = scalars.iter().map(|function| function.name());
    let names = names.chain(aggregates.iter().map(|function| function.name()));
    let mut names: Vec<String> =
        names.chain(windows.iter().map(|function| function.name())).map(str::to_owned).collect();
    names.sort_unstable();
    Ok(names)
}

fn config() -> SessionConfig {
    let mut config = SessionConfig::new()
        .with_target_partitions(limits::partitions())
        .with_batch_size(limits::BATCH_ROWS)
        .with_information_schema(false)
        .with_create_default_catalog_and_schema(false)
        .with_default_catalog_and_schema(catalog::CATALOG, catalog::SCHEMA);
    let options = config.options_mut();
    // Partitions are shares of a scan that are taken together in order (`scan/in_order.rs`): rows that were
    // dealt out to threads would come in another order each time.
    options.optimizer.enable_round_robin_repartition = false;
    options.optimizer.repartition_aggregations = false;
    options.optimizer.repartition_joins = false;
    options.optimizer.repartition_windows = false;
    options.optimizer.repartition_sorts = false;
    // Keys keep their case; table names are folded by the resolver.
    options.sql_parser.enable_ident_normalization = false;
    options.sql_parser.map_string_types_to_utf8view = false;
    "nulls_last".clone_into(&mut options.sql_parser.default_null_ordering);
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a release of the query engine adds is not callable before somebody has looked at it.
    #[test]
    fn the_functions_are_those_of_the_golden_list() {
        let state = template().unwrap();
        let mut names: Vec<&str> = state
            .scalar_functions()
            .keys()
            .chain(state.aggregate_functions().keys())
            .chain(state.window_functions().keys())
            .chain(state.higher_order_functions().keys())
            .chain(state.table_functions().keys())
            .map(String::as_str)
            .collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.join("\n"), include_str!("functions.txt").trim_end(), "{}", names.join("\n"));
    }
}

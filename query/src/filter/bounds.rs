//! How large a filter may be, counted while it is read, so that what comes of it is within the bounds
//! of SQL text too.

use crate::error::Error;
use crate::limits;

/// What is left of the bounds.
#[derive(Debug)]
pub(super) struct Bounds {
    terms: usize,
    values: usize,
}

impl Bounds {
    pub(super) fn new() -> Self {
        Self { terms: limits::FILTER_TERMS_MAX, values: limits::FILTER_VALUES_MAX }
    }

    /// Counts one more comparison.
    pub(super) fn term(&mut self) -> Result<(), Error> {
        take(&mut self.terms, 1, "conditions", limits::FILTER_TERMS_MAX)
    }

    /// Counts values of a list.
    pub(super) fn values(&mut self, count: usize) -> Result<(), Error> {
        take(&mut self.values, count, "values in lists", limits::FILTER_VALUES_MAX)
    }
}

fn take(left: &mut usize, count: usize, what: &str, limit: usize) -> Result<(), Error> {
    *left = left
        .checked_sub(count)
        .ok_or_else(|| Error::too_large(format!("the filter has more than {limit} {what}")))?;
    Ok(())
}

/// One level further in.
pub(super) fn deeper(depth: usize) -> Result<usize, Error> {
    if depth >= limits::FILTER_NESTING_MAX {
        return Err(Error::too_large(format!(
            "the filter has more than {} levels within each other",
            limits::FILTER_NESTING_MAX
        )));
    }
    Ok(depth + 1)
}

pub(super) fn check_bytes(text: &str) -> Result<(), Error> {
    if text.len() > limits::FILTER_BYTES_MAX {
        return Err(Error::too_large(format!(
            "the filter has {} bytes; {} are allowed",
            text.len(),
            limits::FILTER_BYTES_MAX
        )));
    }
    Ok(())
}

//! `runs`: a row a run. Its columns are made a chunk of runs at a time and kept while the chunk
//! stands, so that a statement over unchanged runs copies nothing.

mod choice;
mod columns;
mod provider;

pub(crate) use columns::TABLE;
pub(crate) use provider::{HistoryRows, Identity, RunsSource, keys_of};

#[cfg(test)]
mod tests {
    use engine::Attribute;

    use super::*;

    #[test]
    fn every_attribute_is_a_column() {
        for attribute in Attribute::ALL {
            assert!(TABLE.column(attribute.column()).is_some(), "{}", attribute.column());
        }
    }
}

//! `SHOW TABLES` and `DESCRIBE`: what there is, from the declarations and the key catalogue.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::DataFusionError;
use datafusion::sql::sqlparser::ast::ObjectName;
use engine::Space;

use crate::error::Error;
use crate::resolver::{self, Catalogue};
use crate::tables::key::Sort;
use crate::tables::{self, KeyColumns};

/// The tables and what a row of each is.
pub(crate) fn tables() -> Result<RecordBatch, Error> {
    let names = tables::ALL.iter().map(|table| table.name.to_owned()).collect();
    let docs = tables::ALL.iter().map(|table| table.doc.to_owned()).collect();
    batch([("table_name", names), ("a_row_is", docs)])
}

/// The columns of a table: the fixed ones, then the keys that runs have.
pub(crate) fn table(name: &ObjectName, catalogue: &Catalogue<'_>) -> Result<RecordBatch, Error> {
    let table = resolver::table(name)?;
    let (mut names, mut types, mut docs) = (Vec::new(), Vec::new(), Vec::new());
    for column in
        table.columns.iter().filter(|column| catalogue.include_deleted || column.name != "deleted_at")
    {
        names.push(column.name.to_owned());
        types.push(column.kind.name().to_owned());
        docs.push(column.doc.to_owned());
    }
    let spaces: &[(&str, Space)] = match table.keys {
        KeyColumns::None => &[],
        KeyColumns::ConfigAndSummary => &[("config.", Space::Config), ("summary.", Space::Summary)],
        KeyColumns::Bare(Space::System) => &[("", Space::System)],
        KeyColumns::Bare(_) => &[("", Space::History)],
    };
    for (root, space) in spaces {
        for (key, kinds) in catalogue.list(*space) {
            names.push(format!("{root}{key}"));
            types.push(Sort::of(*kinds).name().to_owned());
            docs.push("a key that runs have".to_owned());
        }
    }
    batch([("column_name", names), ("type", types), ("meaning", docs)])
}

fn batch<const N: usize>(columns: [(&str, Vec<String>); N]) -> Result<RecordBatch, Error> {
    let fields: Vec<Field> =
        columns.iter().map(|(name, _)| Field::new(*name, DataType::Utf8, true)).collect();
    let arrays =
        columns.into_iter().map(|(_, texts)| Arc::new(StringArray::from(texts)) as ArrayRef).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
        .map_err(|error| DataFusionError::from(error).into())
}

//! `wbq.table_files`: the files of columns that the log became.

mod columns;
mod provider;

pub(crate) use columns::TABLE;
pub(crate) use provider::TableFiles;

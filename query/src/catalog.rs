//! Names to providers: the catalogue of one statement, and the world around it, which has no files.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::catalog::{
    CatalogProvider, CatalogProviderList, MemoryCatalogProvider, MemoryCatalogProviderList,
    MemorySchemaProvider, SchemaProvider,
};

use crate::error::Error;
use crate::resolver::{KeyColumn, Past};
use crate::scan::rows::RowSource;
use crate::scan::{Context, Provider, Source};
use crate::tables::artifact_uses::ArtifactUses;
use crate::tables::artifacts::Artifacts;
use crate::tables::console::Console;
use crate::tables::events::Events;
use crate::tables::files::Files;
use crate::tables::history::HistorySource;
use crate::tables::keys::Keys;
use crate::tables::points::Points;
use crate::tables::projects::Projects;
use crate::tables::quarantine::Quarantine;
use crate::tables::run_changes::RunChanges;
use crate::tables::runs::RunsSource;
use crate::tables::segments::Segments;
use crate::tables::settings::Settings;
use crate::tables::system_points::SystemPoints;
use crate::tables::table_files::TableFiles;
use crate::tables::{self, Column, Table};

/// The catalogue's name, which nobody types.
pub(crate) const CATALOG: &str = "store";
/// The schema of the tables without one.
pub(crate) const SCHEMA: &str = "main";

/// A catalogue with the tables that a statement names, each with the keys that it names; those of the
/// past each over its own snapshot.
pub(crate) fn of_statement(
    context: &Arc<Context>,
    named: &BTreeMap<&'static str, Vec<KeyColumn>>,
    past: &[(Past, Arc<Context>)],
) -> Result<Arc<dyn CatalogProviderList>, Error> {
    let catalog = MemoryCatalogProvider::new();
    let (main, own) = (Arc::new(MemorySchemaProvider::new()), Arc::new(MemorySchemaProvider::new()));
    for (name, keys) in named {
        let Some(table) = tables::ALL.iter().find(|table| table.name == *name) else { continue };
        let provider = Arc::new(Provider::new(table.name, source(context, table, keys)));
        let schema = if table.name == table.short_name() { &main } else { &own };
        schema.register_table(table.short_name().to_owned(), provider)?;
    }
    for (Past { table, name, .. }, context) in past {
        let Some(table) = tables::ALL.iter().find(|known| known.name == *table) else { continue };
        let keys = named.get(table.name).map_or(&[][..], Vec::as_slice);
        let provider = Provider::new(table.name, source(context, table, keys));
        main.register_table(name.clone(), Arc::new(provider))?;
    }
    catalog.register_schema(SCHEMA, main)?;
    catalog.register_schema("wbq", own)?;
    let list = MemoryCatalogProviderList::new();
    list.register_catalog(CATALOG.to_owned(), Arc::new(catalog));
    Ok(Arc::new(list))
}

fn source(context: &Arc<Context>, table: &'static Table, keys: &[KeyColumn]) -> Arc<dyn Source> {
    let context = Arc::clone(context);
    match table.name {
        "runs" => {
            let fixed: Vec<&'static Column> = table
                .columns
                .iter()
                .filter(|column| context.include_deleted || column.name != "deleted_at")
                .collect();
            Arc::new(RunsSource::new(context, &fixed, keys))
        }
        "points" => Arc::new(RowSource::new(context, Points)),
        "system_points" => Arc::new(RowSource::new(context, SystemPoints)),
        "console" => Arc::new(RowSource::new(context, Console)),
        "files" => Arc::new(RowSource::new(context, Files)),
        "artifacts" => Arc::new(RowSource::new(context, Artifacts)),
        "artifact_uses" => Arc::new(RowSource::new(context, ArtifactUses)),
        "events" => Arc::new(RowSource::new(context, Events)),
        "run_changes" => Arc::new(RowSource::new(context, RunChanges)),
        "projects" => Arc::new(RowSource::new(context, Projects)),
        "keys" => Arc::new(RowSource::new(context, Keys)),
        "quarantine" => Arc::new(RowSource::new(context, Quarantine)),
        "wbq.segments" => Arc::new(RowSource::new(context, Segments)),
        "wbq.table_files" => Arc::new(RowSource::new(context, TableFiles)),
        "wbq.settings" => Arc::new(RowSource::new(context, Settings)),
        _ => Arc::new(HistorySource::new(context, table, keys)),
    }
}

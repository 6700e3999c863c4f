//! Pages for people, printed from the declarations.

use std::fmt::Write as _;

use crate::error::Error;
use crate::tables::{ALL, KeyColumns, Table};
use crate::{functions, resolver};

/// The text of `docs/tables.md`.
#[must_use]
pub fn tables_markdown() -> String {
    let mut page = String::from(
        "# Tables\n\n\
         What SQL sees. This page is printed from the declarations in `query/src/tables/`; a test compares.\n",
    );
    for table in ALL {
        write_table(&mut page, table);
    }
    page
}

/// The columns of a table that are there whatever was logged; none where there is no such table.
pub fn columns(table: &str) -> impl Iterator<Item = &'static str> {
    let table = ALL.into_iter().find(|known| known.name == table);
    table.into_iter().flat_map(|table| table.columns).map(|column| column.name)
}

/// The names of the functions that are our own, in expressions and in FROM, sorted. `docs/functions.md` has
/// an example of each.
///
/// # Errors
///
/// When the query engine lacks what one of them stands on.
pub fn functions() -> Result<Vec<String>, Error> {
    let mut names = functions::own_names()?;
    names.push(resolver::GLOB_KEYS.to_owned());
    names.sort_unstable();
    Ok(names)
}

fn write_table(page: &mut String, table: &Table) {
    let keys = match table.keys {
        KeyColumns::None => "",
        KeyColumns::ConfigAndSummary => {
            " Each key of config and summary is a column too: `config.lr`, `summary.loss`, `summary.\"val/acc\"`."
        }
        KeyColumns::Bare(_) => " Each key that was logged is a column too: `loss`, `\"val/acc\"`.",
    };
    let mut line = |text: std::fmt::Arguments<'_>| {
        // Writing to a String does not fail.
        let _infallible = page.write_fmt(text);
    };
    line(format_args!("\n## `{}`\n\nA row is {}.{keys}\n\n", table.name, table.doc));
    line(format_args!("| column | type | meaning |\n| --- | --- | --- |\n"));
    for column in table.columns {
        let doc = column.doc.replace('|', "\\|");
        line(format_args!("| `{}` | {} | {doc} |\n", column.name, column.kind.name()));
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_table_and_column_is_on_the_page() {
        let page = super::tables_markdown();
        for table in super::ALL {
            assert!(page.contains(&format!("## `{}`", table.name)));
            for column in table.columns {
                assert!(page.contains(&format!("| `{}` |", column.name)), "{}", column.name);
            }
        }
    }
}

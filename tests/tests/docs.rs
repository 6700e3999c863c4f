//! Pages that are printed from the code say what the code says.

use std::fs;
use std::path::Path;

/// `WBQ_WRITE_DOCS=1 cargo nextest run --cargo-profile ci -p wbq-tests docs` writes it anew.
#[test]
fn the_page_of_tables_is_what_the_code_prints() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/tables.md");
    let printed = query::docs::tables_markdown();
    if std::env::var_os("WBQ_WRITE_DOCS").is_some() {
        fs::write(&page, &printed).unwrap();
    }
    assert_eq!(fs::read_to_string(&page).unwrap_or_default(), printed, "docs/tables.md is out of date");
}

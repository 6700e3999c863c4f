//! `wbq watch "SQL"`: a statement, answered again and again; printed where the answer is another one.

use std::io::{IsTerminal as _, stdout};
use std::time::Duration;

use query::output::{Format, Writer};

use super::Context;
use crate::answer::Answerer;
use crate::args::{Global, Watch};
use crate::failure::{Failure, Result};
use crate::interrupt;
use crate::output::{self, Messages};
use crate::place::{Environment, Place};

/// Clears a terminal and goes to its first place.
const CLEAR: &str = "\x1b[2J\x1b[H";

pub(crate) fn run(context: &Context<'_>, asked: &Watch) -> Result<()> {
    let format = output::format(context.global, Format::Ndjson);
    if matches!(format, Format::Parquet | Format::Arrow) {
        return Err(Failure::usage(
            "a statement is watched as text: --format table, json, ndjson, csv or markdown",
        ));
    }
    let clears = stdout().is_terminal() && format == Format::Table;
    let (global, messages, asked) = (context.global.clone(), context.messages, asked.clone());
    interrupt::unless(async move {
        let mut before = None;
        let mut printed = 0;
        while asked.times.is_none_or(|times| printed < times) {
            let text = answer(&global, &asked.sql, format, messages, before.is_none()).await?;
            if before.as_ref() != Some(&text) {
                let heading = if clears {
                    format!("{CLEAR}every {:?}: {}\n\n", asked.every, asked.sql)
                } else {
                    String::new()
                };
                output::print(&format!("{heading}{text}"))?;
                before = Some(text);
                printed += 1;
            }
            if asked.times.is_none_or(|times| printed < times) {
                tokio::time::sleep(asked.every.max(Duration::from_millis(50))).await;
            }
        }
        Ok(())
    })
}

/// The answer as it stands now. The place is found anew: a server may come or go.
async fn answer(
    global: &Global,
    sql: &str,
    format: Format,
    messages: Messages,
    warns: bool,
) -> Result<String> {
    let answerer = Answerer::at(Place::find(global, &Environment::read())?, global)?;
    let mut answer = answerer.answer(sql).await?;
    if warns {
        answer.warnings.iter().for_each(|warning| messages.warn(warning));
    }
    let unwritten = |error: std::io::Error| output::unwritten(&error);
    let mut writer = Writer::new(format, &answer.schema, Vec::new()).map_err(unwritten)?;
    while let Some(batch) = answer.next().await {
        writer.write(&batch?).map_err(unwritten)?;
    }
    let text = writer.finish().map_err(unwritten)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

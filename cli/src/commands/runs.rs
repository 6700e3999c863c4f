//! `wbq runs`: the runs table, which a filter chooses from, sorted, or in groups.

use std::io::Write as _;

use arrow::array::RecordBatch;
use query::filter::{self, Predicate};
use query::output::{Format, Writer};
use query::runs_table::{self, Request};

use super::Context;
use crate::answer::{self, Answer, Answerer, Page};
use crate::args::Table;
use crate::failure::{Failure, Result};
use crate::output::Messages;
use crate::place::Place;
use crate::{interrupt, output};

pub(crate) fn run(context: &Context<'_>, asked: Table) -> Result<()> {
    let request = request(&asked)?;
    if asked.sql {
        return output::print(&format!("{}\n", request.sql()));
    }
    let format = output::format(context.global, Format::Ndjson);
    let place = Place::find(context.global, &context.environment)?;
    let (global, messages) = (context.global.clone(), context.messages);
    interrupt::unless(async move {
        // Whoever answers must stay for as long as rows come.
        let answerer = Answerer::at(place, &global)?;
        let page = answerer.runs(&asked, &request).await?;
        print(page, request.is_grouped(), format, messages).await
    })
}

/// What was asked for; a mistake is told before anybody is asked.
fn request(asked: &Table) -> Result<Request> {
    let text = asked.filter.as_deref().unwrap_or_default();
    let now = answer::now();
    let filter: Predicate = filter::parse(text, now).map_err(|error| answer::failure(&error, text, None))?;
    let request = Request::new(filter, now)
        .sorted_by(asked.sort.as_deref().unwrap_or_default())
        .and_then(|request| request.grouped_by(asked.group.as_deref().unwrap_or_default()))
        .and_then(|request| request.with_columns(asked.columns.as_deref().unwrap_or_default()))
        .and_then(|request| request.page_of(0, asked.limit))
        .and_then(|request| match &asked.project {
            Some(project) => request.in_project(project),
            None => Ok(request),
        });
    request.map_err(|error| answer::failure(&error, text, None))
}

async fn print(page: Page, is_grouped: bool, format: Format, messages: Messages) -> Result<()> {
    let Page { answer, total, runs } = page;
    answer.warnings.iter().for_each(|warning| messages.warn(warning));
    let for_people = is_grouped && matches!(format, Format::Table | Format::Markdown);
    let shown = write(answer, for_people, format).await?;
    if shown < total {
        let what = runs.map_or(String::new(), |runs| format!(" groups of {runs} runs"));
        messages.note(&format!("showing {shown} of {total}{what}; --limit shows more"));
    }
    Ok(())
}

/// Prints the rows; tells how many there were.
async fn write(mut answer: Answer, for_people: bool, format: Format) -> Result<u64> {
    let unwritten = |error: std::io::Error| output::unwritten(&error);
    let fit = |batch: RecordBatch| {
        if !for_people {
            return Ok(batch);
        }
        runs_table::for_people(&batch)
            .map_err(|error| Failure::refused("cannot show the groups").because(&error))
    };
    let schema = fit(RecordBatch::new_empty(answer.schema.clone()))?.schema();
    let mut writer = Writer::new(format, &schema, output::data()).map_err(unwritten)?;
    let mut shown = 0;
    while let Some(batch) = answer.next().await {
        let batch = fit(batch?)?;
        shown += batch.num_rows() as u64;
        writer.write(&batch).map_err(unwritten)?;
    }
    writer.finish().and_then(|mut sink| sink.flush()).map_err(unwritten)?;
    Ok(shown)
}

//! `wbq "SQL"`, `wbq -f FILE`, `wbq -`: statements, answered in order.

use std::io::{Read, Write};

use query::output::{Format, Writer};

use super::Context;
use crate::answer::{self, Answer, Answerer};
use crate::args::Source;
use crate::failure::{Failure, Result};
use crate::output::Messages;
use crate::place::Place;
use crate::{interrupt, output};

pub(crate) fn run(context: &Context<'_>, source: &Source) -> Result<()> {
    let text = read(source)?;
    let statements = query::split(&text).map_err(|error| answer::failure(&error, &text, None))?;
    let format = output::format(context.global, Format::Ndjson);
    match (statements.as_slice(), format) {
        ([], _) => return Err(Failure::usage("there is no statement")),
        ([_, _, ..], Format::Parquet) => {
            return Err(Failure::usage(
                "a Parquet file holds the answer to one statement, and here are several",
            ));
        }
        _ => {}
    }
    let place = Place::find(context.global, &context.environment)?;
    let (global, messages) = (context.global.clone(), context.messages);
    interrupt::unless(async move {
        let answerer = Answerer::at(place, &global)?;
        for statement in &statements {
            print(answerer.answer(statement).await?, format, messages).await?;
        }
        Ok(())
    })
}

fn read(source: &Source) -> Result<String> {
    match source {
        Source::Text(text) => Ok(text.clone()),
        Source::File(path) => {
            let what = || format!("cannot read {}", path.display());
            std::fs::read_to_string(path).map_err(|error| Failure::io(what(), &error))
        }
        Source::Stdin => {
            let mut text = String::new();
            let read = std::io::stdin().read_to_string(&mut text);
            read.map_err(|error| Failure::io("cannot read standard input", &error))?;
            Ok(text)
        }
    }
}

async fn print(mut answer: Answer, format: Format, messages: Messages) -> Result<()> {
    for warning in &answer.warnings {
        messages.warn(warning);
    }
    let unwritten = |error: std::io::Error| output::unwritten(&error);
    let mut writer = Writer::new(format, &answer.schema, output::data()).map_err(unwritten)?;
    while let Some(batch) = answer.next().await {
        writer.write(&batch?).map_err(unwritten)?;
    }
    writer.finish().and_then(|mut sink| sink.flush()).map_err(unwritten)
}

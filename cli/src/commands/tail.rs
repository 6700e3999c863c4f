//! `wbq tail RUN`: what a run writes, as it writes it.
//!
//! ```text
//!  the run as it stands     ─► its last lines, up to the position of its last event
//!  events behind that one   ─► from the server, each once, also when the line breaks in between
//! ```

use std::io::{BufRead as _, BufReader, Read};
use std::thread;
use std::time::Duration;

use engine::Value;

use super::{Context, show};
use crate::answer::Answerer;
use crate::args::{Format, Tail};
use crate::failure::{Failure, Result};
use crate::interrupt;
use crate::output::{self, Messages};
use crate::place::Place;
use crate::remote::Client;

/// How long a line that broke is let rest before it is begun again.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// How often in a row that is tried.
const TRIES: u32 = 30;
/// Keys of a row that are shown to people.
const KEYS_SHOWN: usize = 8;

pub(crate) fn run(context: &Context<'_>, asked: &Tail) -> Result<()> {
    let for_people = match context.global.format {
        None | Some(Format::Table) => true,
        Some(Format::Ndjson) => false,
        Some(_) => return Err(Failure::usage("a run is followed as --format table or ndjson")),
    };
    let row = show::fetch(context, context.global, &asked.run)?;
    let run = Followed::of(&row)?;
    let place = Place::find(context.global, &context.environment)?;
    let again = Place::find(context.global, &context.environment)?;
    let (global, messages, lines) = (context.global.clone(), context.messages, asked.lines);
    interrupt::unless(async move {
        if for_people && lines > 0 {
            let last = Answerer::at(place, &global)?.answer(&run.last_lines(lines)).await?.rows().await?;
            for line in last.iter().rev() {
                output::print(&format!("{}\n", shown(line)))?;
            }
        }
        match again {
            _ if !run.is_at_work => {
                messages.note(&format!("{} is {}, so nothing more will come", run.path, run.state));
                Ok(())
            }
            Place::Folder(_) => {
                messages.note("no server holds this folder, so nothing more will come");
                Ok(())
            }
            Place::Server(client) => follow(&client, &run, for_people, messages),
        }
    })
}

/// A run that is followed, and up to where it was seen.
struct Followed {
    path: String,
    condition: String,
    state: String,
    is_at_work: bool,
    seen: u64,
}

impl Followed {
    fn of(row: &Value) -> Result<Self> {
        let text = |column: &str| row.get(column).and_then(Value::as_str).unwrap_or_default().to_owned();
        let number = |column: &str| row.get(column).and_then(Value::as_i64);
        let [entity, project, id] = ["entity", "project", "run_id"].map(text);
        let broken = || Failure::refused("the answer does not say where the run stands");
        let generation = number("generation").ok_or_else(broken)?;
        let seen = number("updated_lsn").and_then(|lsn| u64::try_from(lsn).ok()).ok_or_else(broken)?;
        let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
        let condition = format!(
            "entity = {} AND project = {} AND run_id = {} AND generation = {generation} AND lsn <= {seen}",
            quoted(&entity),
            quoted(&project),
            quoted(&id)
        );
        let state = text("state");
        let is_at_work = is_at_work(&state) || state == "Pending";
        Ok(Self { path: format!("{entity}/{project}/{id}"), condition, state, is_at_work, seen })
    }

    fn last_lines(&self, lines: u64) -> String {
        let condition = &self.condition;
        format!("SELECT line, text FROM console WHERE {condition} ORDER BY line DESC LIMIT {lines}")
    }
}

fn is_at_work(state: &str) -> bool {
    engine::State::ALL.iter().any(|known| known.name() == state && known.is_active())
}

/// Prints events until the run ends.
fn follow(client: &Client, run: &Followed, for_people: bool, messages: Messages) -> Result<()> {
    let (mut seen, mut tries) = (run.seen, 0);
    loop {
        let broke = match client.events(&format!("run:{}", run.path), seen) {
            Ok(reader) => {
                for event in Events(BufReader::new(reader)) {
                    let (lsn, event) = event?;
                    (seen, tries) = (lsn, 0);
                    output::print(&if for_people { told(&event) } else { event.to_strict_json() + "\n" })?;
                    if is_end(&event) {
                        return Ok(());
                    }
                }
                Failure::refused("the server ended the line")
            }
            Err(failure) => failure,
        };
        tries += 1;
        if tries > TRIES {
            return Err(broke);
        }
        if tries == 1 {
            messages
                .warn(&format!("the line to the server broke at event {seen}; it is begun again behind it"));
        }
        thread::sleep(AGAIN_AFTER);
    }
}

/// Server-sent events: position and data of each.
struct Events<R: Read>(BufReader<R>);

impl<R: Read> Iterator for Events<R> {
    type Item = Result<(u64, Value)>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut id = None;
        loop {
            let mut line = String::new();
            // A line that breaks is begun again by who reads.
            if !matches!(self.0.read_line(&mut line), Ok(bytes) if bytes > 0) {
                return None;
            }
            match line.trim_end().split_once(": ") {
                Some(("id", number)) => id = number.parse().ok(),
                Some(("data", data)) => {
                    let unread = || Failure::refused("cannot read an event of the server");
                    let event = Value::from_json(data.as_bytes()).map_err(|error| unread().because(&error));
                    return Some(event.and_then(|event| Ok((id.ok_or_else(unread)?, event))));
                }
                _ => {}
            }
        }
    }
}

/// Whether the run is no longer at work, or gone.
fn is_end(event: &Value) -> bool {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    match text(event.get("kind")).as_str() {
        "StateChanged" => !is_at_work(&text(event.get("body").and_then(|body| body.get("to")))),
        "RunDeleted" => true,
        _ => false,
    }
}

/// What people see of an event; nothing of most kinds.
fn told(event: &Value) -> String {
    let body = |name: &str| event.get("body").and_then(|body| body.get(name));
    let items = |name: &str| match event.get(name) {
        Some(Value::List(items)) => items.as_slice(),
        _ => &[],
    };
    match event.get("kind").and_then(Value::as_str) {
        Some("ConsoleWritten") => items("lines").iter().map(|line| shown(line) + "\n").collect(),
        Some("Logged") => items("rows").iter().map(|row| logged(row) + "\n").collect(),
        Some("StateChanged") => {
            let word = |name| body(name).map(show::plain).unwrap_or_default();
            format!("state: {} → {} ({})\n", word("from"), word("to"), word("evidence"))
        }
        Some("RunDeleted") => "the run was deleted\n".to_owned(),
        _ => String::new(),
    }
}

/// A line of the console without what would drive the terminal.
fn shown(line: &Value) -> String {
    let text = line.get("text").and_then(Value::as_str).unwrap_or_default();
    show::escape(anstream::adapter::strip_str(text).to_string().trim_end())
}

/// A row of history: the step, then its first keys.
fn logged(row: &Value) -> String {
    let members = row.as_map().unwrap_or_default();
    let keys = members.iter().filter(|(key, _)| !key.starts_with('_'));
    let shown = keys
        .clone()
        .take(KEYS_SHOWN)
        .map(|(key, value)| format!("{}={}", show::escape(key), show::plain(value)));
    let step = row.get("_step").map(show::plain).unwrap_or_default();
    let more = keys.count().saturating_sub(KEYS_SHOWN);
    let more = if more > 0 { format!("  and {more} more") } else { String::new() };
    format!("step {step}  {}{more}", shown.collect::<Vec<_>>().join("  "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(json: &str) -> Value {
        Value::from_json(json.as_bytes()).unwrap()
    }

    #[test]
    fn events_are_read_from_the_line_and_what_keeps_it_open_is_passed_over() {
        let text = ":\n\nid: 7\nevent: Logged\ndata: {\"kind\":\"Logged\"}\n\nid: 9\ndata: {}\n\nid: 10\n";
        let read: Vec<_> = Events(BufReader::new(text.as_bytes())).map(|event| event.unwrap().0).collect();
        assert_eq!(read, [7, 9]);
        assert!(Events(BufReader::new("data: {\n".as_bytes())).next().unwrap().is_err());
    }

    #[test]
    fn people_see_lines_rows_and_states() {
        let lines = event(
            r#"{"kind":"ConsoleWritten","lines":[{"text":"\u001b[31mred\u001b[0m\u0007"},{"text":"x"}]}"#,
        );
        // Colours are left out, and the bell with them.
        assert_eq!(told(&lines), "red\nx\n");
        let rows = event(r#"{"kind":"Logged","rows":[{"_step":3,"_runtime":1,"loss":0.5,"note":"a b"}]}"#);
        assert_eq!(told(&rows), "step 3  loss=0.5  note=a b\n");
        let many: String = (0..10).map(|key| format!(r#","k{key}":{key}"#)).collect();
        let rows = event(&format!(r#"{{"kind":"Logged","rows":[{{"_step":1{many}}}]}}"#));
        assert!(told(&rows).ends_with("k7=7  and 2 more\n"), "{}", told(&rows));
        let ended = event(
            r#"{"kind":"StateChanged","body":{"from":"Running","to":"Failed","evidence":"exit code 3"}}"#,
        );
        assert_eq!(told(&ended), "state: Running → Failed (exit code 3)\n");
        assert!(is_end(&ended) && !is_end(&rows));
        assert_eq!(told(&event(r#"{"kind":"Heartbeat","body":{}}"#)), "");
    }
}

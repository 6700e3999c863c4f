//! What is printed, and where: data alone on stdout; progress, warnings and failures on stderr.

use std::io::{self, BufWriter, IsTerminal, Write};

use query::output::Format;
use serde::Serialize;

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::{Failure, Result};

/// The side of the terminal that speaks to people: stderr.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Messages {
    colour: bool,
    quiet: bool,
}

impl Messages {
    /// Colour on a terminal alone, and not where `NO_COLOR` asks for none.
    pub(crate) fn new(global: &Global) -> Self {
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { colour: io::stderr().is_terminal() && !no_colour, quiet: global.quiet }
    }

    /// Tells of something that does not stop the work.
    pub(crate) fn warn(self, text: &str) {
        if !self.quiet {
            self.print(&format!("{} {text}\n", self.label("warning:", "33")));
        }
    }

    /// Tells how things go.
    pub(crate) fn note(self, text: &str) {
        if !self.quiet {
            self.print(&format!("{text}\n"));
        }
    }

    /// Tells why the command failed.
    pub(crate) fn failure(self, failure: &Failure) {
        // Whoever closed our stdout, or pressed Ctrl+C, knows.
        if matches!(failure.exit, Exit::Ok | Exit::Interrupted) {
            return;
        }
        let lines: Vec<_> = failure.lines().collect();
        self.print(&format!("{} {}\n", self.label("error:", "1;31"), lines.join("\n")));
    }

    /// Asks a question; only `y` and `yes` are a yes.
    pub(crate) fn ask(self, question: &str) -> Result<bool> {
        self.print(&format!("{question} [y/N] "));
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).map_err(|error| Failure::io("cannot read the answer", &error))?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
    }

    fn label(self, word: &str, colour: &str) -> String {
        if self.colour { format!("\x1b[{colour}m{word}\x1b[0m") } else { word.to_owned() }
    }

    fn print(self, text: &str) {
        // Where stderr is gone there is nobody to tell.
        let _nobody = io::stderr().lock().write_all(text.as_bytes());
    }
}

/// Where data goes. Flush it: nothing is written when it is dropped.
pub(crate) fn data() -> BufWriter<io::Stdout> {
    BufWriter::with_capacity(64 << 10, io::stdout())
}

/// How data is printed: as asked, else as a table for a person and as `otherwise` for a program.
pub(crate) fn format(global: &Global, otherwise: Format) -> Format {
    match global.format {
        Some(asked) => asked.into(),
        None if io::stdout().is_terminal() => Format::Table,
        None => otherwise,
    }
}

/// A value as a line of JSON, its members in the order of its fields.
pub(crate) fn json(value: &impl Serialize) -> Result<String> {
    let text = serde_json::to_string(value);
    text.map(|text| text + "\n").map_err(|error| Failure::refused("cannot write JSON").because(&error))
}

/// Prints text as data.
pub(crate) fn print(text: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(|error| unwritten(&error))
}

/// Data could not be written; where the reader has closed the pipe, all is well.
pub(crate) fn unwritten(error: &io::Error) -> Failure {
    Failure::io("cannot write to standard output", error)
}

//! How far long work is: a bar on a terminal, nothing elsewhere.

use std::io::{self, IsTerminal};
use std::time::Duration;

use engine::ops::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::args::Global;

/// A bar that is gone when the work is done.
pub(crate) struct Bar(ProgressBar);

impl Bar {
    pub(crate) fn new(global: &Global, doing: &'static str) -> Self {
        let is_shown = io::stderr().is_terminal() && !global.quiet;
        let target = if is_shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(0), target).with_message(doing);
        // A template that does not parse falls back to the plain bar.
        let template = "{msg} [{bar:30}] {bytes} of {total_bytes}, {binary_bytes_per_sec}, {eta} left";
        bar.set_style(
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        Self(bar)
    }

    /// A sign that something is at work of which nobody knows how far it is.
    pub(crate) fn unknown(global: &Global, doing: &'static str) -> Self {
        let bar = Self::new(global, doing);
        let style = ProgressStyle::with_template("{spinner} {msg}, {elapsed}");
        bar.0.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.0.enable_steady_tick(Duration::from_millis(100));
        bar
    }

    /// A bar over files, each with a name and rows.
    pub(crate) fn of_files(global: &Global, doing: &'static str) -> Self {
        let bar = Self::new(global, doing);
        let template = "{prefix} [{bar:30}] {pos} of {len} files, {msg}";
        bar.0.set_style(
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        bar.0.set_prefix(doing);
        bar
    }

    /// Tells which file is being written and how many rows it has.
    pub(crate) fn show_file(&self, done: usize, total: usize, name: &str, rows: u64) {
        self.0.set_length(total as u64);
        self.0.set_position(done as u64);
        self.0.set_message(format!("{name}: {rows} rows"));
    }

    /// More was done of what there is to do.
    pub(crate) fn add(&self, bytes: u64, total: u64) {
        self.0.set_length(total);
        self.0.inc(bytes);
    }

    pub(crate) fn show(&self, progress: Progress) {
        self.0.set_length(progress.total);
        self.0.set_position(progress.done);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

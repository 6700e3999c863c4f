//! What a terminal would show of a run's output: the lines that the client makes of it, by its rules
//! (`core/internal/terminalemulator` of the client).
//!
//! What holds:
//! - `\n` ends a line, `\r` goes back to its beginning, `ESC [A` and `ESC [B` go a line up and down; any
//!   other sequence is kept as it is. Standard output and error have a cursor each and share the lines.
//! - Of the last [`HEIGHT`] lines each may still change; those above are given away.
//! - A line is cut at [`WIDTH`] characters. Its time is that of its first character.

use std::collections::VecDeque;

use engine::{ConsoleLine, Time};

/// Lines that can still be written over.
const HEIGHT: usize = 32;
/// Characters of a line that are kept.
const WIDTH: usize = 4096;

/// Output so far.
#[derive(Debug, Default)]
pub(crate) struct Terminal {
    out: Cursor,
    err: Cursor,
    lines: VecDeque<Line>,
    /// The number of the first line that is held.
    first: u64,
    done: Vec<ConsoleLine>,
    done_bytes: usize,
}

#[derive(Debug)]
struct Line {
    time: Option<Time>,
    is_stderr: bool,
    text: Vec<char>,
}

#[derive(Debug, Default)]
struct Cursor {
    /// The numbers of the lines in view, from the top.
    view: VecDeque<u64>,
    row: usize,
    column: usize,
    escape: Escape,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Escape {
    #[default]
    None,
    Begun,
    Bracket,
}

impl Terminal {
    /// Takes a piece of output.
    pub(crate) fn write(&mut self, text: &str, is_stderr: bool, time: Option<Time>) {
        let mut cursor = std::mem::take(if is_stderr { &mut self.err } else { &mut self.out });
        for char in text.chars() {
            self.char(&mut cursor, char, is_stderr, time);
        }
        *(if is_stderr { &mut self.err } else { &mut self.out }) = cursor;
    }

    /// Lines that cannot change any more, since it was last asked.
    pub(crate) fn take_done(&mut self) -> Vec<ConsoleLine> {
        self.done_bytes = 0;
        std::mem::take(&mut self.done)
    }

    /// Bytes that they take.
    pub(crate) fn done_bytes(&self) -> usize {
        self.done_bytes
    }

    fn give_away(&mut self) {
        if let Some(line) = self.lines.pop_front() {
            self.first += 1;
            let line = line.told();
            self.done_bytes += line.text.len() + size_of::<ConsoleLine>();
            self.done.push(line);
        }
    }

    /// The output ends: no line can change any more.
    pub(crate) fn end(&mut self) {
        while !self.lines.is_empty() {
            self.give_away();
        }
    }

    fn char(&mut self, cursor: &mut Cursor, char: char, is_stderr: bool, time: Option<Time>) {
        let kept = match (cursor.escape, char) {
            (Escape::None, '\r') => {
                cursor.column = 0;
                return;
            }
            (Escape::None, '\n') => {
                cursor.column = 0;
                return cursor.down();
            }
            (Escape::None, '\u{1b}') => {
                cursor.escape = Escape::Begun;
                return;
            }
            (Escape::Begun, '[') => {
                cursor.escape = Escape::Bracket;
                return;
            }
            (Escape::Bracket, 'A') => {
                cursor.escape = Escape::None;
                cursor.row = cursor.row.saturating_sub(1);
                return;
            }
            (Escape::Bracket, 'B') => {
                cursor.escape = Escape::None;
                return cursor.down();
            }
            (Escape::None, _) => "",
            (Escape::Begun, _) => "\u{1b}",
            (Escape::Bracket, _) => "\u{1b}[",
        };
        cursor.escape = Escape::None;
        for char in kept.chars().chain([char]) {
            self.put(cursor, char, is_stderr, time);
        }
    }

    fn put(&mut self, cursor: &mut Cursor, char: char, is_stderr: bool, time: Option<Time>) {
        while cursor.row >= cursor.view.len() {
            cursor.view.push_back(self.first + self.lines.len() as u64);
            self.lines.push_back(Line { time, is_stderr, text: Vec::new() });
            if self.lines.len() > HEIGHT {
                self.give_away();
            }
        }
        let column = cursor.column;
        cursor.column += 1;
        let number = cursor.view.get(cursor.row).copied().unwrap_or_default();
        let held = number.checked_sub(self.first).and_then(|index| usize::try_from(index).ok());
        let Some(line) = held.and_then(|index| self.lines.get_mut(index)).filter(|_| column < WIDTH) else {
            return;
        };
        if column >= line.text.len() {
            line.text.resize(column + 1, ' ');
        }
        if let Some(slot) = line.text.get_mut(column) {
            *slot = char;
        }
    }
}

impl Line {
    fn told(self) -> ConsoleLine {
        ConsoleLine {
            time: self.time,
            is_stderr: self.is_stderr,
            label: Box::default(),
            text: self.text.into_iter().collect::<String>().into(),
        }
    }
}

impl Cursor {
    fn down(&mut self) {
        self.row += 1;
        if self.row >= HEIGHT {
            self.view.pop_front();
            self.row -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(pieces: &[(&str, bool)]) -> Vec<String> {
        let mut terminal = Terminal::default();
        pieces.iter().for_each(|(text, is_stderr)| terminal.write(text, *is_stderr, Some(1)));
        terminal.end();
        let mark = |line: &ConsoleLine| if line.is_stderr { "!" } else { "" };
        terminal.take_done().iter().map(|line| format!("{}{}", mark(line), line.text)).collect()
    }

    fn out(text: &str) -> Vec<String> {
        shown(&[(text, false)])
    }

    #[test]
    fn a_progress_bar_is_its_last_state() {
        assert_eq!(out("a\n\r 1%\r50%\r100%\nb"), ["a", "100%", "b"]);
        assert_eq!(out("long\rab"), ["abng"], "a carriage return erases nothing");
        assert_eq!(out("one\ntwo\x1b[A\rONE\x1b[B!"), ["ONE", "two!"]);
        assert_eq!(out("\x1b[A\x1b[Ax"), ["x"], "not above the first line");
    }

    #[test]
    fn sequences_that_are_not_known_are_kept() {
        assert_eq!(out("\x1b[31mred\x1b[0m\x1bZ"), ["\x1b[31mred\x1b[0m\x1bZ"]);
    }

    #[test]
    fn empty_lines_between_others_are_lines_and_one_at_the_end_is_none() {
        assert_eq!(out("a\n\n\nb\n"), ["a", "", "", "b"]);
        assert_eq!(out("\n"), Vec::<String>::new());
    }

    #[test]
    fn output_and_errors_have_a_cursor_each() {
        assert_eq!(shown(&[("a", false), ("e\n", true), ("b\n", false), ("f", true)]), ["ab", "!e", "!f"]);
    }

    #[test]
    fn lines_out_of_sight_are_given_away_and_stay() {
        let mut terminal = Terminal::default();
        for number in 0..100 {
            terminal.write(&format!("{number}\n"), false, None);
        }
        let done = terminal.take_done();
        assert_eq!((done.len(), &*done[67].text), (68, "67"));
        // Further up than the view goes, nothing is reached.
        terminal.write(&"\x1b[A".repeat(200), false, None);
        terminal.write("x", false, None);
        terminal.end();
        let rest = terminal.take_done();
        assert_eq!(rest.len(), 32);
        assert_eq!(rest.iter().filter(|line| line.text.starts_with('x')).count(), 1);
        assert_eq!(out(&"y".repeat(5000))[0].len(), WIDTH);
    }
}

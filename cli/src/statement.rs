//! A place in a statement, shown to the person who typed it.

/// The line that is meant, with a mark under the column: both count from 1.
pub(crate) fn point_at(sql: &str, line: u64, column: u64) -> Vec<String> {
    let place = format!("line {line}, column {column}");
    let text = usize::try_from(line.saturating_sub(1)).ok().and_then(|index| sql.lines().nth(index));
    let Some(text) = text else { return vec![place] };
    // A long line is shown around its place only.
    let column = usize::try_from(column.max(1)).unwrap_or(usize::MAX).min(text.chars().count() + 1);
    let skipped = column.saturating_sub(60);
    let shown: String =
        text.chars().skip(skipped).take(100).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mark = " ".repeat(column - 1 - skipped) + "^";
    vec![place, format!("  {shown}"), format!("  {mark}")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_stands_under_the_column() {
        assert_eq!(point_at("SELECT a\nFROM x", 2, 6), ["line 2, column 6", "  FROM x", "       ^"]);
    }

    #[test]
    fn places_outside_the_text_are_no_trouble() {
        assert_eq!(point_at("SELECT", 9, 1), ["line 9, column 1"]);
        assert_eq!(point_at("ab", 1, 99), ["line 1, column 99", "  ab", "    ^"]);
        assert_eq!(point_at("", 1, 1), ["line 1, column 1"]);
        assert_eq!(point_at("ab", 0, 0).first().map(String::as_str), Some("line 0, column 0"));
    }

    #[test]
    fn a_long_line_is_shown_around_its_place() {
        let text = format!("SELECT {}x", "a, ".repeat(200));
        let lines = point_at(&text, 1, 608);
        assert_eq!(lines[1].trim_start().chars().last(), Some('x'));
        assert_eq!(lines[1].len(), lines[2].len());
    }
}

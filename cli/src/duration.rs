//! Lengths of time as people type them: `300s`, `5m`, `1h30m`, `500ms`.

use std::time::Duration;

/// The units, longest name first where one begins with another.
const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// Reads a length of time: numbers, each with its unit.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no length of time: write it as 300s, 5m, 1h30m or 500ms");
    let mut rest = text.trim();
    let mut total_ms = 0_u64;
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, after) = rest.split_at(digits);
        let number: u64 = number.parse().map_err(|_not_a_number| wrong())?;
        let letters = after.len() - after.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
        let (unit, after) = after.split_at(letters);
        let (_, unit_ms) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        total_ms = number.checked_mul(*unit_ms).and_then(|ms| total_ms.checked_add(ms)).ok_or_else(wrong)?;
        rest = after.trim_start();
    }
    Ok(Duration::from_millis(total_ms))
}

/// How long something is kept; none: for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Keep(pub(crate) Option<Duration>);

/// Reads `forever`, or a length of time.
pub(crate) fn parse_keep(text: &str) -> Result<Keep, String> {
    if text.trim() == "forever" {
        return Ok(Keep(None));
    }
    parse(text).map(|time| Keep(Some(time))).map_err(|wrong| format!("{wrong}, or forever"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read_as_they_are_typed() {
        let ms = |text| parse(text).unwrap().as_millis();
        assert_eq!(ms("300s"), 300_000);
        assert_eq!(ms("1h30m"), 5_400_000);
        assert_eq!(ms("1h 30m"), 5_400_000);
        assert_eq!(ms("500ms"), 500);
        assert_eq!(ms("0s"), 0);
        assert_eq!(ms("2d"), 172_800_000);
    }

    #[test]
    fn what_is_kept_is_kept_for_a_time_or_for_ever() {
        assert_eq!(parse_keep("forever"), Ok(Keep(None)));
        assert_eq!(parse_keep("7d"), Ok(Keep(Some(Duration::from_secs(604_800)))));
        assert_eq!(parse_keep("0s"), Ok(Keep(Some(Duration::ZERO))));
        assert!(parse_keep("for ever").is_err() && parse_keep("").is_err());
    }

    #[test]
    fn anything_else_is_refused() {
        for text in
            ["", "300", "s", "-1s", "1.5h", "1w", "1s2", "99999999999999999999s", "18446744073709551615d"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}

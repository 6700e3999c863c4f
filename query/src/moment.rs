//! A moment of the past, as people write it (INTERFACES 1).

use chrono::{DateTime, Local, NaiveDate, NaiveDateTime, NaiveTime, TimeZone};
use engine::{Lsn, Moment, Time};

use crate::error::Error;

const FORMS: &str =
    "write it as 2026-11-23T10:00:00Z, '2026-11-23 10:00' (local time), '10 minutes ago' or lsn:4711";

/// Reads a moment: RFC 3339, local time, so long ago, or a position of the log. `now` is the wall
/// clock.
///
/// # Errors
///
/// `Invalid` for any other text, and for a local time that there was not.
pub fn parse(text: &str, now: Time) -> Result<Moment, Error> {
    let text = text.trim();
    let invalid = || Error::invalid(format!("{text:?} is no moment")).with_hint(FORMS);
    if let Some(lsn) = text.strip_prefix("lsn:") {
        return lsn.trim().parse().map(|lsn| Moment::Lsn(Lsn(lsn))).map_err(|_not_a_number| invalid());
    }
    if text.eq_ignore_ascii_case("now") {
        return Ok(Moment::Time(now));
    }
    if let Some(ago) = text.strip_suffix("ago") {
        let span = span(ago.trim()).ok_or_else(invalid)?;
        return Ok(Moment::Time(now.saturating_sub(span)));
    }
    let time = match DateTime::parse_from_rfc3339(text) {
        Ok(time) => time.timestamp_nanos_opt(),
        Err(_) => {
            let local = local(text).ok_or_else(invalid)?;
            // When clocks are put back an hour is there twice; the later one hides nothing.
            let time = Local.from_local_datetime(&local).latest();
            time.ok_or_else(|| Error::invalid(format!("there was no {text} on the clocks here")))?
                .timestamp_nanos_opt()
        }
    };
    time.map(Moment::Time).ok_or_else(invalid)
}

/// A moment as every reader anywhere understands it.
#[must_use]
pub fn write(moment: Moment) -> String {
    match moment {
        Moment::Lsn(lsn) => format!("lsn:{lsn}"),
        Moment::Time(time) => {
            DateTime::from_timestamp_nanos(time).to_rfc3339_opts(chrono::SecondsFormat::Nanos, true)
        }
    }
}

fn local(text: &str) -> Option<NaiveDateTime> {
    let forms = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"];
    let with_time = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    let midnight = || Some(NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_time(NaiveTime::MIN));
    with_time.or_else(midnight)
}

/// `10 minutes`, `1h`, in nanoseconds.
pub(crate) fn span(text: &str) -> Option<Time> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (count, unit) = text.split_at(digits);
    let seconds = match unit.trim().trim_end_matches('s') {
        // `s` alone is taken off as a plural.
        "" | "sec" | "second" => 1,
        "m" | "min" | "minute" => 60,
        "h" | "hour" => 3600,
        "d" | "day" => 86_400,
        "w" | "week" => 604_800,
        _ => return None,
    };
    let has_unit = !unit.trim().is_empty();
    count.parse::<Time>().ok().filter(|_| has_unit)?.checked_mul(seconds)?.checked_mul(1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = 1_795_424_400_000_000_000; // 2026-11-23 09:00:00 UTC
    const SECOND: Time = 1_000_000_000;

    #[test]
    fn moments_are_read_as_people_write_them() {
        let ago = |seconds: Time| Moment::Time(NOW - seconds * SECOND);
        for (text, expected) in [
            ("2026-11-23T09:00:00Z", ago(0)),
            ("2026-11-23T10:00:00+01:00", ago(0)),
            (" now ", ago(0)),
            ("10 minutes ago", ago(600)),
            ("1 minute ago", ago(60)),
            ("90s ago", ago(90)),
            ("2h ago", ago(7200)),
            ("3 days ago", ago(259_200)),
            ("1 week ago", ago(604_800)),
            ("lsn:17", Moment::Lsn(Lsn(17))),
            ("lsn: 0", Moment::Lsn(Lsn(0))),
        ] {
            assert_eq!(parse(text, NOW).unwrap(), expected, "{text}");
        }
        let there = Local.with_ymd_and_hms(2026, 11, 23, 10, 0, 0).unwrap().timestamp_nanos_opt().unwrap();
        for text in ["2026-11-23 10:00", "2026-11-23T10:00:00", "2026-11-23 10:00:00.0"] {
            assert_eq!(parse(text, NOW).unwrap(), Moment::Time(there), "{text}");
        }
        assert!(matches!(parse("2026-11-23", NOW), Ok(Moment::Time(_))));
    }

    #[test]
    fn other_texts_are_refused_with_the_forms_there_are() {
        for text in [
            "",
            "yesterday",
            "lsn:",
            "lsn:x",
            "lsn:-1",
            "10 ago",
            "ago",
            "ten minutes ago",
            "2026-13-01",
            "2026-11-23 25:00",
            "9999999999 weeks ago",
            "99999-01-01",
        ] {
            let error = parse(text, NOW).unwrap_err();
            assert_eq!(error.hint(), Some(FORMS), "{text}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        for moment in [Moment::Lsn(Lsn(3)), Moment::Time(NOW + 1), Moment::Time(-1)] {
            assert_eq!(parse(&write(moment), NOW).unwrap(), moment);
        }
    }
}

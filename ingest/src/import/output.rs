//! Lines of the console as a log has them, beside those that stand.

use engine::{ConsoleLine, Run, Snapshot, StreamKind};

use super::joining::{output_at, same_text};
use crate::wandb::filestream::{ConsoleChunk, Hasher};

/// Where the first line of a log's output stands, or is to stand.
pub(crate) fn base(
    snapshot: &Snapshot,
    run: &Run,
    lines: &[ConsoleLine],
    is_known: bool,
) -> Result<u64, engine::Error> {
    let next = run.stream("", StreamKind::Console).next;
    Ok(if next == 0 { 0 } else { output_at(snapshot, run, lines, is_known)?.unwrap_or(next) })
}

/// The lines that say something else than what stands, from the first such to the last.
pub(crate) fn new_lines(
    snapshot: &Snapshot,
    run: &Run,
    first: u64,
    lines: &[ConsoleLine],
) -> Result<Option<ConsoleChunk>, engine::Error> {
    if first >= run.stream("", StreamKind::Console).next {
        return Ok(chunk(first, lines));
    }
    let stands = standing(snapshot, run, first, lines.len())?;
    let is_new = |(line, there): (&ConsoleLine, &Option<ConsoleLine>)| {
        !there.as_ref().is_some_and(|there| same_text(there, line))
    };
    let fresh: Vec<bool> = lines.iter().zip(&stands).map(is_new).collect();
    let (Some(from), Some(to)) = (fresh.iter().position(|new| *new), fresh.iter().rposition(|new| *new))
    else {
        return Ok(None);
    };
    Ok(chunk(first + from as u64, lines.get(from..=to).unwrap_or_default()))
}

/// The lines behind those that stand. Of a process that resumed it is known by text alone where they begin, so
/// that nothing is written over.
pub(crate) fn behind(run: &Run, first: u64, lines: &[ConsoleLine]) -> Option<ConsoleChunk> {
    let next = run.stream("", StreamKind::Console).next;
    let stand = usize::try_from(next.saturating_sub(first)).unwrap_or(usize::MAX).min(lines.len());
    chunk(first + stand as u64, lines.get(stand..).unwrap_or_default())
}

/// What stands at so many lines, as it was written last.
fn standing(
    snapshot: &Snapshot,
    run: &Run,
    first: u64,
    count: usize,
) -> Result<Vec<Option<ConsoleLine>>, engine::Error> {
    let end = first.saturating_add(count as u64);
    let mut stands: Vec<Option<(engine::Lsn, ConsoleLine)>> = vec![None; count];
    for extent in snapshot.extents(run, StreamKind::Console)? {
        if !extent.writer.is_empty() || extent.first_line >= end || extent.end_line <= first {
            continue;
        }
        for (number, lsn, line) in snapshot.console_lines(&extent)? {
            let index = number.checked_sub(first).and_then(|index| usize::try_from(index).ok());
            if let Some(slot) = index.and_then(|index| stands.get_mut(index))
                && slot.as_ref().is_none_or(|(known, _)| *known <= lsn)
            {
                *slot = Some((lsn, line));
            }
        }
    }
    Ok(stands.into_iter().map(|slot| slot.map(|(_, line)| line)).collect())
}

fn chunk(first_line: u64, lines: &[ConsoleLine]) -> Option<ConsoleChunk> {
    let mut hash = Hasher::new();
    for line in lines {
        hash.text(line.text.as_bytes());
        hash.word(line.time.unwrap_or_default().cast_unsigned());
        hash.word(u64::from(line.is_stderr));
    }
    hash.word(first_line);
    (!lines.is_empty()).then(|| ConsoleChunk { first_line, hash, lines: lines.to_vec(), bad: Vec::new() })
}

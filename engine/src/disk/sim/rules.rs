//! The write rules of RELIABILITY as far as a disk can see them, checked before each operation.
//! `log/`, `manifest/`, `blobs/`, `tables/` and `tmp/` are known to it by name, and which table files a
//! manifest names.

use std::fmt;

use super::content::Content;
use super::state::State;
use super::{Op, OpKind};
use crate::disk::RelPath;
use crate::manifest;
use crate::table;

/// Whether a path lies in a folder of the data folder.
pub(super) fn is_in(path: &RelPath, folder: &str) -> bool {
    path.as_str().split('/').next() == Some(folder)
}

/// Panics where an operation breaks a rule. `file` is the file it goes to and the descriptor.
pub(super) fn check(state: &State, op: &Op, file: Option<(u64, u64)>) {
    let (kind, path) = (op.kind, &op.path);
    let is_tmp = is_in(path, "tmp");
    if let Some(failed) = state.failed.as_ref().filter(|_| !is_tmp) {
        broken("F7", format_args!("{kind:?} of {path:?} after the sync of {failed:?} failed"));
    }
    if let Some((content, handle)) = file.and_then(|(id, handle)| Some((state.files.get(&id)?, handle))) {
        if kind == OpKind::Sync {
            let other = !content.is_written_by(handle);
            rule("W2", !other, format_args!("{path:?} is synced through another descriptor than wrote it"));
            rule("W8", !content.sync_failed(), format_args!("{path:?} is synced again after a failed sync"));
        } else if let Some(why) = content.frozen() {
            broken("W5", format_args!("{kind:?} to {path:?}, which {why}"));
        }
    }
    match kind {
        OpKind::Rename => check_rename(state, op),
        OpKind::Remove if !is_tmp => {
            // The newest manifest counts, and says which files are live.
            let newest = state.names.iter().rfind(|(name, _)| is_in(name, "manifest"));
            let lasts = |(name, id)| {
                state.names_on_disk.get(name) == Some(id)
                    && !state.files.get(id).is_some_and(Content::is_dirty)
            };
            let is_free = newest.is_none_or(|newest| lasts(newest) || names_nowhere(state, newest, path));
            rule("W7", is_free, format_args!("{path:?} goes while {newest:?} is not synced"));
        }
        _ => {}
    }
}

/// Whether neither what lasts of a manifest nor what the cache shows of it names a table file: one that was
/// made in vain may go while the writer's last edit is on its way.
fn names_nowhere(state: &State, (name, id): (&RelPath, &u64), removed: &RelPath) -> bool {
    let (Some(table), Some(epoch)) = (table::id_of(removed.name()), manifest::epoch_of(name.name())) else {
        return false;
    };
    if !is_in(removed, table::FOLDER) || state.names_on_disk.get(name) != Some(id) {
        return false;
    }
    let leaves_out = |bytes: &[u8]| {
        let manifest = manifest::parse(bytes, epoch, name);
        manifest.is_ok_and(|manifest| manifest.tables.iter().all(|meta| meta.id != table))
    };
    let content = state.files.get(id);
    content.is_some_and(|content| leaves_out(content.lasting()) && leaves_out(content.cache()))
}

fn check_rename(state: &State, op: &Op) {
    let Some(from) = &op.from else { return };
    let Some(source) = state.names.get(from).and_then(|id| state.files.get(id)) else { return };
    rule("W2", is_in(from, "tmp"), format_args!("{from:?} is renamed, and is not in tmp/"));
    rule("W5", !source.is_dirty(), format_args!("{from:?} is renamed, and is not synced"));
    rule("W8", !source.sync_failed(), format_args!("{from:?} is renamed, and its sync failed"));
    // A longer copy of a file (a backup's, of a segment that grew) means the same to who knew the file.
    let known = state.names.get(&op.path).and_then(|id| state.files.get(id));
    let extends = known.is_none_or(|known| source.cache().starts_with(known.cache()));
    rule("W5", extends, format_args!("{from:?} is renamed over {:?}", op.path));
}

fn rule(name: &str, holds: bool, what: fmt::Arguments<'_>) {
    if !holds {
        broken(name, what);
    }
}

#[expect(clippy::panic, reason = "a broken write rule is a bug of the program under test")]
fn broken(name: &str, what: fmt::Arguments<'_>) -> ! {
    panic!("{name} is broken: {what}")
}

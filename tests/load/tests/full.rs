//! T6: two small disks, filled and freed under load.

use wbq_load::full::{Done, run};
use wbq_load::read_only;
use wbq_load::volume::{Kind, Volume};

/// On the first kind of disk that this user can have here.
fn on_one_of(kinds: &[Kind], seed: u64) {
    for kind in kinds {
        let volume = match Volume::make(*kind) {
            Ok(volume) => volume,
            Err(reason) => {
                eprintln!("skipped {kind:?}: {reason}");
                continue;
            }
        };
        let done = run(&volume, seed, false);
        eprintln!("{kind:?}: {done:?}");
        let Done { when_full, totals, .. } = done;
        assert!(when_full.rows > 0 && totals.rows > when_full.rows, "rows before and after: {done:?}");
        return;
    }
    eprintln!("skipped: none of {kinds:?} can be had here");
}

#[test]
fn f8_a_full_tmpfs_loses_nothing_and_is_written_to_again_once_there_is_room() {
    on_one_of(&[Kind::Tmpfs, Kind::OwnTmpfs, Kind::FileLimit], 0x6_0001);
}

#[test]
fn f8_a_full_ext4_loses_nothing_and_is_written_to_again_once_there_is_room() {
    on_one_of(&[Kind::Ext4], 0x6_0002);
}

#[test]
fn f17_a_file_system_that_turns_read_only_ends_the_server_and_loses_nothing() {
    match Volume::make(Kind::Ext4) {
        Ok(volume) => {
            let totals = read_only::run(&volume, 0x17_0001);
            assert!(totals.rows > 200, "{totals:?}");
        }
        Err(reason) => eprintln!("skipped: {reason}"),
    }
}

//! Small disks that can be filled and freed while a server writes to them.
//!
//! | kind | how | needs |
//! | --- | --- | --- |
//! | `Tmpfs` | a mounted tmpfs | root |
//! | `Ext4` | ext4 in a file, mounted through a loop device | root, `mkfs.ext4`, a loop device |
//! | `OwnTmpfs` | a tmpfs in a mount namespace of its own | user namespaces, `unshare`, `nsenter` |
//! | `FileLimit` | no file may be larger than the one being written | `prlimit` |

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::site::{Kept, Server, Site};

/// Bytes of a disk. The log's segments are of 1, 2, 4, 8 … MiB, so a few seconds of load fill it.
const BYTES: u64 = 32 << 20;

/// How a disk is made small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A mounted tmpfs.
    Tmpfs,
    /// ext4 in a file.
    Ext4,
    /// A tmpfs in a mount namespace of its own.
    OwnTmpfs,
    /// A bound on the length of files.
    FileLimit,
}

/// A small disk. Dropping it takes it away.
#[derive(Debug)]
pub struct Volume {
    kind: Kind,
    /// What keeps the namespace there; it ends with its standard input.
    holder: Option<Child>,
    home: Kept,
}

impl Volume {
    /// Makes one.
    ///
    /// # Errors
    ///
    /// Why this machine, or this user, cannot have one.
    ///
    /// # Panics
    ///
    /// When not even files can be made.
    pub fn make(kind: Kind) -> Result<Self, String> {
        let home = Kept::new();
        let mut volume = Self { kind, holder: None, home };
        fs::create_dir(volume.point()).unwrap();
        let point = volume.point();
        let point = point.to_str().unwrap();
        match kind {
            Kind::Tmpfs => done(&["mount", "-t", "tmpfs", "-o", &format!("size={BYTES}"), "tmpfs", point])?,
            Kind::Ext4 => {
                let image = volume.home.path().join("image");
                File::create(&image).unwrap().set_len(BYTES).unwrap();
                let image = image.to_str().unwrap();
                // Without blocks that only root may use, and a journal that takes half of it.
                done(&["mkfs.ext4", "-q", "-F", "-m", "0", "-J", "size=1", image])?;
                done(&["mount", "-o", "loop", image, point])?;
            }
            Kind::OwnTmpfs => {
                let mount =
                    format!("mount -t tmpfs -o size={BYTES} tmpfs '{point}' && echo mounted && exec cat");
                volume.holder = Some(held(&["unshare", "-rm", "sh", "-c", &mount])?);
            }
            Kind::FileLimit => done(&["prlimit", "--fsize=unlimited", "true"])?,
        }
        Ok(volume)
    }

    /// Where it is mounted, for a process that sees it.
    fn point(&self) -> PathBuf {
        self.home.path().join("disk")
    }

    /// Where it is, as this process sees it.
    fn seen(&self) -> PathBuf {
        let inside = |holder: &Child| {
            let root = PathBuf::from(format!("/proc/{}/root", holder.id()));
            root.join(self.point().strip_prefix("/").unwrap())
        };
        self.holder.as_ref().map_or_else(|| self.point(), inside)
    }

    /// A site whose folder is on it.
    #[must_use]
    pub fn site(&self) -> Site {
        let word = |text: &str| text.to_owned();
        let words = match (&self.holder, self.kind) {
            (Some(holder), _) => {
                let target = holder.id().to_string();
                ["nsenter", "--preserve-credentials", "-U", "-m", "-t", &target].map(word).to_vec()
            }
            // The signal that comes with the error would end the server before it sees the error.
            (None, Kind::FileLimit) => ["sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh"].map(word).to_vec(),
            (None, _) => Vec::new(),
        };
        let log = self.home.path().join("server.log");
        Site::new(self.seen().join("store")).within(self.point().join("store"), words, log)
    }

    /// Takes what is left of its room, for a server that runs on it.
    ///
    /// # Panics
    ///
    /// When that fails otherwise than for want of room.
    pub fn fill(&self, server: &Server) {
        if self.kind == Kind::FileLimit {
            // One byte less than the segment that is ready, so the next cannot be made.
            let segments = fs::read_dir(self.seen().join("store/log")).unwrap();
            let largest = segments.map(|entry| entry.unwrap().metadata().unwrap().len()).max().unwrap();
            return limit(server, &format!("{}", 2 * largest - 1));
        }
        let mut filler = File::create(self.seen().join("filler")).unwrap();
        loop {
            match filler.write_all(&[1; 4 << 10]) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::StorageFull => break,
                Err(error) => panic!("cannot fill the disk: {error}"),
            }
        }
        // Blocks that were only promised are taken now.
        filler.sync_all().unwrap();
    }

    /// Has the file system turn read-only under whoever writes to it, as ext4 does after an error of its
    /// disk.
    ///
    /// # Panics
    ///
    /// When that fails.
    pub fn turn_read_only(&self) {
        done(&["mount", "-o", "remount,abort", self.point().to_str().unwrap()]).unwrap();
    }

    /// Checks the file system and mounts it again, once nobody uses it.
    ///
    /// # Panics
    ///
    /// When that fails.
    pub fn mount_again(&self) {
        let (point, image) = (self.point(), self.home.path().join("image"));
        let (point, image) = (point.to_str().unwrap(), image.to_str().unwrap());
        done(&["umount", point]).unwrap();
        // 1: errors were corrected.
        let checked = Command::new("e2fsck").args(["-fy", image]).stdin(Stdio::null()).output().unwrap();
        assert!(checked.status.code().is_some_and(|code| code <= 1), "{checked:?}");
        done(&["mount", "-o", "loop", image, point]).unwrap();
    }

    /// Gives the room back.
    ///
    /// # Panics
    ///
    /// When that fails.
    pub fn free(&self, server: Option<&Server>) {
        match (self.kind, server) {
            (Kind::FileLimit, Some(server)) => limit(server, "unlimited"),
            (Kind::FileLimit, None) => {} // it ended with its server
            _ => fs::remove_file(self.seen().join("filler")).unwrap(),
        }
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        if let Some(mut holder) = self.holder.take() {
            drop(holder.stdin.take());
            let _ended = holder.wait();
        }
        if matches!(self.kind, Kind::Tmpfs | Kind::Ext4) {
            // What is not mounted cannot be unmounted.
            let _unmounted = Command::new("umount").arg(self.point()).stderr(Stdio::null()).status();
        }
    }
}

fn limit(server: &Server, soft: &str) {
    done(&["prlimit", "--pid", &server.pid().to_string(), &format!("--fsize={soft}:")]).unwrap();
}

/// Runs a command; its words and what it said, when it fails.
fn done(words: &[&str]) -> Result<(), String> {
    let output = Command::new(words[0]).args(&words[1..]).stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("{}: {error}", words[0]))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{}: {}", words.join(" "), String::from_utf8_lossy(&output.stderr).trim()))
}

/// Starts a command that says a line when it is ready, and stays until its standard input ends.
fn held(words: &[&str]) -> Result<Child, String> {
    let mut command = Command::new(words[0]);
    let started = command.args(&words[1..]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = started.map_err(|error| format!("{}: {error}", words[0]))?;
    let mut line = String::new();
    let read = BufReader::new(child.stdout.take().unwrap()).read_line(&mut line);
    if read.is_ok() && line == "mounted\n" {
        return Ok(child);
    }
    let _ended = child.wait();
    Err(format!("{} does not get as far as a mount", words.join(" ")))
}

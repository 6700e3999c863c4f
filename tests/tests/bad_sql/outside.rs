//! A folder beside a store and an address that nobody shall touch: every opening of a file there, every
//! change and every connection is seen.

use std::fs;
use std::io::ErrorKind;
use std::mem::MaybeUninit;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use tempfile::TempDir;

pub(super) struct Outside {
    folder: TempDir,
    listener: TcpListener,
    events: OwnedFd,
}

impl Outside {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["secret.csv", "secret.json", "secret.parquet", "x.so"] {
            fs::write(folder.path().join(name), "key,value\n1,outside-secret\n").unwrap();
        }
        let events = inotify::init(CreateFlags::NONBLOCK).unwrap();
        let seen = WatchFlags::OPEN
            | WatchFlags::ACCESS
            | WatchFlags::MODIFY
            | WatchFlags::CREATE
            | WatchFlags::DELETE;
        inotify::add_watch(&events, folder.path(), seen).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self { folder, listener, events }
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.listener.local_addr().unwrap())
    }

    /// Fails if anybody came near since it was made.
    pub(super) fn was_left_alone(&self) {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut seen = inotify::Reader::new(&self.events, &mut buffer);
        match seen.next() {
            Err(error) => assert_eq!(error, rustix::io::Errno::AGAIN),
            Ok(event) => panic!("S7: outside of the store: {event:?}"),
        }
        match self.listener.accept() {
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
            Ok((_, peer)) => panic!("S7: {peer} connected"),
        }
    }
}

#[test]
fn who_comes_near_the_outside_is_seen() {
    let outside = Outside::new();
    outside.was_left_alone();
    fs::read(outside.path().join("secret.csv")).unwrap();
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| outside.was_left_alone())).is_err());
    let outside = Outside::new();
    let _connection = std::net::TcpStream::connect(outside.listener.local_addr().unwrap()).unwrap();
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| outside.was_left_alone())).is_err());
}

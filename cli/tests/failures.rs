//! What goes wrong, as the exit code and the message that a person or a script gets.

use std::fs;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use tempfile::TempDir;

use crate::sample;
use crate::wbq::{self, Served, run};

/// The bytes of everything in a folder but the lock's, to see that nothing has changed.
fn contents(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(contents(&path));
        } else if path.file_name().unwrap() != "LOCK" {
            found.push((path.clone(), fs::read(path).unwrap()));
        }
    }
    found.sort();
    found
}

/// The newest file of a folder of the store.
fn newest(dir: &Path, folder: &str) -> PathBuf {
    let mut paths: Vec<_> =
        fs::read_dir(dir.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.pop().unwrap()
}

#[test]
fn a_folder_without_a_store_is_exit_1_and_stays_as_it_is() {
    let dir = TempDir::new().unwrap();
    let there = dir.path().join("data");
    let commands: [&[&str]; 5] =
        [&["SELECT 1"], &["stats"], &["show", "r"], &["stop", "r"], &["user", "add", "bob"]];
    for args in commands {
        let done = run(&there, args);
        assert_eq!((done.code, done.stdout.as_str()), (1, ""), "{args:?}");
        assert!(done.stderr.starts_with("error: there is no store in "), "{args:?}: {}", done.stderr);
        assert!(!there.exists(), "{args:?} made a folder");
    }
    assert_snapshot!(run(&there, &["SELECT 1"]).told(&there), @r"
    code 1
    error: there is no store in DIR
      next:  wbq --dir DIR serve      makes one and serves it
             or say where it is with --dir or WBQ_DIR
    ");
}

#[test]
fn a_folder_of_a_later_release_is_exit_5_and_stays_as_it_is() {
    let dir = sample::folder();
    let manifest = newest(dir.path(), "manifest");
    let mut bytes = fs::read(&manifest).unwrap();
    bytes[8..12].copy_from_slice(&99_u32.to_le_bytes());
    fs::write(&manifest, bytes).unwrap();
    let before = contents(dir.path());
    for args in [&["SELECT 1"][..], &["stats"], &["edit", "wide", "--name", "x"]] {
        assert_eq!(run(dir.path(), args).code, 5, "{args:?}");
    }
    assert!(before == contents(dir.path()));
    insta::with_settings!({filters => vec![(r"\d{10}\.man", "N.man")]}, {
        assert_snapshot!(run(dir.path(), &["SELECT 1"]).told(dir.path()), @r"
        code 5
        error: cannot open the store in DIR
          cause: manifest/N.man has format version 99; this release reads up to 6
          next:  install the release of wbq that wrote it, or a later one
        ");
    });
}

#[test]
fn a_damaged_folder_is_exit_3_with_what_is_lost() {
    let dir = sample::folder();
    let segment = largest_segment(dir.path());
    let mut bytes = fs::read(&segment).unwrap();
    let at = bytes.windows(12).position(|window| window == b"sunny-lake-1").unwrap();
    bytes[at] ^= 1;
    fs::write(&segment, bytes).unwrap();
    let before = contents(dir.path());
    for args in [&["SELECT name FROM runs"][..], &["stats"], &["edit", "wide", "--name", "x"]] {
        let done = run(dir.path(), args);
        assert_eq!((done.code, done.stdout.as_str()), (3, ""), "{args:?}: {done:?}");
    }
    assert!(before == contents(dir.path()));
    insta::with_settings!({filters => vec![(r"byte \d+", "byte N"), (r"\d{10}\.seg", "N.seg")]}, {
        assert_snapshot!(run(dir.path(), &["SELECT 1"]).told(dir.path()), @r"
        code 3
        error: cannot open the store in DIR
          cause: segment 1 is damaged at byte N: checksum differs (byte N shows that it was synced)
          lost:  events 0..2 of run ada/cifar/base
                 events 0..5 of run ada/mnist/base
                 events 0..5 of run ada/mnist/wide
          next:  cp -a DIR DIR.kept      keeps the bytes as they are, before anything else
                 wbq repair DIR DIR.repaired --dry-run      tells what can be kept
                 wbq --dir DIR serve --open=degraded      serves the other runs
        ");
    });
}

/// The segment that holds the sample.
fn largest_segment(dir: &Path) -> PathBuf {
    let holds = |bytes: &[u8]| bytes.windows(12).any(|window| window == b"sunny-lake-1");
    let found = contents(dir).into_iter().find(|(_, bytes)| holds(bytes));
    found.unwrap().0
}

#[test]
fn a_folder_that_a_silent_writer_holds_is_exit_4_for_writers_alone() {
    let dir = sample::folder();
    let _server = Served::start(dir.path(), &[]);
    fs::remove_file(dir.path().join("server.json")).unwrap();
    let done = run(dir.path(), &["edit", "wide", "--name", "x"]);
    insta::with_settings!({filters => vec![(r"folder: .*", "folder: HOLDER")]}, {
        assert_snapshot!(done.told(dir.path()), @r"
        code 4
        error: cannot open the store in DIR
          cause: another process writes to the folder: HOLDER
          next:  wait until that process has ended, or stop it, and try again
        ");
    });
    let second = run(dir.path(), &["serve", "--listen", "127.0.0.1:0", "--ready-json"]);
    assert_eq!((second.code, second.stdout.as_str()), (4, ""), "{second:?}");
    assert_eq!(run(dir.path(), &["SELECT 1 AS a"]).stdout, "{\"a\":1}\n", "readers need no lock");
    assert_eq!(run(dir.path(), &["stats"]).code, 0);
}

#[test]
fn an_error_in_sql_is_exit_1_with_its_place() {
    let dir = sample::folder();
    assert_snapshot!(run(dir.path(), &["SELECT name\nFROM runs WHERE"]).told(dir.path()), @r"
    code 1
    error: expected: an expression, found: the end
      at:    line 2, column 16
               FROM runs WHERE
                              ^
    ");
    assert_snapshot!(run(dir.path(), &["SELECT nme FROM runs"]).told(dir.path()), @r#"
    code 1
    error: there is no column "nme"
      at:    line 1, column 8
               SELECT nme FROM runs
                      ^
      next:  did you mean name?
    "#);
    assert_snapshot!(run(dir.path(), &["SELECT * FROM rnus"]).told(dir.path()), @r#"
    code 1
    error: there is no table "rnus"
      at:    line 1, column 15
               SELECT * FROM rnus
                             ^
      next:  did you mean runs?
    "#);
    assert_snapshot!(run(dir.path(), &["DELETE FROM runs"]).told(dir.path()), @r"
    code 1
    error: only reading is possible through SQL, and DELETE is not reading
      at:    line 1, column 1
               DELETE FROM runs
               ^
      next:  SELECT, WITH, VALUES, EXPLAIN, DESCRIBE and SHOW TABLES are
    ");
    assert_snapshot!(run(dir.path(), &["SELECT 'open"]).told(dir.path()), @r"
    code 1
    error: unterminated string literal
      at:    line 1, column 8
               SELECT 'open
                      ^
    ");
}

#[test]
fn a_command_line_that_makes_no_sense_is_exit_2() {
    let dir = sample::folder();
    let lines: [&[&str]; 12] = [
        &[],
        &[""],
        &["--nothing"],
        &["SELECT", "1"],
        &["--as-of", "long ago", "SELECT 1"],
        &["--format", "xml", "SELECT 1"],
        &["--format", "parquet", "SELECT 1; SELECT 2"],
        &["--format", "csv", "stats"],
        &["show", "a/b/c/d"],
        &["delete", "wide"],
        &["user", "add", "Bob"],
        &["serve", "--crash-after", "soon"],
    ];
    for args in lines {
        let done = run(dir.path(), args);
        assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{args:?}: {done:?}");
        assert!(done.stderr.starts_with("error: "), "{args:?}: {}", done.stderr);
    }
    assert_snapshot!(run(dir.path(), &["sevre"]).told(dir.path()), @r#"
    code 2
    error: there is no verb "sevre"
      next:  did you mean "serve"?
             wbq --help      lists the verbs
    "#);
    assert_snapshot!(run(dir.path(), &["sweep"]).told(dir.path()), @r#"
    code 2
    error: "sweep" is not in this version of wbq
      next:  wbq --help      lists what is
    "#);
}

#[test]
fn a_file_of_sql_that_cannot_be_read_is_told() {
    let dir = sample::folder();
    let done = run(dir.path(), &["-f", "/no/such/file.sql"]);
    assert_snapshot!(done.told(dir.path()), @r"
    code 1
    error: cannot read /no/such/file.sql
      cause: No such file or directory (os error 2)
    ");
}

#[test]
fn an_address_that_others_can_reach_needs_tls_or_a_proxy() {
    let dir = TempDir::new().unwrap();
    let done = run(dir.path(), &["serve", "--listen", "0.0.0.0:0", "--ready-json"]);
    assert_snapshot!(done.told(dir.path()), @r"
    code 1
    error: cannot start the server on DIR
      cause: 0.0.0.0:0 can be reached from other machines, and keys would travel in the clear: give a certificate and a key, or say that a proxy ends TLS in front of it
      next:  --listen 127.0.0.1:8080                      serves this machine alone
             --tls-cert cert.pem --tls-key key.pem        serves others over TLS
             --behind-proxy                               leaves TLS to a proxy in front
    ");
    assert_eq!(contents(dir.path()), []);
}

#[test]
fn a_port_that_is_taken_is_told() {
    let dir = TempDir::new().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let done = run(dir.path(), &["serve", "--listen", &address, "--ready-json"]);
    assert_eq!((done.code, done.stdout.as_str()), (74, ""), "{done:?}");
    assert!(done.stderr.contains(&address), "{}", done.stderr);
}

#[test]
fn ctrl_c_is_exit_130() {
    let dir = TempDir::new().unwrap();
    // A server that takes the statement and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let mut command = wbq::command(dir.path(), &["SELECT 1"]);
    let child = wbq::piped(command.env_remove("WBQ_DIR").env("WBQ_SERVER", &url));
    let (_connection, _) = silent.accept().unwrap();
    wbq::signal(&child, "INT");
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(130), b"".as_slice()));
}

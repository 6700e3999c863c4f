//! A folder, and `wbq serve` on it as a process of its own that can be killed and started again.

use std::fs::{self, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::http::Client;
use crate::process::Held;

/// The admin, and so the entity that is logged to.
pub const ADMIN: &str = "load";

/// The binary under test: the one that `WBQ_BIN` names, else the one in the folder of this build.
///
/// # Panics
///
/// When it is not there.
#[must_use]
pub fn binary() -> PathBuf {
    let named = std::env::var_os("WBQ_BIN").map(PathBuf::from);
    let own = std::env::current_exe().unwrap();
    // A test's binary is one folder deeper than the programs.
    let beside =
        || own.ancestors().skip(1).take(2).map(|folder| folder.join("wbq")).find(|path| path.is_file());
    let found = named.or_else(beside).filter(|path| path.is_file());
    found.unwrap_or_else(|| panic!("there is no wbq beside {own:?}: `make build PROFILE=ci` makes it"))
}

/// A folder that is kept when a test fails, so that it can be looked at.
#[derive(Debug)]
pub struct Kept(TempDir);

impl Kept {
    /// An empty one.
    ///
    /// # Panics
    ///
    /// When none can be made.
    #[must_use]
    pub fn new() -> Self {
        Self(tempfile::Builder::new().prefix("wbq-load-").tempdir().unwrap())
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Default for Kept {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Kept {
    #[expect(clippy::print_stderr, reason = "a failing case must be findable")]
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.disable_cleanup(true);
            eprintln!("kept: {}", self.0.path().display());
        }
    }
}

/// Where a server runs, over all its lives.
#[derive(Debug)]
pub struct Site {
    binary: PathBuf,
    /// The data folder, as this process sees it.
    pub dir: PathBuf,
    /// The data folder as the server sees it, and the words before its command line.
    within: Option<(PathBuf, Vec<String>)>,
    log: PathBuf,
    /// Words behind those of `serve` that every server here gets.
    pub options: Vec<String>,
    address: String,
    key: String,
}

impl Site {
    /// For a data folder, which need not be there; what its servers say goes to a file beside it.
    #[must_use]
    pub fn new(dir: PathBuf) -> Self {
        let log = dir.with_extension("log");
        let (options, key) = Default::default();
        Self { binary: binary(), dir, within: None, log, options, address: "127.0.0.1:0".into(), key }
    }

    /// Has servers started by other words, which see the folder elsewhere. Their log goes to `log`.
    #[must_use]
    pub fn within(mut self, dir: PathBuf, words: Vec<String>, log: PathBuf) -> Self {
        (self.within, self.log) = (Some((dir, words)), log);
        self
    }

    /// What all servers here said.
    ///
    /// # Panics
    ///
    /// When there is no log.
    #[must_use]
    pub fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    fn command(&self, words: &[&str]) -> Command {
        let (dir, before) = self.within.as_ref().map_or((&self.dir, &[][..]), |(dir, words)| (dir, words));
        let mut all = before.iter().map(String::as_str).chain(self.binary.to_str());
        let mut command = Command::new(all.next().unwrap());
        command.args(all).arg("--dir").arg(dir).args(words).stdin(Stdio::null());
        for name in ["WBQ_DIR", "WBQ_SERVER", "WBQ_KEY", "WANDB_API_KEY", "WBQ_LOG", "WBQ_LOG_FORMAT"] {
            command.env_remove(name);
        }
        command
    }

    /// Starts a server without waiting for it. From the second life on it has the port of the first.
    ///
    /// # Panics
    ///
    /// When there is no such program.
    #[must_use]
    pub fn spawn(&self) -> Starting {
        let log = OpenOptions::new().create(true).append(true).open(&self.log).unwrap();
        let words = ["serve", "--listen", &self.address, "--admin", ADMIN, "--ready-json"];
        let words: Vec<&str> = words.into_iter().chain(self.options.iter().map(String::as_str)).collect();
        let mut child = self.command(&words).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Starting { child, stdout, began: Instant::now() }
    }

    /// Waits until a server listens.
    ///
    /// # Errors
    ///
    /// It ended before that: its exit code, and what all servers here said.
    pub fn ready(&mut self, mut starting: Starting) -> Result<Server, (Option<i32>, String)> {
        let mut line = String::new();
        let read = starting.stdout.read_line(&mut line);
        let ready: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
        let Some(url) = ready["url"].as_str().filter(|_| read.is_ok()) else {
            let code = starting.child.wait().unwrap().code();
            return Err((code, fs::read_to_string(&self.log).unwrap_or_default()));
        };
        url.strip_prefix("http://").unwrap().clone_into(&mut self.address);
        if let Some(key) = ready["key"].as_str() {
            key.clone_into(&mut self.key);
        }
        let ready_after = starting.began.elapsed();
        Ok(Server { url: url.to_owned(), key: self.key.clone(), ready_after, process: starting })
    }

    /// Starts a server and waits until it listens.
    ///
    /// # Panics
    ///
    /// When it does not.
    #[must_use]
    pub fn start(&mut self) -> Server {
        let starting = self.spawn();
        self.ready(starting).unwrap_or_else(|(code, said)| panic!("F16: no start, code {code:?}: {said}"))
    }

    /// Runs a command of the binary on the folder to its end.
    ///
    /// # Panics
    ///
    /// When it fails.
    #[must_use]
    pub fn run(&self, words: &[&str]) -> String {
        let done = self.command(words).output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{words:?}: {}, {said}", done.status);
        String::from_utf8_lossy(&done.stdout).into_owned()
    }
}

/// A process that may still recover. Dropping it kills it.
#[derive(Debug)]
pub struct Starting {
    child: Child,
    stdout: BufReader<ChildStdout>,
    began: Instant,
}

impl Starting {
    /// Kills it, and gives what it printed that nobody has read: nothing, while it still recovers.
    ///
    /// # Panics
    ///
    /// When it had ended by itself.
    #[must_use]
    pub fn kill_9(mut self) -> String {
        assert_eq!(self.child.try_wait().unwrap(), None, "it ended by itself");
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        rest
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        // It may have been ended before.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// A server that listens. Dropping it kills it.
#[derive(Debug)]
pub struct Server {
    process: Starting,
    /// Where it listens.
    pub url: String,
    /// The admin's key.
    pub key: String,
    /// How long it took from its start to here: recovery is in it.
    pub ready_after: Duration,
}

impl Server {
    /// One who asks it with the admin's key.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::new(&self.url, &self.key)
    }

    /// Its number.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.child.id()
    }

    /// What it holds.
    #[must_use]
    pub fn held(&self, dir: &Path) -> Option<Held> {
        Held::of(self.pid(), dir)
    }

    /// The power cord, as far as a process can feel it.
    ///
    /// # Panics
    ///
    /// When it had ended by itself.
    pub fn kill_9(self) {
        assert_eq!(self.process.kill_9(), "", "nothing but the ready line goes to stdout");
    }

    /// Waits until it ends by itself; its exit code.
    ///
    /// # Panics
    ///
    /// When it cannot be waited for.
    #[must_use]
    pub fn ended(mut self) -> Option<i32> {
        let mut rest = String::new();
        self.process.stdout.read_to_string(&mut rest).unwrap();
        self.process.child.wait().unwrap().code()
    }

    /// Asks it to end; it must do so without a failure.
    ///
    /// # Panics
    ///
    /// When it fails.
    pub fn stop(mut self) {
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw);
        kill_process(pid.unwrap(), Signal::TERM).unwrap();
        let mut rest = String::new();
        self.process.stdout.read_to_string(&mut rest).unwrap();
        let status = self.process.child.wait().unwrap();
        assert!(status.success() && rest.is_empty(), "after SIGTERM: {status}, {rest:?}");
    }
}

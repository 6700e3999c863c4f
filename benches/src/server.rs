//! A `wbq serve` of one's own, as a child process, so that what it costs is told apart from its
//! clients.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use rustix::process::{Pid, Signal, kill_process};

/// The unit of CPU times in `/proc` (USER_HZ, which Linux fixes at 100).
const TICKS_PER_SECOND: u64 = 100;

/// The binary: the one that is named, or the one beside this program.
///
/// # Errors
///
/// There is none; the error says how to build it.
pub fn binary(named: Option<PathBuf>) -> Result<PathBuf> {
    let beside = || Some(std::env::current_exe().ok()?.parent()?.join("wbq"));
    let path = named.or_else(beside).context("this program does not know where it is; name --bin")?;
    if !path.is_file() {
        bail!("{} is not there; `cargo build --release --bin wbq` makes it, or name --bin", path.display());
    }
    Ok(path)
}

/// A command of the binary that no setting of the caller reaches.
#[must_use]
pub fn command(binary: &Path, dir: &Path) -> Command {
    let mut command = Command::new(binary);
    for name in
        ["WBQ_DIR", "WBQ_SERVER", "WBQ_KEY", "WANDB_API_KEY", "WBQ_LOG", "WBQ_LOG_FORMAT", "RUST_BACKTRACE"]
    {
        command.env_remove(name);
    }
    command.arg("--dir").arg(dir).stdin(Stdio::null());
    command
}

/// A server that runs. Dropping it kills it.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// Where it listens.
    pub url: String,
    /// The key of its admin, `bench`.
    pub key: String,
}

impl Server {
    /// Starts a server on a folder without a store and waits until it listens. What it logs goes to
    /// a file beside the folder.
    ///
    /// # Errors
    ///
    /// It does not start; the error has what it said.
    pub fn start(binary: &Path, dir: &Path) -> Result<Self> {
        let log = dir.with_extension("log");
        let mut child = command(binary, dir)
            .args(["serve", "--listen", "127.0.0.1:0", "--admin", "bench", "--ready-json"])
            .stdout(Stdio::piped())
            .stderr(fs::File::create(&log)?)
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        let mut ready = String::new();
        let said = child.stdout.take().map(|stdout| BufReader::new(stdout).read_line(&mut ready));
        let ready: serde_json::Value = serde_json::from_str(&ready).unwrap_or_default();
        let text = |name: &str| ready.get(name).and_then(|value| value.as_str()).map(str::to_owned);
        let (Some(Ok(_)), Some(url), Some(key)) = (said, text("url"), text("key")) else {
            child.kill()?;
            child.wait()?;
            bail!("{} did not begin to serve: {}", binary.display(), fs::read_to_string(&log)?);
        };
        Ok(Self { child, url, key })
    }

    /// CPU time so far.
    ///
    /// # Errors
    ///
    /// It has ended.
    pub fn cpu(&self) -> Result<Cpu> {
        Cpu::of(&self.child.id().to_string())
    }

    /// Bytes of memory that are its own and not a file's.
    ///
    /// # Errors
    ///
    /// It has ended.
    pub fn anonymous_bytes(&self) -> Result<u64> {
        anonymous_bytes(&self.child.id().to_string())
    }

    /// Ends the server as Ctrl+C does.
    ///
    /// # Errors
    ///
    /// It ended with a failure.
    pub fn stop(mut self) -> Result<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.context("a process has a number")?, Signal::INT)?;
        let status = self.child.wait()?;
        if status.success() { Ok(()) } else { Err(anyhow!("the server ended with {status}")) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // After `stop` there is nothing left to end.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Bytes of memory that are a process's own and not a file's; `self` is this one.
///
/// # Errors
///
/// There is no such process.
pub fn anonymous_bytes(process: &str) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let kib = status.lines().find_map(|line| line.strip_prefix("RssAnon:")?.trim().strip_suffix(" kB"));
    Ok(kib.context("no RssAnon")?.parse::<u64>()? * 1024)
}

/// CPU time of a process, ended threads included. Known to 10 ms.
#[derive(Debug, Clone, Copy)]
pub struct Cpu {
    /// In the program.
    pub user: Duration,
    /// In the kernel.
    pub system: Duration,
}

impl Cpu {
    /// That of this process.
    ///
    /// # Errors
    ///
    /// There is no `/proc`.
    pub fn own() -> Result<Self> {
        Self::of("self")
    }

    /// That of the children of this process that ended and were waited for.
    ///
    /// # Errors
    ///
    /// There is no `/proc`.
    pub fn of_children() -> Result<Self> {
        Self::at("self", 13)
    }

    fn of(process: &str) -> Result<Self> {
        Self::at(process, 11)
    }

    /// The two times at a place behind the name.
    fn at(process: &str, place: usize) -> Result<Self> {
        let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
        // The name, in brackets, may hold anything; behind it stand the state and numbers.
        let (_, fields) = stat.rsplit_once(')').context("no name")?;
        let mut times = fields.split_ascii_whitespace().skip(place).map(str::parse::<u64>);
        let mut next = || -> Result<Duration> {
            let ticks = times.next().context("no CPU time")??;
            Ok(Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND))
        };
        Ok(Self { user: next()?, system: next()? })
    }

    /// What was used since `before`.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        Self {
            user: self.user.saturating_sub(before.user),
            system: self.system.saturating_sub(before.system),
        }
    }

    /// In program and kernel.
    #[must_use]
    pub fn whole(self) -> Duration {
        self.user + self.system
    }
}

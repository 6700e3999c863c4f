//! The binary under test, cut off from the environment of whoever runs the tests.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};

/// A command that is ready to run on a folder.
pub(crate) fn command(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wbq"));
    for name in ["WBQ_SERVER", "WBQ_KEY", "WANDB_API_KEY", "WBQ_LOG", "WBQ_LOG_FORMAT", "XDG_DATA_HOME"] {
        command.env_remove(name);
    }
    for name in ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env_remove(name);
    }
    command.env("WBQ_DIR", dir).env("HOME", dir).env("NO_COLOR", "1").args(args).stdin(Stdio::null());
    command
}

/// What came of a command.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Done {
    /// Code, stdout and stderr as one text, for snapshots.
    pub(crate) fn told(&self, dir: &Path) -> String {
        let text = format!("code {}\n{}{}", self.code, self.stdout, self.stderr);
        text.replace(&dir.display().to_string(), "DIR")
    }
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Runs a command to its end.
pub(crate) fn run(dir: &Path, args: &[&str]) -> Done {
    command(dir, args).output().unwrap().into()
}

/// Runs a command that reads its standard input.
pub(crate) fn run_with_input(dir: &Path, args: &[&str], input: &str) -> Done {
    let mut child = piped(command(dir, args).stdin(Stdio::piped()));
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap().into()
}

/// Runs a command that must succeed, and gives what it printed.
pub(crate) fn printed(dir: &Path, args: &[&str]) -> String {
    let done = run(dir, args);
    assert_eq!(done.code, 0, "{args:?}: {done:?}");
    done.stdout
}

/// Starts a command whose output is read.
pub(crate) fn piped(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Sends a signal to a process that a test started.
pub(crate) fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").arg(format!("-{name}")).arg(child.id().to_string()).status();
    assert!(status.unwrap().success());
}

/// `wbq serve` on a free port, ended with the test.
pub(crate) struct Served {
    child: Child,
    pub(crate) url: String,
    pub(crate) key: Option<String>,
    /// The line that it began with.
    pub(crate) ready: String,
    stdout: BufReader<std::process::ChildStdout>,
}

impl Served {
    pub(crate) fn start(dir: &Path, args: &[&str]) -> Self {
        let mut all = vec!["serve", "--ready-json"];
        if !args.contains(&"--listen") {
            all.extend(["--listen", "127.0.0.1:0"]);
        }
        all.extend(args);
        let mut child = command(dir, &all).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let ready: serde_json::Value =
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        Self {
            child,
            url: ready["url"].as_str().unwrap().to_owned(),
            key: ready["key"].as_str().map(str::to_owned),
            ready: line,
            stdout,
        }
    }

    pub(crate) fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// Asks it to stop; gives its exit status and what else it printed as data.
    pub(crate) fn stop(mut self) -> (ExitStatus, String) {
        self.signal("TERM");
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut self.stdout, &mut rest).unwrap();
        (self.child.wait().unwrap(), rest)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have been stopped before.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

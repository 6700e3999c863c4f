//! A training with the real client beside the load: it logs until told to end, through every kill.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::http::Client;
use crate::site::Server;

/// The project and the run that it logs to.
const PROJECT: &str = "python";
const RUN: &str = "training";

/// What it logs is a function of the step, in 64-bit floats and integers as here.
const SCRIPT: &str = r#"
import os, time
import wandb

run = wandb.init(project="python", id="training", config={"lr": 0.1, "big": 2**60 + 1})
step = 0
while not os.path.exists("enough"):
    run.log({"loss": 1 / (step + 1), "count": 2**53 + 1 + step, "text": f"row {step}"})
    print("line", step, flush=True)
    step += 1
    time.sleep(0.02)
run.finish()
with open("logged", "w") as file:
    file.write(str(step))
"#;

/// Python with the client, as `make venvs` makes it.
#[must_use]
pub fn python() -> Option<PathBuf> {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2)?;
    Some(checkout.join(".venv/bin/python")).filter(|path| path.is_file())
}

/// A training that runs. Dropping it kills it.
#[derive(Debug)]
pub struct Training {
    child: Child,
    folder: PathBuf,
    /// Rows seen so far.
    rows: u64,
}

impl Training {
    /// Starts one that logs to a server, with files in `folder`.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    #[must_use]
    pub fn start(python: &Path, folder: PathBuf, server: &Server) -> Self {
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("train.py"), SCRIPT).unwrap();
        let terminal = fs::File::create(folder.join("terminal.txt")).unwrap();
        let named = |name: &str| name.starts_with("WANDB_") || name.starts_with("WBQ_");
        let mut command = Command::new(python);
        for (name, _) in std::env::vars().filter(|(name, _)| named(name)) {
            command.env_remove(name);
        }
        let child = command
            .arg("train.py")
            .current_dir(&folder)
            .env("HOME", &folder)
            .env("NO_PROXY", "127.0.0.1")
            .env("WANDB_BASE_URL", &server.url)
            .env("WANDB_API_KEY", &server.key)
            .env("WANDB_DIR", &folder)
            .env("WANDB_DISABLE_GIT", "true")
            .env("WANDB_X_DISABLE_STATS", "true")
            // Every kill is followed by the next one soon: with its own waits, which double up to a
            // minute, it would sleep through most of them.
            .env("WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL", "1")
            .envs(["FILE_STREAM", "GRAPHQL", "FILE_TRANSFER"].iter().flat_map(|part| {
                [
                    (format!("WANDB_X_{part}_RETRY_WAIT_MIN_SECONDS"), "1"),
                    (format!("WANDB_X_{part}_RETRY_WAIT_MAX_SECONDS"), "1"),
                ]
            }))
            .stdin(Stdio::null())
            .stdout(terminal.try_clone().unwrap())
            .stderr(terminal)
            .spawn()
            .unwrap();
        Self { child, folder, rows: 0 }
    }

    fn terminal(&self) -> String {
        fs::read_to_string(self.folder.join("terminal.txt")).unwrap_or_default()
    }

    /// Waits until its first rows are there.
    ///
    /// # Panics
    ///
    /// When it ends, or nothing comes within two minutes.
    pub fn is_logging(&mut self, client: &Client) {
        let deadline = Instant::now() + Duration::from_secs(120);
        while rows(client).is_empty() {
            assert_eq!(self.child.try_wait().unwrap(), None, "it ended: {}", self.terminal());
            assert!(Instant::now() < deadline, "no row of the client came: {}", self.terminal());
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Checks that what is there is a prefix of what it logs, and no shorter than before.
    ///
    /// # Panics
    ///
    /// When it is not.
    pub fn check(&mut self, client: &Client) {
        let found = rows(client);
        for (step, row) in (0..).zip(&found) {
            assert_eq!(*row, expected(step), "I2, I4: row {step} of the client");
        }
        let count = found.len() as u64;
        assert!(count >= self.rows, "I6: {count} rows of the client, {} were seen", self.rows);
        self.rows = count;
        let console = client.sql(&format!(
            "SELECT text FROM console WHERE project = '{PROJECT}' AND text LIKE 'line %' ORDER BY line"
        ));
        for (step, line) in (0..).zip(&console) {
            assert_eq!(
                *line,
                json!({ "text": format!("line {step}") }).to_string(),
                "I2, I4: the client's console"
            );
        }
    }

    /// Has it finish, and checks that all it logged is there; gives its rows.
    ///
    /// # Panics
    ///
    /// When it fails, or something is missing.
    pub fn finish(mut self, client: &Client) -> u64 {
        fs::write(self.folder.join("enough"), "").unwrap();
        let deadline = Instant::now() + Duration::from_secs(120);
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < deadline, "the client does not end: {}", self.terminal());
            thread::sleep(Duration::from_millis(50));
        };
        assert!(status.success(), "{status}: {}", self.terminal());
        self.check(client);
        let logged: u64 = fs::read_to_string(self.folder.join("logged")).unwrap().parse().unwrap();
        assert_eq!(self.rows, logged, "I1: rows of the client");
        let run = client.sql(&format!(
            "SELECT state, history_rows, generation, config.big AS big FROM runs WHERE project = '{PROJECT}'"
        ));
        let run: Vec<Value> = run.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        let big = (1_u64 << 60) + 1;
        let wanted = json!({ "state": "Finished", "history_rows": logged, "generation": 1, "big": big });
        assert_eq!(run, [wanted], "I1, I5");
        logged
    }
}

impl Drop for Training {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn rows(client: &Client) -> Vec<Value> {
    let run =
        client.sql(&format!("SELECT run_id FROM runs WHERE project = '{PROJECT}' AND history_rows > 0"));
    if run != [json!({ "run_id": RUN }).to_string()] {
        return Vec::new(); // columns that no row has are none
    }
    let found = client.sql(&format!(
        "SELECT _step, loss, count, text FROM history WHERE project = '{PROJECT}' ORDER BY _step"
    ));
    found.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn expected(step: u32) -> Value {
    let count = (1_u64 << 53) + 1 + u64::from(step);
    json!({ "_step": step, "loss": 1.0 / (f64::from(step) + 1.0), "count": count, "text": format!("row {step}") })
}

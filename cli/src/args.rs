//! The manual, as types. What stands here is what `--help` prints (INTERFACES 1).

mod people;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::duration::{self, Keep};
use crate::failure::{Failure, Result};

pub(crate) use people::{Key, KeyNew, Role, Team, User, UserAdd};

/// A run store that answers SQL and takes runs from the wandb client
#[derive(Debug, Parser)]
#[command(
    name = "wbq",
    version,
    override_usage = "wbq [OPTIONS] <SQL>\n       wbq [OPTIONS] -f <FILE>\n       wbq [OPTIONS] <VERB> …",
    subcommand_value_name = "VERB",
    subcommand_help_heading = "Verbs",
    after_help = "\
A first word that is no verb is SQL; `-` reads SQL from standard input.

Examples:
  wbq serve
  wbq \"SELECT name, summary.loss FROM runs WHERE state = 'Finished' ORDER BY summary.loss\"
  wbq --as-of '1 hour ago' \"SELECT name, state FROM runs\"
  wbq --format csv \"SELECT _step, loss FROM history WHERE run_id = 'k3v9x2ab'\" > loss.csv
  wbq -f report.sql"
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,

    /// One or more statements, parted by `;`
    #[arg(value_name = "SQL")]
    pub(crate) sql: Vec<String>,

    /// Reads the statements from a file
    #[arg(short, long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    #[command(subcommand)]
    pub(crate) verb: Option<Verb>,
}

/// Options that stand before or after the verb.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Global {
    /// The data folder [env: WBQ_DIR] [default: $XDG_DATA_HOME/wbq or ~/.local/share/wbq]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Global options")]
    pub(crate) dir: Option<PathBuf>,

    /// A server to ask instead of a folder [env: WBQ_SERVER]
    #[arg(long, global = true, value_name = "URL", conflicts_with = "dir", help_heading = "Global options")]
    pub(crate) server: Option<String>,

    /// The key that lets in to the server [env: WBQ_KEY, else WANDB_API_KEY]
    #[arg(long, global = true, value_name = "KEY", help_heading = "Global options")]
    pub(crate) key: Option<String>,

    /// Looks at the past: '2026-11-23 10:00' (local time), RFC 3339, '10 minutes ago' or lsn:N
    #[arg(long, global = true, value_name = "WHEN", help_heading = "Global options")]
    pub(crate) as_of: Option<String>,

    /// Makes the use of a key that no run has an error
    #[arg(long, global = true, help_heading = "Global options")]
    pub(crate) strict: bool,

    /// Shows deleted runs too
    #[arg(long, global = true, help_heading = "Global options")]
    pub(crate) include_deleted: bool,

    /// How data is printed [default: table on a terminal, else ndjson]
    #[arg(long, global = true, value_enum, value_name = "FORMAT", help_heading = "Global options")]
    pub(crate) format: Option<Format>,

    /// Prints no progress and no warnings
    #[arg(long, global = true, conflicts_with = "verbose", help_heading = "Global options")]
    pub(crate) quiet: bool,

    /// Prints more of what goes on
    #[arg(long, global = true, help_heading = "Global options")]
    pub(crate) verbose: bool,
}

/// What wrote the runs that are imported.
#[derive(Debug, Subcommand)]
pub(crate) enum ImportFrom {
    /// Transaction logs of the wandb client: what `wandb sync` would send, without the client
    #[command(after_help = "\
A path is a log (run-ID.wandb), a run's folder, or a folder that holds such, like ./wandb. Imported again, a log
adds what is missing, so a run that was cut short, is still at work or was partly sent live becomes whole. What
cannot be read is passed over and told. Exit code 1 if a log could not be imported, 3 if one was damaged.

Examples:
  wbq import wandb ./wandb
  wbq import wandb ./wandb/offline-run-20261127_092119-k3v9x2a0 --project mnist
  wbq import wandb /data/*/wandb --jobs 8 --dry-run
  wbq --server https://runs.example.org import wandb ./wandb --entity vision")]
    Wandb(ImportWandb),
}

/// What is imported and where it goes.
#[derive(Debug, Args)]
pub(crate) struct ImportWandb {
    /// Logs, and folders that hold logs
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// The user or team that the runs go to [default: what the logs say, else yourself]
    #[arg(long, value_name = "ENTITY")]
    pub(crate) entity: Option<String>,
    /// The project that they go to [default: what the logs say, else uncategorized]
    #[arg(long, value_name = "PROJECT")]
    pub(crate) project: Option<String>,
    /// How many runs are read at once [default: two for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) jobs: Option<u16>,
    /// Only tells what the logs hold
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Columns, for people
    Table,
    /// An array of objects
    Json,
    /// An object a line
    Ndjson,
    /// Comma-separated values, RFC 4180
    Csv,
    /// A table for documents
    Markdown,
    /// A Parquet file
    Parquet,
    /// An Arrow IPC stream
    Arrow,
}

impl From<Format> for query::output::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Table => Self::Table,
            Format::Json => Self::Json,
            Format::Ndjson => Self::Ndjson,
            Format::Csv => Self::Csv,
            Format::Markdown => Self::Markdown,
            Format::Parquet => Self::Parquet,
            Format::Arrow => Self::Arrow,
        }
    }
}

/// What is to be done, where it is not SQL.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Starts the server that the wandb client logs to
    Serve(Serve),
    /// Lists runs: filtered, sorted, in groups
    Runs(Table),
    /// Shows a run
    #[command(after_help = "\
Examples:
  wbq show k3v9x2ab
  wbq show mnist/k3v9x2ab
  wbq show alice/mnist/k3v9x2ab --format json")]
    Show {
        /// The run: id, project/id or entity/project/id
        run: String,
    },
    /// Follows a run: console, history and state as they come
    Tail(Tail),
    /// Answers a statement again and again
    Watch(Watch),
    /// Opens the web app in the browser, signed in
    #[command(after_help = "\
The address signs one browser in, once, within a minute.

Examples:
  wbq open
  wbq open mnist/k3v9x2ab
  wbq open --print")]
    Open {
        /// The run whose page is opened; else all projects
        run: Option<String>,
        /// Prints the address and opens nothing
        #[arg(long)]
        print: bool,
    },
    /// Compares two runs, or one run at two moments: config, summary, state, tags, notes
    #[command(after_help = "\
A moment stands behind an @ and is written as for --as-of.

Examples:
  wbq diff k3v9x2ab p0q8r7s6
  wbq diff mnist/k3v9x2ab@lsn:4711 mnist/k3v9x2ab
  wbq diff 'k3v9x2ab@1 hour ago' k3v9x2ab --format json")]
    Diff {
        /// The first: RUN or RUN@WHEN
        #[arg(value_name = "A")]
        left: String,
        /// The second: RUN or RUN@WHEN
        #[arg(value_name = "B")]
        right: String,
    },
    /// Changes the name, notes, tags, group, config or summary of runs
    Edit(Edit),
    /// Asks runs to stop; the trainer hears of it within seconds
    #[command(after_help = "\
Examples:
  wbq stop k3v9x2ab
  wbq stop mnist/k3v9x2ab mnist/p0q8r7s6")]
    Stop(Runs),
    /// Deletes runs; `undelete` brings them back
    #[command(after_help = "\
Examples:
  wbq delete k3v9x2ab
  wbq delete --yes mnist/k3v9x2ab mnist/p0q8r7s6")]
    Delete {
        #[command(flatten)]
        runs: Runs,
        /// Deletes without asking
        #[arg(long)]
        yes: bool,
    },
    /// Brings deleted runs back
    #[command(after_help = "\
Examples:
  wbq undelete k3v9x2ab
  wbq undelete mnist/k3v9x2ab mnist/p0q8r7s6")]
    Undelete(Runs),
    /// Erases deleted runs for good, or shows which would be erased and what goes with them
    #[command(after_help = "\
A server erases deleted runs by itself once it has kept them for the time set (serve --keep-deleted, 7d), counted
while it runs. Erased is erased: rows, config, console, files, and the log up to the run's last event.

Examples:
  wbq prune --dry-run
  wbq prune --dry-run --deleted-for 0s --by key
  wbq prune --deleted-for 0s --yes")]
    Prune {
        /// Only shows
        #[arg(long)]
        dry_run: bool,
        /// Erases runs that were deleted at least so long ago [default: as long as the store keeps them]
        #[arg(long, value_name = "TIME", value_parser = duration::parse)]
        deleted_for: Option<Duration>,
        /// Erases without asking
        #[arg(long)]
        yes: bool,
        /// What the table has a row for
        #[arg(long, value_enum, default_value_t = By::Run)]
        by: By,
    },
    /// Takes in runs that were logged elsewhere
    #[command(after_help = "\
Examples:
  wbq import wandb ./wandb
  wbq import wandb --help")]
    Import {
        /// What they were logged by
        #[command(subcommand)]
        from: ImportFrom,
    },
    /// Tells what is in the folder, or what takes up room in it
    Stats(Stats),
    /// Reads every byte of a folder and tells what is not as it was written; exit code 3 then
    #[command(after_help = "\
Examples:
  wbq verify
  wbq --dir ./runs verify --deep
  wbq verify --json")]
    Verify {
        /// Reads every cell of every row too
        #[arg(long)]
        deep: bool,
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Turns the log into table files: columns, sorted by run
    #[command(after_help = "\
Answers are the same before, during and after. Of the log, what stands in table files is packed. It is
dropped once it was kept for the time set and nothing needs it any more.

Examples:
  wbq compact
  wbq --dir ./runs compact --keep-log forever")]
    Compact {
        /// How long the packed log is kept: a time such as 7d or 12h, or forever [default: 7d]
        #[arg(long, value_name = "TIME", value_parser = duration::parse_keep)]
        keep_log: Option<Keep>,
    },
    /// Copies a folder, while a server may write to it; a second time only what is new
    #[command(after_help = "\
A backup is a folder like any other: every command that reads can look into it.

Examples:
  wbq backup /mnt/backup/runs
  wbq --dir ./runs backup ./runs.backup
  wbq --dir ./runs.backup \"SELECT count(*) FROM runs\"")]
    Backup {
        /// An empty folder, or an earlier backup of the same folder
        #[arg(value_name = "DEST")]
        target: PathBuf,
    },
    /// Makes a folder to go on with of a backup
    #[command(after_help = "Examples:\n  wbq restore /mnt/backup/runs ./runs")]
    Restore {
        /// The backup
        #[arg(value_name = "SRC")]
        source: PathBuf,
        /// The new folder, empty or not there
        #[arg(value_name = "DEST")]
        target: PathBuf,
    },
    /// Writes what can be kept of a damaged folder into a new one
    #[command(after_help = "\
The damaged folder is left as it is. What is lost is named, run by run.

Examples:
  wbq repair ./runs ./runs.repaired --dry-run
  wbq repair ./runs ./runs.repaired")]
    Repair {
        /// The damaged folder
        #[arg(value_name = "SRC")]
        source: PathBuf,
        /// The new folder, empty or not there
        #[arg(value_name = "DEST")]
        target: PathBuf,
        /// Only tells what would be kept and what is lost
        #[arg(long)]
        dry_run: bool,
    },
    /// Writes runs and all that they logged as files that DuckDB, pandas and Polars open
    Export(Export),
    /// Users
    #[command(subcommand)]
    User(User),
    /// Teams: entities of several users
    #[command(subcommand)]
    Team(Team),
    /// Who may do what with whose runs
    #[command(subcommand)]
    Role(Role),
    /// Keys that let in to a server
    #[command(subcommand)]
    Key(Key),
    /// Prints a script that completes `wbq` in a shell
    #[command(after_help = "\
Examples:
  wbq completions bash > ~/.local/share/bash-completion/completions/wbq
  wbq completions zsh > ~/.zfunc/_wbq")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Prints the version
    #[command(after_help = "Examples:\n  wbq version")]
    Version,
}

/// How to serve.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wbq serve
  wbq --dir ./runs serve --listen 127.0.0.1:9000
  wbq serve --listen 127.0.0.1:0 --ready-json
  wbq serve --open=degraded     serves the other runs where some are damaged
  wbq serve --listen 0.0.0.0:8443 --tls-cert cert.pem --tls-key key.pem")]
pub(crate) struct Serve {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub(crate) listen: String,
    /// Prints one line of JSON with the URL, and the key if this start made it, and nothing else
    #[arg(long)]
    pub(crate) ready_json: bool,
    /// The admin that the first start makes [default: the user's name on this machine]
    #[arg(long, value_name = "NAME", value_parser = user_name)]
    pub(crate) admin: Option<String>,
    /// How long a run may be silent until it counts as crashed
    #[arg(long, value_name = "TIME", default_value = "300s", value_parser = duration::parse)]
    pub(crate) crash_after: Duration,
    /// When a write is acknowledged
    #[arg(long, value_enum, default_value_t = Durability::Sync)]
    pub(crate) durability: Durability,
    /// What the server does once writing has stopped because a sync failed
    #[arg(long, value_enum, default_value_t = OnSyncError::Exit)]
    pub(crate) on_sync_error: OnSyncError,
    /// How long the packed log is kept: a time such as 7d or 12h, or forever
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = duration::parse_keep)]
    pub(crate) keep_log: Keep,
    /// How long deleted runs can be undeleted until they are erased: a time such as 7d, or forever
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = duration::parse_keep)]
    pub(crate) keep_deleted: Keep,
    /// Whether to serve a folder whose log is damaged
    #[arg(long, value_enum, default_value_t = Opening::Whole)]
    pub(crate) open: Opening,
    /// The certificate chain, PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The certificate's private key, PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Says that a proxy in front takes care of TLS
    #[arg(long)]
    pub(crate) behind_proxy: bool,
}

/// When a write is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Durability {
    /// Once the disk has it: it survives power loss
    Sync,
    /// Once the operating system has it: it survives the end of the process
    Os,
}

/// What becomes of a server that may write no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnSyncError {
    /// It ends with code 74, so that whoever watches over it starts it again
    Exit,
    /// It stays up for readers
    Readonly,
}

/// Which folders are opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Opening {
    /// Those of which every event is there; else the damage is told, and nothing is changed
    Whole,
    /// Also those that lack events: the runs that lost some are marked and stand still, all others go on
    Degraded,
}

/// Runs, as people name them.
#[derive(Debug, Args)]
pub(crate) struct Runs {
    /// The runs, each as id, project/id or entity/project/id
    #[arg(value_name = "RUN", required = true)]
    pub(crate) runs: Vec<String>,
}

/// What to list of the runs.
#[derive(Debug, Args)]
#[command(after_help = "\
EXPR says which runs; without one all are listed, the newest first:
  state = Finished and (config.lr <= 0.01 or tags in [baseline, prod]) and summary.loss != null
Keys are the columns of runs, config.NAME and summary.NAME; odd names stand in quotes: summary.\"val/acc\".
Operators are = != < <= > >=, in, not in, contains, matches, is null, is not null, and for times
within 7 days; and, or, not and parentheses join them. Where a value is missing, = and comparisons are
false and != and not in true. A filter of the wandb client, which begins with {, is taken too.

With --group a row is a group: how many runs it has, and of each column of numbers count, mean, lowest,
highest and distribution, of any other the value that all have, or how many values there are.

Examples:
  wbq runs
  wbq runs 'state = Finished and summary.loss < 0.1' --sort summary.loss --columns config.lr,summary.loss
  wbq runs --project mnist --group config.optimizer --columns summary.loss
  wbq runs 'tags in [best] and created_at within 7 days' --format json
  wbq runs '{\"state\": \"finished\", \"config.lr\": {\"$lte\": 0.01}}'
  wbq runs 'name contains base' --sql")]
pub(crate) struct Table {
    /// Which runs
    #[arg(value_name = "EXPR")]
    pub(crate) filter: Option<String>,
    /// What comes first: the smallest, or with a minus the largest [default: -created_at]
    #[arg(long, value_name = "K,-K", allow_hyphen_values = true)]
    pub(crate) sort: Option<String>,
    /// A row for each of their values instead of for each run
    #[arg(long, value_name = "K,K")]
    pub(crate) group: Option<String>,
    /// Columns besides run_id, name, state, created_at and runtime, or what groups tell of
    #[arg(long, value_name = "K,K")]
    pub(crate) columns: Option<String>,
    /// Rows at most
    #[arg(long, value_name = "N", default_value_t = query::runs_table::PAGE_ROWS)]
    pub(crate) limit: u64,
    /// Only this project: its name or entity/project
    #[arg(long, value_name = "PROJECT")]
    pub(crate) project: Option<String>,
    /// Prints the SQL instead of asking it
    #[arg(long)]
    pub(crate) sql: bool,
}

/// What to tell of a folder.
#[derive(Debug, Args)]
#[command(after_help = "\
With --by, what takes up most comes first: bytes of rows, then those of user files.
  points      values written to history and system metrics, overwritten ones included
  rows        rows of history, samples, lines of the console
  bytes       their bytes: of a table file the share of the rows, which is an estimate for one run or
              key and exact for all together; of rows that are in the log alone their frames
  file_bytes  user files; what several runs share counts for each of them
Deleted runs and earlier generations count too. A key that is NULL stands for what rows say of
themselves: run, step, time. The log behind table files is nobody's.

Examples:
  wbq stats
  wbq --dir ./runs stats --format json
  wbq stats --by project
  wbq stats --by run --project mnist --limit 10
  wbq stats --by key --project alice/mnist --format csv
  wbq stats --limits")]
pub(crate) struct Stats {
    /// Prints each limit and its default instead
    #[arg(long, conflicts_with_all = ["by", "project", "limit"])]
    pub(crate) limits: bool,
    /// Tells what each of these takes up instead
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) by: Option<By>,
    /// Only this project: its name or entity/project
    #[arg(long, value_name = "PROJECT", requires = "by")]
    pub(crate) project: Option<String>,
    /// Only so many, the largest
    #[arg(long, value_name = "N", requires = "by")]
    pub(crate) limit: Option<usize>,
}

/// What room is told by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum By {
    /// A project
    Project,
    /// A generation of a run
    Run,
    /// A key of history or system metrics
    Key,
}

/// What to export, and as what.
#[derive(Debug, Args)]
#[command(after_help = "\
EXPR is a condition of SQL over the table `runs`, as it stands behind WHERE; without one every run is
exported. All files show the store at one position. The folder has its name only once it is whole.

  runs             a row a run: its columns, config and summary as JSON, and each of their keys
  history/…        a row a step, a column a key; a file a project
  points/…         a row for each value that was written, overwritten ones included
  system/…         a row a sample, a column a metric
  console/…        a row a line
  files/…          a row a user file; with --files their content stands in user_files, by digest
  events           a row an event
  manifest.json    the position, and of each file its rows, bytes and SHA-256
  README.md        how to open them

Examples:
  wbq export --to ./out
  wbq export \"project = 'mnist' AND state = 'Finished' AND summary.loss < 0.1\" --to ./best --files
  wbq --dir ./runs export --to ./out --as csv
  wbq export --as-of '1 day ago' --to ./yesterday")]
pub(crate) struct Export {
    /// Which runs, as SQL: state = 'Finished' AND summary.loss < 0.1
    #[arg(value_name = "EXPR")]
    pub(crate) condition: Option<String>,
    /// The new folder, empty or not there
    #[arg(long = "to", value_name = "DIR")]
    pub(crate) target: PathBuf,
    /// As which files
    #[arg(long = "as", value_enum, value_name = "FORMAT", default_value_t = Form::Parquet)]
    pub(crate) form: Form,
    /// Writes the user files too
    #[arg(long)]
    pub(crate) files: bool,
}

/// What exported files are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// Parquet: types and values as they are
    Parquet,
    /// An object a line; NaN and infinities are texts
    Jsonl,
    /// Comma-separated values with a header; everything is text
    Csv,
}

/// What to change in runs.
#[derive(Debug, Args)]
#[command(after_help = "\
A value of --config and --summary is JSON where it reads as JSON, and text otherwise. Dots in a
key part the members of a path. An empty --name, --notes, --group or --job-type clears it.

Examples:
  wbq edit k3v9x2ab --name baseline --tag +best,-draft
  wbq edit mnist/k3v9x2ab --notes 'warmup was too short'
  wbq edit k3v9x2ab --config optimizer.lr=0.01 --summary accuracy=0.93")]
pub(crate) struct Edit {
    #[command(flatten)]
    pub(crate) runs: Runs,
    /// The display name
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// The notes
    #[arg(long)]
    pub(crate) notes: Option<String>,
    /// Tags to add (+a) and to take away (-b)
    #[arg(long, value_name = "+TAG,-TAG", value_delimiter = ',', allow_hyphen_values = true, value_parser = tag_change)]
    pub(crate) tag: Vec<TagChange>,
    /// The group
    #[arg(long)]
    pub(crate) group: Option<String>,
    /// The job type
    #[arg(long)]
    pub(crate) job_type: Option<String>,
    /// A key of the config and its value
    #[arg(long, value_name = "KEY=VALUE", value_parser = assignment)]
    pub(crate) config: Vec<Assignment>,
    /// A key of the summary and its value
    #[arg(long, value_name = "KEY=VALUE", value_parser = assignment)]
    pub(crate) summary: Vec<Assignment>,
}

/// A tag to add or to take away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TagChange {
    /// `+tag`
    Add(String),
    /// `-tag`
    Remove(String),
}

/// A key and the value it gets.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Assignment {
    /// The key, with dots between the members of a path.
    pub(crate) key: String,
    /// The value.
    pub(crate) value: serde_json::Value,
}

/// What the command line asks for.
#[derive(Debug)]
pub(crate) enum Request {
    /// Run these statements.
    Sql(Source),
    /// Do what a verb says.
    Verb(Verb),
    /// Nothing was asked for.
    Nothing,
}

/// A run to follow.
#[derive(Debug, Args)]
#[command(after_help = "\
It ends when the run does. With --format ndjson every event is printed, an object a line.

Examples:
  wbq tail k3v9x2ab
  wbq tail mnist/k3v9x2ab --lines 100
  wbq tail alice/mnist/k3v9x2ab --format ndjson | jq .kind")]
pub(crate) struct Tail {
    /// The run: id, project/id or entity/project/id
    pub(crate) run: String,
    /// Lines of the console to begin with
    #[arg(long, short = 'n', value_name = "N", default_value_t = 20)]
    pub(crate) lines: u64,
}

/// A statement to watch.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
The answer is printed when it is another one than before.

Examples:
  wbq watch \"SELECT name, state, summary.loss FROM runs WHERE state = 'Running'\"
  wbq watch --every 10s \"SELECT state, count(*) FROM runs GROUP BY state\"")]
pub(crate) struct Watch {
    /// The statement
    #[arg(value_name = "SQL")]
    pub(crate) sql: String,
    /// How often it is answered
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = duration::parse)]
    pub(crate) every: Duration,
    /// Ends after so many answers that differ
    #[arg(long, value_name = "N")]
    pub(crate) times: Option<u64>,
}

/// Where statements come from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The command line.
    Text(String),
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
}

/// Verbs that later releases have: as SQL they would only confuse.
const LATER: [&str; 6] = ["run", "project", "sweep", "agent", "shell", "login"];

impl Cli {
    /// Decides what is asked for.
    ///
    /// # Errors
    ///
    /// Usage, when it contradicts itself or names a verb that does not exist.
    pub(crate) fn request(self) -> Result<(Global, Request)> {
        let Self { global, sql, file, verb } = self;
        if global.as_of.is_some()
            && !matches!(verb, None | Some(Verb::Runs(_) | Verb::Show { .. } | Verb::Export(_)))
        {
            return Err(Failure::usage("--as-of goes with SQL, `runs`, `show` and `export`"));
        }
        let request = match (sql.as_slice(), file, verb) {
            ([], None, None) => Request::Nothing,
            ([], None, Some(verb)) => Request::Verb(verb),
            ([], Some(file), None) => Request::Sql(Source::File(file)),
            ([word], None, None) if word == "-" => Request::Sql(Source::Stdin),
            ([text], None, None) => {
                no_verb(text)?;
                Request::Sql(Source::Text(text.clone()))
            }
            ([_, ..], Some(_), _) => {
                return Err(Failure::usage("SQL stands on the command line or in -f, not in both"));
            }
            (_, Some(_), Some(_)) => return Err(Failure::usage("-f goes with no verb")),
            ([first, ..], None, _) => {
                no_verb(first)?;
                return Err(Failure::usage(format!("there is more after {first:?}"))
                    .next("SQL is one word: put it in quotes, as in wbq \"SELECT name FROM runs\""));
            }
        };
        Ok((global, request))
    }
}

/// Refuses a single word that was meant as a verb.
fn no_verb(text: &str) -> Result<()> {
    let is_word = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if !is_word {
        return Ok(());
    }
    if LATER.contains(&text) {
        return Err(Failure::usage(format!("{text:?} is not in this version of wbq"))
            .next_command("wbq --help", "lists what is"));
    }
    let command = <Cli as clap::CommandFactory>::command();
    let near = command
        .get_subcommands()
        .map(|verb| verb.get_name())
        .map(|verb| (edits(text, verb), verb))
        .filter(|(edits, verb)| *edits <= verb.len().min(text.len()) / 3)
        .min();
    match near {
        None => Ok(()),
        Some((_, verb)) => Err(Failure::usage(format!("there is no verb {text:?}"))
            .next(format!("did you mean {verb:?}?"))
            .next_command("wbq --help", "lists the verbs")),
    }
}

/// How many letters must be added, removed, changed or swapped with their neighbour to make one
/// word of the other.
fn edits(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let at = |row: Option<&Vec<usize>>, j: usize| {
                row.and_then(|row| row.get(j)).copied().unwrap_or(usize::MAX - 1)
            };
            let above = rows.last();
            let mut best =
                (at(above, j) + usize::from(x != y)).min(at(above, j + 1) + 1).min(at(Some(&row), j) + 1);
            let is_swap = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if is_swap {
                best = best.min(at(rows.get(i - 1), j - 1) + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows.last().and_then(|row| row.last()).copied().unwrap_or_default()
}

fn user_name(text: &str) -> std::result::Result<String, String> {
    let fits = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '_' | '-');
    if (1..=64).contains(&text.len()) && text.chars().all(fits) {
        return Ok(text.to_owned());
    }
    Err("a name is 1 to 64 of a-z 0-9 _ -".to_owned())
}

fn tag_change(text: &str) -> std::result::Result<TagChange, String> {
    match (text.strip_prefix('+'), text.strip_prefix('-')) {
        (Some(tag), _) if !tag.is_empty() => Ok(TagChange::Add(tag.to_owned())),
        (_, Some(tag)) if !tag.is_empty() => Ok(TagChange::Remove(tag.to_owned())),
        _ => Err("write +tag to add a tag, -tag to take it away".to_owned()),
    }
}

fn assignment(text: &str) -> std::result::Result<Assignment, String> {
    let (key, value) = text.split_once('=').ok_or("write it as key=value")?;
    if key.is_empty() {
        return Err("the key is empty: write it as key=value".to_owned());
    }
    let value = serde_json::from_str(value).unwrap_or_else(|_| serde_json::Value::from(value));
    Ok(Assignment { key: key.to_owned(), value })
}

#[cfg(test)]
mod tests;

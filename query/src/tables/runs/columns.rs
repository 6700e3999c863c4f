//! Columns of `runs`: the attributes of a run, then config and summary as they stand.

use crate::tables::{Column, ENTITY, GENERATION, KeyColumns, PROJECT, RUN_ID, Table, Type, column};

/// The table.
pub(crate) static TABLE: Table = Table {
    name: "runs",
    doc: "a run, as it stands now",
    columns: &COLUMNS,
    keys: KeyColumns::ConfigAndSummary,
};

static COLUMNS: [Column; 42] = [
    ENTITY,
    PROJECT,
    RUN_ID,
    GENERATION,
    column("name", Type::Text, "the display name, or the id while there is none"),
    column(
        "state",
        Type::Text,
        "Pending, Running, Finished, Failed, Crashed, Killed, Preempting or Preempted",
    ),
    column(
        "state_reason",
        Type::Text,
        "why it is in that state: cause and evidence of the last change; NULL in its first",
    ),
    column("exit_code", Type::Int, "the exit code that the trainer gave last"),
    column("group_name", Type::Text, "the group that the run belongs to"),
    column("job_type", Type::Text, "what kind of job it is"),
    column("tags", Type::Texts, "the tags, in their order"),
    column("notes", Type::Text, "what people wrote about it"),
    column("description", Type::Text, "what the trainer says it is about"),
    column("author", Type::Text, "the user whose key made it"),
    column("created_at", Type::Time, "when it was made"),
    column("started_at", Type::Time, "when it began: as the trainer says, else when it was made"),
    column("heartbeat_at", Type::Time, "when its trainer was last heard"),
    column("finished_at", Type::Time, "when it ended; NULL while it is at work"),
    column(
        "runtime",
        Type::Float,
        "seconds from its beginning to its end or last heartbeat, pauses included",
    ),
    column("duration", Type::Float, "seconds at work, pauses left out"),
    column("host", Type::Text, "the machine"),
    column("os", Type::Text, "the operating system"),
    column("python_version", Type::Text, "the version of Python"),
    column("executable", Type::Text, "the interpreter or binary"),
    column("command", Type::Text, "the arguments, as one line"),
    column("program", Type::Text, "the script"),
    column("git_remote", Type::Text, "the address of its git repository"),
    column("git_commit", Type::Text, "the commit it ran from"),
    column("cpu_count", Type::Int, "processors of the machine"),
    column("memory_bytes", Type::Int, "memory of the machine, in bytes"),
    column("gpu_type", Type::Text, "the kind of GPU"),
    column("gpu_count", Type::Int, "GPUs of the machine"),
    column("client_version", Type::Text, "the version of the client that logged it"),
    column("sweep_id", Type::Text, "the sweep that it is a trial of"),
    column("parent_run_id", Type::Text, "the run that it was forked from"),
    column("fork_step", Type::Int, "the last step that it has from its parent"),
    column("last_step", Type::Int, "the highest step logged"),
    column("history_rows", Type::Int, "rows of history written, overwritten ones included"),
    column("updated_lsn", Type::Int, "the log position of its last event"),
    column(
        "config",
        Type::Json,
        "the whole config; its keys are columns too: config.lr, config.optimizer.name",
    ),
    column(
        "summary",
        Type::Json,
        "the whole summary; its keys are columns too: summary.loss, summary.'val/acc'",
    ),
    column("deleted_at", Type::Time, "when it was deleted; only there when deleted runs are asked for"),
];

//! What the client tells of the machine and the program, as attributes of the run. It stands in the
//! config under `_wandb.e`, one entry a process (protocol 5.3).

use chrono::DateTime;
use engine::{Attribute, HIDDEN_KEY, Run, Time, Tree, Value};

/// The attributes that a config tells and that differ from what stands.
pub(crate) fn changed_by_config(
    run: Option<&Run>,
    before: Option<&Tree>,
    after: &Tree,
) -> Vec<(Attribute, Value)> {
    let hidden = after.get(HIDDEN_KEY);
    let member = |key: &str| hidden.and_then(|hidden| hidden.get(key));
    let mut told: Vec<(Attribute, Value)> = Vec::new();
    told.extend(member("cli_version").and_then(text).map(|version| (Attribute::ClientVersion, version)));
    let known = before.and_then(|before| before.get(HIDDEN_KEY)?.get("e"));
    for (writer, environment) in member("e").and_then(Value::as_map).unwrap_or_default() {
        if known.and_then(|known| known.get(writer)) != Some(environment) {
            told.extend(of_environment(environment));
        }
    }
    told.extend(member("python_version").and_then(text).map(|version| (Attribute::PythonVersion, version)));
    only_changes(run, told)
}

/// Keeps of each attribute the last value, and only if it differs from what stands. A run began when
/// its first process did.
pub(crate) fn only_changes(run: Option<&Run>, told: Vec<(Attribute, Value)>) -> Vec<(Attribute, Value)> {
    let mut kept: Vec<(Attribute, Value)> = Vec::new();
    for (name, value) in told {
        kept.retain(|(known, _)| *known != name);
        kept.push((name, value));
    }
    kept.retain(|(name, value)| {
        let standing = run.and_then(|run| run.attribute(*name));
        let is_later = *name == Attribute::StartedAt
            && standing
                .and_then(Value::as_i64)
                .is_some_and(|known| value.as_i64().is_none_or(|new| new >= known));
        !is_later && standing.unwrap_or(&Value::Null) != value
    });
    kept
}

fn of_environment(environment: &Value) -> Vec<(Attribute, Value)> {
    let at = |path: &[&str]| path.iter().try_fold(environment, |value, key| value.get(key));
    let first_gpu = || match at(&["gpu_nvidia"]).or(at(&["gpu_amd"])) {
        Some(Value::List(gpus)) => gpus.first().and_then(|gpu| gpu.get("name")),
        _ => None,
    };
    let told = [
        (Attribute::Host, at(&["host"]).and_then(text)),
        (Attribute::Os, at(&["os"]).and_then(text)),
        (Attribute::PythonVersion, at(&["python"]).and_then(text)),
        (Attribute::Executable, at(&["executable"]).and_then(text)),
        (Attribute::Program, at(&["program"]).and_then(text)),
        (Attribute::Command, command(at(&["program"]), at(&["args"]))),
        (Attribute::GitRemote, at(&["git", "remote"]).and_then(text)),
        (Attribute::GitCommit, at(&["git", "commit"]).and_then(text)),
        (Attribute::CpuCount, at(&["cpu_count"]).and_then(integer)),
        (Attribute::MemoryBytes, at(&["memory", "total"]).and_then(integer)),
        (Attribute::GpuType, at(&["gpu"]).or_else(first_gpu).and_then(text)),
        (Attribute::GpuCount, at(&["gpu_count"]).and_then(integer)),
        (Attribute::StartedAt, at(&["startedAt"]).and_then(Value::as_str).and_then(time).map(Value::Int)),
    ];
    told.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn text(value: &Value) -> Option<Value> {
    value.as_str().filter(|text| !text.is_empty()).map(Value::text)
}

/// An integer, also in quotes: 64-bit sizes come so.
fn integer(value: &Value) -> Option<Value> {
    let number = value.as_i64().or_else(|| value.as_str()?.parse().ok())?;
    Some(Value::Int(number))
}

/// RFC 3339, as nanoseconds since 1970.
pub(crate) fn time(text: &str) -> Option<Time> {
    DateTime::parse_from_rfc3339(text).ok()?.timestamp_nanos_opt()
}

/// The program and its arguments as one line that a shell would take.
fn command(program: Option<&Value>, args: Option<&Value>) -> Option<Value> {
    let mut words: Vec<&str> = program.and_then(Value::as_str).into_iter().collect();
    if let Some(Value::List(args)) = args {
        words.extend(args.iter().filter_map(Value::as_str));
    }
    let line: Vec<String> = words.into_iter().map(quoted).collect();
    (!line.is_empty()).then(|| Value::text(line.join(" ")))
}

fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./=:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_becomes_attributes() {
        let config = r#"{"_wandb":{"cli_version":"0.31.0","python_version":"3.11.7","e":{"w":{
            "os":"Linux","python":"CPython 3.11.7","startedAt":"2026-11-23T07:37:59.724994Z","program":"/a b/t.py",
            "args":["--lr","0.1","it's"],"host":"h","executable":"/py","git":{"remote":"r","commit":"c"},
            "cpu_count":2,"memory":{"total":"68719476736"},"gpu_nvidia":[{"name":"A100"}],"gpu_count":1}}}}"#;
        let tree = Tree::of(Value::from_json(config.as_bytes()).unwrap());
        let told = changed_by_config(None, None, &tree);
        let get = |name| told.iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_json());
        assert_eq!(get(Attribute::Command).unwrap(), r#""'/a b/t.py' --lr 0.1 'it'\\''s'""#);
        assert_eq!(get(Attribute::MemoryBytes).unwrap(), "68719476736");
        assert_eq!(get(Attribute::StartedAt).unwrap(), "1795419479724994000");
        assert_eq!(get(Attribute::PythonVersion).unwrap(), r#""3.11.7""#);
        assert_eq!(get(Attribute::GpuType).unwrap(), r#""A100""#);
        assert_eq!(told.len(), 14);
        assert_eq!(changed_by_config(None, Some(&tree), &tree).len(), 2, "a known process tells nothing new");
    }
}

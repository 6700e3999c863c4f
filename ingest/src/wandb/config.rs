//! The config document: `{"lr":{"value":0.1}}` on the wire, `{"lr":0.1}` in the store.

use engine::{HIDDEN_KEY, Tree, Value};

use crate::http::error::Refusal;

/// Reads a document of the wire into what it says, without the wrappers.
pub(crate) fn read(json: &str) -> Result<Tree, Refusal> {
    let value = Value::from_json(json.as_bytes())
        .map_err(|e| Refusal::invalid(format!("the config is not JSON: {e}")))?;
    let Value::Map(members) = value else {
        return Err(Refusal::invalid("the config is not a JSON object"));
    };
    Ok(Tree::of(Value::Map(members.into_iter().map(|(key, value)| (key, unwrapped(value))).collect())))
}

fn unwrapped(value: Value) -> Value {
    let is_wrapper = value.as_map().is_some_and(|members| {
        value.get("value").is_some() && members.iter().all(|(key, _)| matches!(&**key, "value" | "desc"))
    });
    match value {
        Value::Map(members) if is_wrapper => {
            members.into_iter().find(|(key, _)| &**key == "value").map_or(Value::Null, |(_, value)| value)
        }
        other => other,
    }
}

/// Writes the document of the wire.
pub(crate) fn write(config: &Tree) -> String {
    let wrap =
        |(key, value): (&str, &Value)| (Box::from(key), Value::Map(vec![("value".into(), value.clone())]));
    Value::Map(config.iter().map(wrap).collect()).to_json()
}

/// The config that a new document makes of the one that stands: it replaces all but the client's
/// own notes when it brings none, and the environments of other processes of the run. Where several
/// processes write one run, each knows its own keys only, so none are dropped.
pub(crate) fn merged(standing: &Tree, new: &Tree, is_shared: bool) -> Tree {
    let mut members: Vec<(Box<str>, Value)> = Vec::new();
    if is_shared {
        let kept = standing.iter().filter(|(key, _)| new.get(key).is_none());
        members.extend(kept.map(|(key, value)| (key.into(), value.clone())));
    }
    members.extend(
        new.iter().filter(|(key, _)| *key != HIDDEN_KEY).map(|(key, value)| (key.into(), value.clone())),
    );
    members.retain(|(key, _)| &**key != HIDDEN_KEY);
    let hidden = match (standing.get(HIDDEN_KEY), new.get(HIDDEN_KEY)) {
        (Some(standing), Some(new)) => Some(merged_hidden(standing, new)),
        (one, other) => other.or(one).cloned(),
    };
    members.extend(hidden.map(|hidden| (HIDDEN_KEY.into(), hidden)));
    Tree::of(Value::Map(members))
}

fn merged_hidden(standing: &Value, new: &Value) -> Value {
    let environments = |value: &Value| value.get("e").and_then(Value::as_map).unwrap_or_default().to_vec();
    let mut all = environments(standing);
    for (writer, environment) in environments(new) {
        all.retain(|(known, _)| *known != writer);
        all.push((writer, environment));
    }
    let mut members = new.as_map().unwrap_or_default().to_vec();
    members.retain(|(key, _)| &**key != "e");
    if !all.is_empty() {
        members.push(("e".into(), Value::Map(all)));
    }
    Value::Map(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrappers_come_off_and_go_on_again() {
        let wire = r#"{"_wandb":{"value":{"t":{}}},"big":{"value":1152921504606846976},"lr":{"value":NaN},"o":{"value":{"value":1}}}"#;
        let tree = read(wire).unwrap();
        assert_eq!(tree.get("o").unwrap().to_json(), r#"{"value":1}"#);
        assert_eq!(write(&tree), wire);
        assert_eq!(
            read(r#"{"a":{"value":1,"desc":null},"b":2}"#).unwrap().to_value().to_json(),
            r#"{"a":1,"b":2}"#
        );
        assert!(read("[]").is_err() && read("{").is_err());
    }

    #[test]
    fn a_new_document_replaces_keys_and_keeps_other_processes() {
        let standing = read(r#"{"a":{"value":1},"_wandb":{"value":{"t":1,"e":{"w1":{"os":"x"}}}}}"#).unwrap();
        let new = read(r#"{"b":{"value":2},"_wandb":{"value":{"t":2,"e":{"w2":{"os":"y"}}}}}"#).unwrap();
        let merged_alone = merged(&standing, &new, false).to_value().to_json();
        assert_eq!(merged_alone, r#"{"_wandb":{"t":2,"e":{"w1":{"os":"x"},"w2":{"os":"y"}}},"b":2}"#);
        assert_eq!(merged(&standing, &new, true).get("a"), Some(&Value::Int(1)));
        let without = read(r#"{"b":{"value":2}}"#).unwrap();
        assert_eq!(merged(&standing, &without, false).get("_wandb"), standing.get("_wandb"));
    }
}

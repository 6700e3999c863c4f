//! What the client notes of itself in the config, of a process that the run has: said otherwise at each
//! sync, and the same.

use engine::{HIDDEN_KEY, Tree, Value};

/// The number of `sync2` among the features of the telemetry.
const SYNCED: i64 = 76;

/// What the client notes of itself as the run has it, where it says the same otherwise: the process under
/// the name that it has, the metrics in the order that they have, without the mark that a sync leaves.
pub(super) fn as_it_stands(stands: &Tree, mut told: Tree, key: &str, writer: Option<&str>) -> Tree {
    let hidden = |tree: &Tree, name: &str| tree.get(HIDDEN_KEY).and_then(|hidden| hidden.get(name)).cloned();
    let path = |parts: &[&str]| parts.iter().map(|part| Box::from(*part)).collect::<engine::Path>();
    let (mut removed, mut set) = (Vec::new(), Vec::new());
    if let (Some(environment), Some(writer)) =
        (hidden(&told, "e").and_then(|all| all.get(key).cloned()), writer)
    {
        removed.push(path(&[HIDDEN_KEY, "e", key]));
        let known = hidden(stands, "e").and_then(|all| all.get(writer).cloned());
        set.push((path(&[HIDDEN_KEY, "e", writer]), known.unwrap_or(environment)));
    }
    if let (Some(known), Some(new)) = (hidden(stands, "m"), hidden(&told, "m"))
        && metrics(&known) == metrics(&new)
    {
        set.push((path(&[HIDDEN_KEY, "m"]), known));
    }
    if let (Some(known), Some(new)) = (hidden(stands, "t"), hidden(&told, "t"))
        && flags(&new).iter().all(|flag| *flag == SYNCED || flags(&known).contains(flag))
    {
        set.push((path(&[HIDDEN_KEY, "t"]), known));
    }
    told.apply(&engine::Paths { removed, set });
    told
}

fn flags(telemetry: &Value) -> Vec<i64> {
    match telemetry.get("3") {
        Some(Value::List(flags)) => flags.iter().filter_map(Value::as_i64).collect(),
        _ => Vec::new(),
    }
}

/// Defined metrics in an order that does not depend on chance: a step metric by its name (protocol 5.5).
fn metrics(defined: &Value) -> Vec<String> {
    let Value::List(all) = defined else { return Vec::new() };
    let name = |metric: &Value| metric.get("1").or(metric.get("2")).map(Value::to_json).unwrap_or_default();
    let by_index = |index: &Value| {
        let place = usize::try_from(index.as_i64()?.checked_sub(1)?).ok()?;
        all.get(place).map(&name)
    };
    let member = |(key, value): &(Box<str>, Value)| {
        let value = match (&**key, value) {
            ("5", index) => by_index(index).unwrap_or_default(),
            (_, Value::List(flags)) => {
                let mut flags: Vec<String> = flags.iter().map(Value::to_json).collect();
                flags.sort();
                flags.join(",")
            }
            (_, other) => other.to_json(),
        };
        format!("{key}:{value}")
    };
    let mut told: Vec<String> = all
        .iter()
        .map(|metric| {
            let mut members: Vec<String> = metric.as_map().unwrap_or_default().iter().map(member).collect();
            members.sort();
            members.join(" ")
        })
        .collect();
    told.sort();
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(metrics: &str, flags: &str, process: &str) -> Tree {
        let json = format!(r#"{{"a":1,"_wandb":{{"m":{metrics},"t":{{"3":{flags}}},"e":{{{process}}}}}}}"#);
        Tree::of(Value::from_json(json.as_bytes()).unwrap())
    }

    #[test]
    fn what_a_sync_says_in_another_order_and_under_another_name_is_what_stands() {
        let stands = config(
            r#"[{"1":"epoch","6":[3]},{"2":"val/*","5":1,"6":[1,2]}]"#,
            "[4,13]",
            r#""w":{"os":"x","writerId":"w"}"#,
        );
        let told =
            |metrics: &str, flags: &str| config(metrics, flags, r#""drawn":{"os":"x","writerId":"w"}"#);
        let turned = r#"[{"6":[2,1],"2":"val/*","5":2},{"1":"epoch","6":[3]}]"#;
        assert_eq!(as_it_stands(&stands, told(turned, "[13,76,4]"), "drawn", Some("w")), stands);
        let other = told(r#"[{"1":"epoch","6":[3]}]"#, "[4,13,5]");
        let found = as_it_stands(&stands, other.clone(), "drawn", Some("w"));
        let part =
            |tree: &Tree, name: &str| tree.get(HIDDEN_KEY).and_then(|hidden| hidden.get(name)).cloned();
        assert_eq!((part(&found, "m"), part(&found, "t")), (part(&other, "m"), part(&other, "t")));
    }
}

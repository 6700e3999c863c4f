//! JSON values as YAML in blocks, for `config.yaml`: the subset that any reader of YAML takes. A text
//! is left bare only where nothing could take it for something else.

use engine::Value;

/// Writes the members of a map, a line or block each; anything else is written as one line.
pub(crate) fn write(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Map(members) if !members.is_empty() => map(members, 0, &mut out),
        other => {
            out.push_str(&scalar(other));
            out.push('\n');
        }
    }
    out
}

fn map(members: &[(Box<str>, Value)], depth: usize, out: &mut String) {
    for (key, value) in members {
        indent(depth, out);
        out.push_str(&text(key));
        out.push(':');
        under(value, depth, out);
    }
}

fn list(items: &[Value], depth: usize, out: &mut String) {
    for item in items {
        indent(depth, out);
        out.push('-');
        under(item, depth, out);
    }
}

fn under(value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::Map(members) if !members.is_empty() => {
            out.push('\n');
            map(members, depth + 1, out);
        }
        Value::List(items) if !items.is_empty() => {
            out.push('\n');
            list(items, depth + 1, out);
        }
        other => {
            out.push(' ');
            out.push_str(&scalar(other));
            out.push('\n');
        }
    }
}

fn indent(depth: usize, out: &mut String) {
    out.extend(std::iter::repeat_n("    ", depth));
}

fn scalar(value: &Value) -> String {
    match value {
        Value::Text(string) => text(string),
        Value::Float(float) if float.is_nan() => ".nan".into(),
        Value::Float(float) if float.is_infinite() => if *float > 0.0 { ".inf" } else { "-.inf" }.into(),
        // What JSON writes is YAML.
        other => other.to_json(),
    }
}

fn text(text: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '/' | '-');
    let begins_bare = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '/');
    // Words that some version of YAML reads as something else.
    let is_word = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word));
    if begins_bare && !is_word && text.chars().all(is_bare) {
        text.to_owned()
    } else {
        Value::text(text).to_json()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_in_blocks_and_what_is_ambiguous_in_quotes() {
        let json = r#"{"lr":{"value":0.1},"nest":{"value":{"a":[1,"x",null,{"b":[]}],"e":{}}},"3":{"value":"on"},
            "t":{"value":["a b","12","1.5","é\n","/usr/bin",""]},"f":{"value":NaN},"i":{"value":-Infinity}}"#;
        let yaml = write(&Value::from_json(json.as_bytes()).unwrap());
        assert_eq!(
            yaml,
            concat!(
                "lr:\n    value: 0.1\nnest:\n    value:\n        a:\n            - 1\n            - x\n",
                "            - null\n            -\n                b: []\n        e: {}\n\"3\":\n    value: \"on\"\n",
                "t:\n    value:\n        - \"a b\"\n        - \"12\"\n        - \"1.5\"\n        - \"é\\n\"\n",
                "        - /usr/bin\n        - \"\"\nf:\n    value: .nan\ni:\n    value: -.inf\n",
            )
        );
        assert_eq!(write(&Value::Map(Vec::new())), "{}\n");
    }
}

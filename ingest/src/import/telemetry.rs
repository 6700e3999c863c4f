//! What the client tells of itself, as it stands in the config under `_wandb.t`: a map from the
//! number of a field to its text, or to the numbers of the flags that are set (protocol 5.3).

use std::collections::{BTreeMap, BTreeSet};

use engine::Value;

use super::proto::{Fields, Malformed};

/// Fields whose messages hold flags.
const FLAGS: [u32; 4] = [1, 2, 3, 8];
/// Deprecated features, flags too.
const DEPRECATED: u32 = 10;
const LABELS: u32 = 9;
const PYTHON: u32 = 4;
const CLIENT: u32 = 5;
const CORE: u32 = 12;

/// Telemetry records, merged.
#[derive(Debug, Default)]
pub(crate) struct Telemetry {
    texts: BTreeMap<u32, String>,
    flags: BTreeMap<u32, BTreeSet<u32>>,
    labels: BTreeMap<u32, String>,
}

impl Telemetry {
    pub(crate) fn take(&mut self, message: &[u8]) -> Result<(), Malformed> {
        for field in Fields::of(message) {
            let (number, value) = field?;
            match number {
                number if FLAGS.contains(&number) || number == DEPRECATED => {
                    for flag in Fields::of(value.bytes()?) {
                        let (flag, is_set) = flag?;
                        if is_set.number().is_ok_and(|set| set != 0) {
                            self.flags.entry(number).or_default().insert(flag);
                        }
                    }
                }
                LABELS => {
                    for label in Fields::of(value.bytes()?) {
                        let (label, text) = label?;
                        self.labels.insert(label, text.text()?.to_owned());
                    }
                }
                PYTHON | CLIENT | 6 | CORE | 13 => {
                    self.texts.insert(number, value.text()?.to_owned());
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The version of the client that wrote the log, where no record names that of its core.
    pub(crate) fn produced_by(&mut self, version: &str) {
        self.texts.entry(CORE).or_insert_with(|| version.to_owned());
    }

    pub(crate) fn python_version(&self) -> Option<&str> {
        self.texts.get(&PYTHON).map(String::as_str)
    }

    pub(crate) fn client_version(&self) -> Option<&str> {
        self.texts.get(&CLIENT).map(String::as_str)
    }

    pub(crate) fn to_value(&self) -> Value {
        let text = |text: &String| Value::text(text.as_str());
        let mut members: Vec<(Box<str>, Value)> = Vec::new();
        for (number, value) in &self.texts {
            members.push((number.to_string().into(), text(value)));
        }
        for (number, flags) in &self.flags {
            let flags = flags.iter().map(|flag| Value::Int((*flag).into())).collect();
            members.push((number.to_string().into(), Value::List(flags)));
        }
        if !self.labels.is_empty() {
            let labels = self.labels.iter().map(|(label, value)| (label.to_string().into(), text(value)));
            members.push((LABELS.to_string().into(), Value::Map(labels.collect())));
        }
        Value::Map(members)
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::field;
    use super::*;

    #[test]
    fn records_are_merged_and_flags_are_listed_by_number() {
        let mut telemetry = Telemetry::default();
        telemetry
            .take(&[field(3, &[0x20, 1, 0x10, 1]), field(4, b"3.11"), field(5, b"0.31")].concat())
            .unwrap();
        telemetry.take(&[field(3, &[0x68, 1]), field(9, &field(2, b"repo"))].concat()).unwrap();
        telemetry.produced_by("0.31.0");
        let expected = r#"{"12":"0.31.0","4":"3.11","5":"0.31","3":[2,4,13],"9":{"2":"repo"}}"#;
        let (found, expected) = (telemetry.to_value(), Value::from_json(expected.as_bytes()).unwrap());
        assert_eq!(engine::Tree::of(found), engine::Tree::of(expected));
        assert!(telemetry.take(&[0x0a, 0x7f]).is_err());
    }
}

//! Records of a log and the items in them (protocol 12.3).

use super::proto::{Fields, Malformed, Wire};

/// A record, its message still as bytes. Fields that this release does not know are passed over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Record<'a> {
    History(&'a [u8]),
    Summary(&'a [u8]),
    Output(&'a [u8]),
    Config(&'a [u8]),
    Files(&'a [u8]),
    Stats(&'a [u8]),
    Telemetry(&'a [u8]),
    Metric(&'a [u8]),
    Run(&'a [u8]),
    Exit(&'a [u8]),
    Environment(&'a [u8]),
    Header(&'a [u8]),
    Preempting,
    /// Of artifacts, made or used.
    Artifact,
    Alert,
    /// What says nothing about a run: requests between the client's processes, ends of files.
    Internal,
    /// Of a later client, or of nobody's.
    Unknown,
}

impl<'a> Record<'a> {
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut record = Self::Unknown;
        for field in Fields::of(bytes) {
            let (number, value) = field?;
            record = match number {
                2 => Self::History(value.bytes()?),
                3 => Self::Summary(value.bytes()?),
                5 => Self::Config(value.bytes()?),
                6 => Self::Files(value.bytes()?),
                7 => Self::Stats(value.bytes()?),
                8 | 24 | 25 => Self::Artifact,
                10 => Self::Alert,
                11 => Self::Telemetry(value.bytes()?),
                12 => Self::Metric(value.bytes()?),
                13 => Self::Output(value.bytes()?),
                17 => Self::Run(value.bytes()?),
                18 => Self::Exit(value.bytes()?),
                21 => Self::Header(value.bytes()?),
                23 => Self::Preempting,
                26 => Self::Environment(value.bytes()?),
                // Output that loggers also wrote to the terminal; TensorBoard's files are read by nobody here.
                4 | 9 | 20 | 22 | 27 | 100 => Self::Internal,
                _ => continue,
            };
        }
        Ok(record)
    }
}

/// A key and its value, of history, summary, config or system metrics.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item<'a> {
    message: &'a [u8],
    key: &'a str,
    nested: usize,
    pub(crate) value: Given<'a>,
}

/// A value as the log has it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Given<'a> {
    Json(&'a str),
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'a str),
}

impl<'a> Item<'a> {
    pub(crate) fn parse(message: &'a [u8]) -> Result<Self, Malformed> {
        let mut item = Self { message, key: "", nested: 0, value: Given::Null };
        for field in Fields::of(message) {
            match field? {
                (1, key) if item.nested == 0 => item.key = key.text()?,
                (2, part) => {
                    item.nested += 1;
                    let part = part.text()?;
                    if item.nested == 1 {
                        item.key = part;
                    }
                }
                (3, _) => item.value = Given::Null,
                (4, value) => item.value = Given::Bool(value.flag()?),
                (5, value) => item.value = Given::Int(value.zigzag()?),
                (6, value) => item.value = Given::Float(value.float()?),
                (7, value) => item.value = Given::Text(value.text()?),
                (8 | 16, value) => item.value = Given::Json(value.text()?),
                _ => {}
            }
        }
        Ok(item)
    }

    /// The name, where it is not a path of several parts.
    pub(crate) fn plain_name(&self) -> Option<&'a str> {
        (self.nested <= 1).then_some(self.key)
    }

    /// The path's parts; one where the key is plain.
    pub(crate) fn path(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        // Every part was read once already.
        let parts = Fields::of(self.message).filter_map(|field| match field {
            Ok((2, part)) => part.text().ok(),
            _ => None,
        });
        let plain = (self.nested == 0).then_some(self.key);
        plain.into_iter().chain(parts)
    }

    /// The last part of the path.
    pub(crate) fn last(&self) -> &'a str {
        if self.nested <= 1 { self.key } else { self.path().last().unwrap_or_default() }
    }
}

/// The items of a message that stand under a field.
pub(crate) fn items(message: &[u8], under: u32) -> impl Iterator<Item = Result<Item<'_>, Malformed>> {
    Fields::of(message).filter_map(move |field| match field {
        Ok((number, value)) if number == under => Some(value.bytes().and_then(Item::parse)),
        Ok(_) => None,
        Err(malformed) => Some(Err(malformed)),
    })
}

/// One run as a `RunRecord` tells it; what is empty is not told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RunFacts {
    pub(crate) id: String,
    pub(crate) entity: String,
    pub(crate) project: String,
    pub(crate) group: String,
    pub(crate) job_type: String,
    pub(crate) name: String,
    pub(crate) notes: String,
    pub(crate) tags: Vec<String>,
    pub(crate) sweep: String,
    pub(crate) host: String,
    pub(crate) git_remote: String,
    pub(crate) git_commit: String,
    /// Nanoseconds since 1970.
    pub(crate) start: Option<i64>,
    /// The process went on with a run that was there.
    pub(crate) is_resumed: bool,
    /// The id of the run that it goes on from.
    pub(crate) parent: String,
}

impl RunFacts {
    /// Takes what a later record tells.
    pub(crate) fn take(&mut self, message: &[u8]) -> Result<(), Malformed> {
        let mut tags = Vec::new();
        for field in Fields::of(message) {
            let (number, value) = field?;
            let slot = match number {
                1 => &mut self.id,
                2 => &mut self.entity,
                3 => &mut self.project,
                6 => &mut self.group,
                7 => &mut self.job_type,
                8 => &mut self.name,
                9 => &mut self.notes,
                12 => &mut self.sweep,
                13 => &mut self.host,
                10 => {
                    tags.push(value.text()?.to_owned());
                    continue;
                }
                17 => {
                    self.start.get_or_insert(value.time()?);
                    continue;
                }
                18 | 24 => {
                    self.is_resumed |= value.flag()?;
                    continue;
                }
                21 => {
                    self.take_git(value)?;
                    continue;
                }
                23 => {
                    self.take_branch_point(value)?;
                    continue;
                }
                _ => continue,
            };
            let text = value.text()?;
            if !text.is_empty() {
                text.clone_into(slot);
            }
        }
        if !tags.is_empty() {
            self.tags = tags;
        }
        Ok(())
    }

    fn take_branch_point(&mut self, point: Wire<'_>) -> Result<(), Malformed> {
        for field in Fields::of(point.bytes()?) {
            if let (1, run) = field? {
                run.text()?.clone_into(&mut self.parent);
            }
        }
        Ok(())
    }

    fn take_git(&mut self, git: Wire<'_>) -> Result<(), Malformed> {
        for field in Fields::of(git.bytes()?) {
            match field? {
                (1, remote) => remote.text()?.clone_into(&mut self.git_remote),
                (2, commit) => commit.text()?.clone_into(&mut self.git_commit),
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A field that holds bytes.
    pub(crate) fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        let mut out = varint(u64::from(number) << 3 | 2);
        out.extend(varint(bytes.len() as u64));
        out.extend_from_slice(bytes);
        out
    }

    pub(crate) fn varint(mut number: u64) -> Vec<u8> {
        let mut out = Vec::new();
        while number >= 0x80 {
            out.push(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        out.push(number.to_le_bytes()[0]);
        out
    }

    /// An item with a path of these parts.
    pub(crate) fn item(parts: &[&str], json: &str) -> Vec<u8> {
        let mut out: Vec<u8> = parts.iter().flat_map(|part| field(2, part.as_bytes())).collect();
        out.extend([0x82, 0x01]);
        out.extend(varint(json.len() as u64));
        out.extend_from_slice(json.as_bytes());
        out
    }

    #[test]
    fn items_have_a_key_or_a_path_and_a_value_of_any_kind() {
        let nested = item(&["a", "b.c"], "1");
        let parsed = Item::parse(&nested).unwrap();
        assert_eq!(parsed.path().collect::<Vec<_>>(), ["a", "b.c"]);
        assert_eq!((parsed.plain_name(), parsed.last()), (None, "b.c"));
        let one = item(&["a"], "1");
        assert_eq!(Item::parse(&one).unwrap().plain_name(), Some("a"));
        let mut keyed = field(1, b"k");
        keyed.extend([0x28, 0x03]);
        let parsed = Item::parse(&keyed).unwrap();
        assert_eq!((parsed.path().collect::<Vec<_>>(), parsed.value), (vec!["k"], Given::Int(-2)));
        assert!(Item::parse(&field(1, b"\xff")).is_err());
    }

    #[test]
    fn records_are_known_by_their_field_and_others_are_unknown() {
        assert_eq!(Record::parse(&[]), Ok(Record::Unknown));
        let mut record = vec![0x08, 0x01];
        record.extend(field(2, b"row"));
        assert_eq!(Record::parse(&record), Ok(Record::History(b"row")));
        assert_eq!(Record::parse(&[0x08, 0x01, 0xf2, 0x06, 0x00]), Ok(Record::Unknown), "field 110");
        assert_eq!(Record::parse(&[0x12, 0x7f]), Err(Malformed));
        assert_eq!(Record::parse(&[0x10, 0x01]), Err(Malformed), "history that is a number");
    }

    #[test]
    fn later_facts_of_a_run_replace_what_they_tell_and_leave_the_rest() {
        let mut facts = RunFacts::default();
        let first = [field(1, b"id"), field(8, b"old"), field(10, b"a"), field(10, b"b")].concat();
        facts.take(&first).unwrap();
        facts.take(&[field(1, b"id"), field(8, b"new"), vec![0x90, 0x01, 0x01]].concat()).unwrap();
        assert_eq!((&*facts.id, &*facts.name, facts.tags.len(), facts.is_resumed), ("id", "new", 2, true));
    }
}

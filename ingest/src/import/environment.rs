//! Where a process ran, as it stands in the config under `_wandb.e` and in `wandb-metadata.json`: the
//! JSON form of the `EnvironmentRecord`, by the names that the client gives its fields.

use chrono::{DateTime, SecondsFormat};
use engine::{Paths, Tree, Value};

use super::proto::{Fields, Malformed, Wire};

/// Records of one process, merged.
#[derive(Debug, Default)]
pub(crate) struct Environment {
    members: Tree,
    pub(crate) writer: Option<String>,
    /// Nanoseconds since 1970.
    pub(crate) started: Option<i64>,
}

/// How a field is written. 64-bit sizes are texts in the JSON of protocol buffers.
#[derive(Clone, Copy)]
enum Form {
    Text,
    Number,
    Size,
    Time,
    Texts,
    /// A map: the value under each key in such a form.
    Map(&'static Form),
    Message(Names),
    Messages(Names),
}

type Names = &'static [(u32, &'static str, Form)];

use Form::{Map, Message, Messages, Number, Size, Text, Texts, Time};

const ENVIRONMENT: Names = &[
    (1, "os", Text),
    (2, "python", Text),
    (3, "startedAt", Time),
    (4, "docker", Text),
    (5, "args", Texts),
    (6, "program", Text),
    (7, "codePath", Text),
    (8, "codePathLocal", Text),
    (9, "git", Message(&[(1, "remote", Text), (2, "commit", Text)])),
    (10, "email", Text),
    (11, "root", Text),
    (12, "host", Text),
    (13, "username", Text),
    (14, "executable", Text),
    (15, "colab", Text),
    (16, "cpu_count", Number),
    (17, "cpu_count_logical", Number),
    (18, "gpu", Text),
    (19, "gpu_count", Number),
    (20, "disk", Map(&Message(&[(1, "total", Size), (2, "used", Size)]))),
    (21, "memory", Message(&[(1, "total", Size)])),
    (22, "cpu", Message(&[(1, "count", Number), (2, "countLogical", Number), (3, "model", Text)])),
    (23, "apple", Message(APPLE)),
    (24, "gpu_nvidia", Messages(NVIDIA)),
    (25, "cudaVersion", Text),
    (26, "gpu_amd", Messages(AMD)),
    (27, "slurm", Map(&Text)),
    (28, "trainium", Message(TRAINIUM)),
    (29, "tpu", Message(TPU)),
    (30, "coreweave", Message(&[(1, "clusterName", Text), (2, "orgId", Text), (3, "region", Text)])),
    (199, "writerId", Text),
];

const APPLE: Names = &[
    (1, "name", Text),
    (2, "ecpuCores", Number),
    (3, "pcpuCores", Number),
    (4, "gpuCores", Number),
    (5, "memoryGb", Number),
    (6, "swapTotalBytes", Size),
    (7, "ramTotalBytes", Size),
    (8, "macModel", Text),
];

const NVIDIA: Names = &[
    (1, "name", Text),
    (2, "memoryTotal", Size),
    (3, "cudaCores", Number),
    (4, "architecture", Text),
    (5, "uuid", Text),
    (6, "pciBusId", Text),
    (7, "numaNode", Number),
];

const AMD: Names = &[
    (1, "id", Text),
    (2, "uniqueId", Text),
    (3, "vbiosVersion", Text),
    (4, "performanceLevel", Text),
    (5, "gpuOverdrive", Text),
    (6, "gpuMemoryOverdrive", Text),
    (7, "maxPower", Text),
    (8, "series", Text),
    (9, "model", Text),
    (10, "vendor", Text),
    (11, "sku", Text),
    (12, "sclkRange", Text),
    (13, "mclkRange", Text),
];

const TRAINIUM: Names = &[
    (1, "name", Text),
    (2, "vendor", Text),
    (3, "neuronDeviceCount", Number),
    (4, "neuroncorePerDeviceCount", Number),
];

const TPU: Names =
    &[(1, "name", Text), (2, "hbmGib", Number), (3, "devicesPerChip", Number), (4, "count", Number)];

impl Environment {
    /// Takes a record; what it does not tell stays.
    pub(crate) fn take(&mut self, message: &[u8]) -> Result<(), Malformed> {
        let told = Tree::of(read_message(message, ENVIRONMENT)?);
        for field in Fields::of(message) {
            match field? {
                (3, time) => self.started = Some(time.time()?),
                (199, writer) => self.writer = Some(writer.text()?.to_owned()),
                _ => {}
            }
        }
        let set = told.iter().map(|(key, value)| (vec![key.into()], value.clone())).collect();
        self.members.apply(&Paths { removed: Vec::new(), set });
        Ok(())
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.members.get(name)?.as_str()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.members.iter().len() == 0
    }

    pub(crate) fn to_value(&self) -> Value {
        self.members.to_value()
    }
}

fn read_message(message: &[u8], names: Names) -> Result<Value, Malformed> {
    let mut members: Vec<(Box<str>, Value)> = Vec::new();
    for field in Fields::of(message) {
        let (number, value) = field?;
        let Some((_, name, form)) = names.iter().find(|(known, ..)| *known == number) else { continue };
        let value = read(value, *form)?;
        match (members.iter_mut().find(|(known, _)| **known == **name), value) {
            (Some((_, Value::List(all))), Value::List(more)) => all.extend(more),
            (Some((_, Value::Map(all))), Value::Map(more)) => all.extend(more),
            (Some((_, slot)), value) => *slot = value,
            (None, value) => members.push(((*name).into(), value)),
        }
    }
    Ok(Value::Map(members))
}

fn read(value: Wire<'_>, form: Form) -> Result<Value, Malformed> {
    Ok(match form {
        Text => Value::text(value.text()?),
        Number => Value::Int(value.integer()?),
        Size => Value::text(value.number()?.to_string()),
        Time => Value::text(rfc3339(value.time()?)),
        Texts => Value::List(vec![Value::text(value.text()?)]),
        Map(of) => {
            let (mut key, mut under) = (Box::default(), Value::Null);
            for field in Fields::of(value.bytes()?) {
                match field? {
                    (1, text) => key = text.text()?.into(),
                    (2, value) => under = read(value, *of)?,
                    _ => {}
                }
            }
            Value::Map(vec![(key, under)])
        }
        Message(names) => read_message(value.bytes()?, names)?,
        Messages(names) => Value::List(vec![read_message(value.bytes()?, names)?]),
    })
}

/// A time as the JSON of protocol buffers has it: 0, 3, 6 or 9 digits of the second.
fn rfc3339(nanos: i64) -> String {
    DateTime::from_timestamp_nanos(nanos).to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::{field, varint};
    use super::*;

    #[test]
    fn records_of_a_process_are_merged_and_written_as_the_client_writes_them() {
        let size = [vec![0x08], varint(68_719_476_736)].concat();
        let disk = [field(1, b"/"), field(2, &size)].concat();
        let first = [
            field(1, b"Linux"),
            field(3, &[vec![0x08], varint(1_795_785_928), vec![0x10], varint(565_824_000)].concat()),
            field(5, b"--lr"),
            field(5, b"0.1"),
            field(9, &[field(1, b"r"), field(2, b"c")].concat()),
        ];
        let nvidia = [field(1, b"A100"), vec![0x18, 0x80, 0x36]].concat();
        let mut writer = vec![0xba, 0x0c, 0x01];
        writer.push(b'w');
        let second = [
            vec![0x80, 0x01, 2],
            vec![0xa2, 0x01],
            varint(disk.len() as u64),
            disk,
            gpu(&nvidia),
            gpu(&nvidia),
            writer,
        ];
        let mut environment = Environment::default();
        environment.take(&first.concat()).unwrap();
        environment.take(&second.concat()).unwrap();
        let expected = r#"{"os":"Linux","startedAt":"2026-11-27T13:25:28.565824Z","args":["--lr","0.1"],
            "git":{"remote":"r","commit":"c"},"cpu_count":2,"disk":{"/":{"total":"68719476736"}},
            "gpu_nvidia":[{"name":"A100","cudaCores":6912},{"name":"A100","cudaCores":6912}],"writerId":"w"}"#;
        let expected = Tree::of(Value::from_json(expected.as_bytes()).unwrap());
        assert_eq!(Tree::of(environment.to_value()), expected);
        assert_eq!((environment.writer.as_deref(), environment.text("os")), (Some("w"), Some("Linux")));
        assert_eq!(environment.started, Some(1_795_785_928_565_824_000));
    }

    fn gpu(message: &[u8]) -> Vec<u8> {
        [vec![0xc2, 0x01], varint(message.len() as u64), message.to_vec()].concat()
    }
}

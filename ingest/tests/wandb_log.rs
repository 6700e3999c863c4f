//! Logs of the wandb client, written record by record (protocol 12).

const BLOCK: usize = 32_768;
const CHUNK_HEAD: usize = 7;

/// A log so far.
pub(crate) struct Log {
    pub(crate) bytes: Vec<u8>,
}

impl Log {
    pub(crate) fn new() -> Self {
        Self { bytes: b":W&B\xe1\xbe\x00".to_vec() }
    }

    /// Adds a record with one message. Records end in the block where they begin.
    pub(crate) fn add(&mut self, number: u32, message: &[u8]) {
        let record = field(number, message);
        let left = BLOCK - self.bytes.len() % BLOCK;
        if left < CHUNK_HEAD + record.len() {
            self.bytes.extend(vec![0; left]);
        }
        let summed = [&[1], record.as_slice()].concat();
        self.bytes.extend_from_slice(&crc32fast::hash(&summed).to_le_bytes());
        self.bytes.extend_from_slice(&u16::try_from(record.len()).unwrap().to_le_bytes());
        self.bytes.extend_from_slice(&summed);
    }

    /// The run, begun at a second since 1970 or gone on with, in project `pieces`.
    pub(crate) fn run(&mut self, id: &str, start: u64, is_resumed: bool, config: &[(String, String)]) {
        let config: Vec<u8> = config.iter().flat_map(|(key, json)| field(1, &item(key, json))).collect();
        let mut run = [field(1, id.as_bytes()), field(3, b"pieces"), field(4, &config)].concat();
        run.extend([field(13, b"host"), field(17, &time(start))].concat());
        if is_resumed {
            run.extend([number(18 << 3), number(1)].concat());
        }
        self.add(17, &run);
    }

    pub(crate) fn environment(&mut self, writer: &str, start: u64) {
        self.add(26, &[field(1, b"Linux"), field(3, &time(start)), field(199, writer.as_bytes())].concat());
    }

    pub(crate) fn row(&mut self, items: &[(&str, String)]) {
        self.add(2, &all(items));
    }

    pub(crate) fn summary(&mut self, items: &[(&str, String)]) {
        self.add(3, &all(items));
    }

    pub(crate) fn output(&mut self, at: u64, text: &str) {
        let stdout = [number(1 << 3), number(1)].concat();
        self.add(13, &[stdout, field(2, &time(at)), field(3, text.as_bytes())].concat());
    }

    pub(crate) fn exit(&mut self, code: u64) {
        self.add(18, &[number(1 << 3), number(code)].concat());
    }
}

fn all(items: &[(&str, String)]) -> Vec<u8> {
    items.iter().flat_map(|(key, json)| field(1, &item(key, json))).collect()
}

fn item(key: &str, json: &str) -> Vec<u8> {
    [field(1, key.as_bytes()), field(16, json.as_bytes())].concat()
}

fn time(seconds: u64) -> Vec<u8> {
    [number(1 << 3), number(seconds)].concat()
}

/// A field that holds bytes.
pub(crate) fn field(name: u32, bytes: &[u8]) -> Vec<u8> {
    [number(u64::from(name) << 3 | 2), number(bytes.len() as u64), bytes.to_vec()].concat()
}

fn number(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
    out
}

use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::event::{Block, BlockBuilder, Value};
use crate::id::{Lsn, ProjectKey, RunKey, RunPath};

/// A block: its run, whether another writer's, and of each row the step and the cells.
type Drawn = (u32, bool, Vec<(i64, Vec<Option<Value>>)>);

/// A row as it was written: run, writer, position, line, cells.
type Row = (u32, String, u64, u64, Value);

fn key(ordinal: u32) -> crate::Result<RunKey> {
    Ok(RunPath::new(ProjectKey::new("ada", "p"), format!("run{ordinal}")).generation(1))
}

fn block(rows: &[Value]) -> Bytes {
    let mut builder = BlockBuilder::new();
    for row in rows {
        builder.begin_row();
        for (name, value) in row.as_map().unwrap() {
            builder.push(name, value);
        }
    }
    builder.finish()
}

fn part(ordinal: u32, writer: &str, lsn: u64, first_line: u64, bytes: Bytes) -> Part {
    let piece = Piece::logged(Block::parse(bytes.clone()).unwrap(), Lsn(lsn), first_line);
    let rows = PartRows::Logged { lsn: Lsn(lsn), first_line, block: bytes };
    Part {
        ordinal,
        writer: Arc::from(writer),
        key: None,
        range: Order::Step.range(&piece, None).unwrap(),
        rows,
    }
}

/// Writes parts as a file, and the keys that have no room in a second one.
fn write_all(parts: &[Part], columns_max: usize) -> Vec<Arc<RowFile>> {
    let mut survey = Survey::default();
    let mut pieces = Loader::new(parts, Wanted::All);
    for _ in parts {
        survey.add(&pieces.next().unwrap().block, None);
    }
    let gone = survey.narrow(columns_max);
    let mut files = vec![file(parts.to_vec(), survey)];
    if !gone.is_empty() {
        let (mut long, mut survey) = (Vec::new(), Survey::default());
        for (part, key) in parts.iter().flat_map(|part| gone.iter().map(move |key| (part, key))) {
            let piece = Loader::new(std::slice::from_ref(part), Wanted::All).next().unwrap();
            let Some(range) = Order::Step.range(&piece, Some(key)) else { continue };
            survey.add(&piece.block, Some(key));
            long.push(Part { key: Some(Arc::clone(key)), range, ..part.clone() });
        }
        files.push(file(long, survey));
    }
    files
}

fn file(parts: Vec<Part>, survey: Survey) -> Arc<RowFile> {
    let written = write(parts, survey, Order::Step, 1, &key, Vec::new()).unwrap();
    Arc::new(RowFile::open(Arc::new(Bytes::from(written.sink)), &written.index.into()).unwrap())
}

/// The cells of files: run, writer, position, line, key, value.
fn cells_in(files: &[Arc<RowFile>], wanted: Wanted<'_>) -> Vec<String> {
    let mut cells = Vec::new();
    for file in files {
        for entry in file.index.entries().map(Result::unwrap) {
            let piece = file.read(&entry, wanted, Meter::default()).unwrap();
            assert_eq!(u64::from(piece.block.rows()), entry.rows);
            for column in piece.block.columns() {
                for (row, cell) in column.iter() {
                    let (lsn, line) = (piece.lsn(row), piece.line(row));
                    assert!(entry.lsns.0 <= lsn && lsn <= entry.lsns.1);
                    assert!(entry.lines.0 <= line && line < entry.lines.1);
                    cells.push(told(
                        entry.ordinal,
                        &entry.writer,
                        lsn.0,
                        line,
                        column.name,
                        &cell.to_value(),
                    ));
                }
            }
        }
    }
    cells.sort();
    cells.dedup();
    cells
}

fn told(ordinal: u32, writer: &str, lsn: u64, line: u64, key: &str, value: &Value) -> String {
    let bits = if let Value::Float(float) = value { float.to_bits() } else { 0 };
    format!("{ordinal} {writer} {lsn} {line} {key} {value:?} {bits:x}")
}

fn cells_of(rows: &[Row]) -> Vec<String> {
    let mut cells: Vec<String> = rows
        .iter()
        .flat_map(|(ordinal, writer, lsn, line, row)| {
            let cells = row.as_map().unwrap().iter();
            cells.map(move |(key, value)| told(*ordinal, writer, *lsn, *line, key, value))
        })
        .collect();
    cells.sort();
    cells
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::Int),
        (0..50i64).prop_map(Value::Int),
        any::<u64>().prop_map(|bits| Value::Float(f64::from_bits(bits))),
        any::<f32>().prop_map(|float| Value::Float(float.into())),
        (0..5000i32).prop_map(|float| Value::Float(f64::from(float) / 100.0)),
        Just(Value::Float(f64::NAN)),
        Just(Value::Float(-0.0)),
        Just(Value::Float(f64::NEG_INFINITY)),
        any::<bool>().prop_map(Value::Bool),
        "[a-z\\PC]{0,5}".prop_map(Value::text),
        Just(Value::List(vec![Value::Int(1), Value::text("x")])),
    ]
}

/// Names that other columns, paths and nothing at all might be taken for.
const NAMES: [&str; 4] = ["", "key1", "lsn", "a.b'"];

/// One kind a key and block, so that a block widens nothing and a cell comes back as it went in.
fn drawn() -> impl Strategy<Value = Vec<Drawn>> {
    let row = (-20..20i64, proptest::collection::vec(proptest::option::of(value()), 4));
    proptest::collection::vec((0..4u32, any::<bool>(), proptest::collection::vec(row, 1..6)), 1..12)
}

/// The parts and the rows that they hold.
fn made(drawn: &[Drawn]) -> (Vec<Part>, Vec<Row>) {
    let (mut parts, mut rows) = (Vec::new(), Vec::new());
    for (lsn, (ordinal, second, lines)) in (1u64..).zip(drawn) {
        let writer = if *second { "b" } else { "" };
        let mut kinds: Vec<Option<std::mem::Discriminant<Value>>> = vec![None; 4];
        let mut values = Vec::new();
        for (step, cells) in lines {
            let mut row = vec![("_step".into(), Value::Int(*step))];
            for (index, cell) in cells.iter().enumerate() {
                let Some(cell) = cell else { continue };
                let kind = kinds[index].get_or_insert(std::mem::discriminant(cell));
                if *kind == std::mem::discriminant(cell) {
                    row.push((NAMES[index].into(), cell.clone()));
                }
            }
            values.push(Value::Map(row));
        }
        let first_line = lsn * 10;
        parts.push(part(*ordinal, writer, lsn, first_line, block(&values)));
        for (line, row) in (first_line..).zip(values) {
            rows.push((*ordinal, writer.to_owned(), lsn, line, row));
        }
    }
    (parts, rows)
}

proptest! {
    #[test]
    fn every_cell_comes_back_with_its_bits(drawn in drawn(), columns_max in 3..20usize) {
        let (parts, rows) = made(&drawn);
        let files = write_all(&parts, columns_max);
        prop_assert_eq!(cells_in(&files, Wanted::All), cells_of(&rows));
    }

    #[test]
    fn only_wanted_keys_are_read(drawn in drawn()) {
        let (parts, rows) = made(&drawn);
        let wanted = [Arc::from("key1")];
        let files = write_all(&parts, 20);
        let cells = cells_in(&files, Wanted::Keys(&wanted));
        let mut expected = cells_of(&rows);
        expected.retain(|cell| cell.contains(" key1 ") || cell.contains(" _step "));
        prop_assert_eq!(cells, expected);
    }

    #[test]
    fn rows_rise_by_run_writer_and_step(drawn in drawn()) {
        let (parts, _) = made(&drawn);
        for file in write_all(&parts, 20) {
            let mut before = None;
            for entry in file.index.entries().map(Result::unwrap) {
                let piece = file.read(&entry, Wanted::All, Meter::default()).unwrap();
                for (step, row) in Order::Step.positions(&piece, None) {
                    let now = (entry.ordinal, entry.writer.to_string(), step, piece.lsn(row), piece.line(row));
                    prop_assert!(before.as_ref() < Some(&now));
                    before = Some(now);
                }
            }
        }
    }
}

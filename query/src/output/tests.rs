use std::sync::Arc;

use ::arrow::array::{
    Array, ArrayRef, BooleanArray, Float64Array, Int64Array, ListArray, StringArray, TimestampNanosecondArray,
};
use ::arrow::datatypes::{Field, Int32Type, Schema};

use super::*;
use crate::tables::{Type, json_field};

fn sample() -> RecordBatch {
    let times =
        TimestampNanosecondArray::from(vec![Some(1_700_000_000_123_456_000), None]).with_timezone("UTC");
    let columns: Vec<(&str, Type, ArrayRef)> = vec![
        ("name", Type::Text, Arc::new(StringArray::from(vec![Some("a \"b\",\nc|\u{1b}[1m"), Some("")]))),
        ("n", Type::Int, Arc::new(Int64Array::from(vec![Some(9_007_199_254_740_993), None]))),
        ("x", Type::Float, Arc::new(Float64Array::from(vec![Some(f64::NAN), Some(-0.5)]))),
        ("ok", Type::Bool, Arc::new(BooleanArray::from(vec![Some(true), None]))),
        ("at", Type::Time, Arc::new(times)),
    ];
    let mut fields: Vec<Field> = columns.iter().map(|(name, kind, _)| kind.field(name)).collect();
    let mut arrays: Vec<ArrayRef> = columns.into_iter().map(|(_, _, array)| array).collect();
    fields.push(json_field(Type::Text.field("config")));
    arrays.push(Arc::new(StringArray::from(vec![Some(r#"{"lr":0.1}"#), Some("no json")])));
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), None]), None]);
    fields.push(Field::new("list", list.data_type().clone(), true));
    arrays.push(Arc::new(list));
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

fn written(format: Format) -> String {
    let batch = sample();
    let mut writer = Writer::new(format, &batch.schema(), Vec::new()).unwrap();
    writer.write(&batch).unwrap();
    String::from_utf8(writer.finish().unwrap()).unwrap()
}

#[test]
fn json_is_exact_and_strict() {
    insta::assert_snapshot!(written(Format::Json), @r#"
    [
    {"name":"a \"b\",\nc|\u001b[1m","n":9007199254740993,"x":"NaN","ok":true,"at":"2023-11-14T22:13:20.123456Z","config":{"lr":0.1},"list":[1,null]},
    {"name":"","n":null,"x":-0.5,"ok":null,"at":null,"config":"no json","list":null}
    ]
    "#);
    let parsed: serde_json::Value = serde_json::from_str(&written(Format::Json)).unwrap();
    assert_eq!(parsed[0]["config"]["lr"], 0.1);
}

#[test]
fn ndjson_is_an_object_a_line() {
    assert_eq!(written(Format::Ndjson).lines().count(), 2);
}

#[test]
fn an_answer_without_rows_is_still_one() {
    let schema = sample().schema();
    let empty = |format| {
        let writer = Writer::new(format, &schema, Vec::new()).unwrap();
        String::from_utf8_lossy(&writer.finish().unwrap()).into_owned()
    };
    assert_eq!(empty(Format::Json), "[]\n");
    assert_eq!(empty(Format::Ndjson), "");
    assert_eq!(empty(Format::Csv), "name,n,x,ok,at,config,list\r\n");
    assert_eq!(empty(Format::Table).lines().count(), 2);
}

#[test]
fn csv_quotes_what_must_be_and_tells_null_from_empty() {
    let text = written(Format::Csv);
    assert_eq!(text.matches("\r\n").count(), 3);
    insta::assert_snapshot!(text.replace("\r\n", "\n").replace('\u{1b}', "ESC"), @r#"
    name,n,x,ok,at,config,list
    "a ""b"",
    c|ESC[1m",9007199254740993,NaN,true,2023-11-14T22:13:20.123456Z,"{""lr"":0.1}","[1,null]"
    "",,-0.5,,,no json,
    "#);
}

#[test]
fn a_table_never_sends_what_a_terminal_obeys() {
    insta::assert_snapshot!(written(Format::Table), @r#"
    name                                n     x  ok    at                           config      list
    ────────────────────────────────────────────────────────────────────────────────────────────────────
    a "b",\nc|\u{1b}[1m  9007199254740993   NaN  true  2023-11-14T22:13:20.123456Z  {"lr":0.1}  [1,null]
                                           -0.5                                     no json
    "#);
    assert!(!written(Format::Table).contains('\u{1b}'));
}

#[test]
fn markdown_escapes_its_own_signs() {
    insta::assert_snapshot!(written(Format::Markdown), @r#"
    | name                 |                n |    x | ok   | at                          | config     | list     |
    | -------------------- | ---------------: | ---: | ---- | --------------------------- | ---------- | -------- |
    | a "b",\nc\|\u{1b}[1m | 9007199254740993 |  NaN | true | 2023-11-14T22:13:20.123456Z | {"lr":0.1} | [1,null] |
    |                      |                  | -0.5 |      |                             | no json    |          |
    "#);
}

#[test]
fn arrow_and_parquet_give_back_what_was_written() {
    let batch = sample();
    let bytes = |format| {
        let mut writer = Writer::new(format, &batch.schema(), Vec::new()).unwrap();
        writer.write(&batch).unwrap();
        writer.finish().unwrap()
    };
    let stream = bytes(Format::Arrow);
    let mut reader = ::arrow::ipc::reader::StreamReader::try_new(stream.as_slice(), None).unwrap();
    // NaN is not equal to itself, so the bytes are compared by what they say.
    assert_eq!(format!("{:?}", reader.next().unwrap().unwrap()), format!("{batch:?}"));
    let file = bytes(Format::Parquet);
    assert_eq!(file.get(..4), Some(&b"PAR1"[..]));
}

#[test]
fn formats_have_the_names_that_people_type() {
    for format in Format::ALL {
        assert_eq!(format.name().parse::<Format>(), Ok(format));
    }
    assert!("xml".parse::<Format>().is_err());
}

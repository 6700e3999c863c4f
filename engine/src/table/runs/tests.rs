use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;

use super::{Logged, RunChunk, RunFile, write};
use crate::event::{Attribute, Body, Event, Paths, ProjectCreated, RunChanged, RunCreated, State, Value};
use crate::id::{Lsn, ProjectKey, RunPath, SegmentId};
use crate::projection::{Location, Projection, Run, Shown, Space};

const NOWHERE: Location = Location { segment: SegmentId(0), offset: 0, len: 0 };

/// A state that grows by events about runs of one project.
#[derive(Default)]
struct Store {
    state: Projection,
    lsn: u64,
}

impl Store {
    fn push(&mut self, subject: impl Into<crate::Subject>, body: Body) {
        self.lsn += 1;
        let event = Event { subject: subject.into(), received: 5, actor: "ada".into(), body };
        self.state.wake(&event.subject).unwrap();
        self.state.apply(Lsn(self.lsn), NOWHERE, &event).unwrap();
    }

    fn begin(&mut self, name: &str, generation: u32) {
        if self.state.projects.is_empty() {
            self.push(project(), Body::ProjectCreated(ProjectCreated { description: "".into() }));
        }
        let created = RunCreated { source: "test".into(), state: State::Running };
        self.push(path(name).generation(generation), Body::RunCreated(created));
    }

    fn configure(&mut self, name: &str, json: &str) {
        let Value::Map(members) = Value::from_json(json.as_bytes()).unwrap() else { panic!("{json}") };
        let set = members.into_iter().map(|(key, value)| (vec![key], value)).collect();
        let run = self.state.run(&path(name)).unwrap().unwrap();
        self.push(run.key.clone(), Body::ConfigChanged(Paths { removed: Vec::new(), set }));
    }

    fn runs(&self) -> Vec<Arc<Run>> {
        self.state.runs().map(Result::unwrap).collect()
    }
}

fn project() -> ProjectKey {
    ProjectKey::new("ada", "p")
}

fn path(name: &str) -> RunPath {
    RunPath::new(project(), name)
}

fn file(runs: &[Arc<Run>]) -> Arc<RunFile> {
    let written = write(runs.iter().map(|run| Ok(Arc::clone(run))), Vec::new()).unwrap();
    assert_eq!(written.rows, runs.len() as u64);
    let file = RunFile::open(Arc::new(Bytes::from(written.sink)), &Bytes::from(written.index)).unwrap();
    assert_eq!(file.read_all().unwrap(), runs.len() as u64);
    Arc::new(file)
}

fn chunk(files: &[Arc<RunFile>], awake: Vec<Arc<Run>>) -> RunChunk {
    let nothing = BTreeSet::new();
    let groups =
        files.iter().flat_map(|file| (0..file.groups.len()).map(|group| (Arc::clone(file), group, &nothing)));
    RunChunk::new(groups, awake.into_iter()).unwrap()
}

fn shown(chunk: &RunChunk, column: &str) -> Vec<String> {
    let mut cells = vec!["-".to_owned(); chunk.len()];
    chunk
        .fixed(column, &mut |row, cell| match cell {
            Shown::Text(text) => cells[row] = text.into_owned(),
            other => cells[row] = format!("{other:?}"),
        })
        .unwrap();
    cells
}

/// What a key is in each run, from the columns where they tell, else from the runs.
fn key(chunk: &RunChunk, name: &str) -> (bool, Vec<Option<Value>>) {
    let mut cells = vec![None; chunk.len()];
    let told = chunk.key(Space::Config, name, &mut |row, logged| {
        cells[row] = Some(match logged {
            Logged::Cell(cell) => cell.to_value(),
            Logged::Value(value) => value.clone(),
        });
    });
    if told.unwrap() {
        return (true, cells);
    }
    (false, chunk.runs().map(|run| run.unwrap().config.lookup(name).cloned()).collect())
}

#[test]
fn runs_come_back_whole_and_are_found_by_their_id() {
    let mut store = Store::default();
    for place in 0..100 {
        store.begin(&format!("r{place}"), 1);
        store.configure(&format!("r{place}"), &format!(r#"{{"lr":0.{place},"n":{place}}}"#));
    }
    let runs = store.runs();
    let file = file(&runs);
    for run in &runs {
        let row = file.row_of(0, run.ordinal).unwrap().unwrap();
        let back = file.load(0, row).unwrap();
        assert_eq!(back.to_bytes().unwrap(), run.to_bytes().unwrap());
        assert_eq!(file.find(super::hash(&run.key.path())).collect::<Vec<_>>(), [run.ordinal]);
    }
    assert_eq!(file.row_of(0, 100).unwrap(), None);
    assert_eq!(file.find(super::hash(&path("nobody"))).count(), 0);
}

#[test]
fn a_later_file_and_memory_hide_what_stands_below() {
    let mut store = Store::default();
    ["a", "b", "c"].into_iter().for_each(|name| store.begin(name, 1));
    let base = file(&store.runs());
    let rename = |store: &mut Store, name: &str, to: &str| {
        let set = vec![(Attribute::Name, Value::text(to))];
        store.push(path(name).generation(1), Body::RunChanged(RunChanged { set }));
    };
    rename(&mut store, "b", "second");
    let delta = file(&store.runs()[1..2]);
    rename(&mut store, "c", "third");
    let awake = store.runs()[2..].to_vec();
    let runs = chunk(&[base, delta], awake);
    assert_eq!(shown(&runs, "name"), ["a", "second", "third"]);
    assert_eq!(shown(&runs, "run_id"), ["a", "b", "c"]);
    let loaded: Vec<String> = runs.runs().map(|run| run.unwrap().name().to_owned()).collect();
    assert_eq!(loaded, ["a", "second", "third"]);
}

#[test]
fn deleted_and_superseded_runs_are_left_out_where_they_are_not_asked_for() {
    let mut store = Store::default();
    ["a", "b", "c"].into_iter().for_each(|name| store.begin(name, 1));
    store.push(path("a").generation(1), Body::RunDeleted);
    store.begin("b", 2);
    let files = [file(&store.runs())];
    let ids = |runs: RunChunk| {
        shown(&runs, "run_id").into_iter().zip(shown(&runs, "generation")).collect::<Vec<_>>()
    };
    let pair = |id: &str, generation: i64| (id.to_owned(), format!("Int({generation})"));
    assert_eq!(chunk(&files, Vec::new()).len(), 4);
    assert_eq!(ids(chunk(&files, Vec::new()).visible().unwrap()), [pair("c", 1), pair("b", 2)]);
    assert_eq!(ids(chunk(&files, Vec::new()).current().unwrap()), [pair("a", 1), pair("c", 1), pair("b", 2)]);
    assert_eq!(chunk(&files, store.runs()).visible().unwrap().len(), 2, "the same of runs that are awake");
    assert_eq!(chunk(&files, Vec::new()).current_in(&project()).unwrap(), [0, 2, 3]);
    assert!(chunk(&files, Vec::new()).current_in(&ProjectKey::new("ada", "other")).unwrap().is_empty());
}

#[test]
fn keys_that_are_maps_or_lie_within_values_are_told_by_the_runs() {
    let mut store = Store::default();
    for (name, config) in [
        ("a", r#"{"plain":1,"map":{"x":1,"y":{"z":2}},"list":[1,2],"_wandb":{"t":1}}"#),
        ("b", r#"{"plain":"text","map.x":7,"map":{"x":3},"h":{"_type":"histogram","bins":[1]},"none":null}"#),
    ] {
        store.begin(name, 1);
        store.configure(name, config);
    }
    let runs = chunk(&[file(&store.runs())], Vec::new());
    let names = ["plain", "map.x", "map.y.z", "list", "nobody", "none"];
    assert_eq!(names.map(|name| key(&runs, name).0), [true; 6]);
    assert_eq!(["map", "map.y", "h.bins", "_wandb.t"].map(|name| key(&runs, name).0), [false; 4]);
    let lookups = |name: &str| -> Vec<Option<Value>> {
        store
            .runs()
            .iter()
            .map(|run| run.config.lookup(name).filter(|value| **value != Value::Null).cloned())
            .collect()
    };
    for name in names.into_iter().chain(["map", "map.y", "h.bins", "h"]) {
        assert_eq!(key(&runs, name).1, lookups(name), "{name}");
    }
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        any::<f64>().prop_map(Value::Float),
        "[a-z]{0,3}".prop_map(Value::text),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::List),
            prop::collection::btree_map("[ab.]{1,3}", inner, 0..3).prop_map(map),
        ]
    })
}

fn map(members: BTreeMap<String, Value>) -> Value {
    Value::Map(members.into_iter().map(|(key, value)| (key.into_boxed_str(), value)).collect())
}

proptest! {
    /// Whatever people keep, and however they ask: a column says of a key what the run itself says.
    #[test]
    fn a_column_tells_what_the_run_tells(
        configs in prop::collection::vec(prop::collection::btree_map("[ab.]{1,3}", json(), 0..4), 1..4),
        name in "[ab.]{1,5}",
    ) {
        let mut store = Store::default();
        for (place, config) in configs.into_iter().enumerate() {
            let run = format!("r{place}");
            store.begin(&run, 1);
            let set = config.into_iter().map(|(key, value)| (vec![key.into_boxed_str()], value)).collect();
            store.push(path(&run).generation(1), Body::ConfigChanged(Paths { removed: Vec::new(), set }));
        }
        let runs = chunk(&[file(&store.runs())], Vec::new());
        let told: Vec<Option<Value>> = store.runs().iter().map(|run| run.config.lookup(&name).cloned()).collect();
        let numbers = |values: &[Option<Value>]| -> Vec<_> {
            values.iter().map(|value| value.as_ref().map(|value| (value.as_f64().map(f64::to_bits), value.to_strict_json()))).collect()
        };
        // Integers and floats of one column may have become floats, never other numbers.
        let found = key(&runs, &name).1;
        for (found, told) in numbers(&found).into_iter().zip(numbers(&told)) {
            match (found, told) {
                (Some((Some(found), _)), Some((Some(told), _))) => prop_assert_eq!(found, told),
                (found, told) => prop_assert_eq!(found, told),
            }
        }
    }
}

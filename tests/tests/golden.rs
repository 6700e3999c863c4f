//! Folders as earlier commits wrote them (`golden/v<format>.<revision>/`): they open for ever, and
//! mean the same. The revision rises when the same format is written in another way.
//!
//! `cargo nextest run --workspace --run-ignored only golden` writes the folders of a version that
//! has none yet. A folder that exists is never written again.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::disk::RelPath;
use engine::disk::sim::{Image, OpKind, SimClock, SimDisk};
use engine::{
    AlertLevel, AlertRaised, AliasMoved, ArtifactBlob, ArtifactChanged, ArtifactCommitted, ArtifactCreated,
    ArtifactFilePut, ArtifactId, ArtifactManifestPut, ArtifactUsed, Attribute, Batch, Block, BlockBuilder,
    Body, Branch, Cause, Chunk, Console, ConsoleLine, Core, ErasureDone, Error, Event, FileDeleted, FilePut,
    Grant, KeyIssued, KeyLimited, KeyRevoked, KeyStats, Kinds, LoginFailed, Lsn, Options, Origin,
    PasswordSet, Paths, ProjectCreated, ProjectKey, Quarantined, Role, RoleGranted, Rows, RunChanged,
    RunCreated, RunErased, RunKey, RunPath, Snapshot, State, StateChanged, StreamKind, Subject, TeamAdded,
    UserAdded, Value, ViewRemoved, ViewSaved, read_in,
};

/// What was ever written; the last is what is written today.
/// - 1.1: a clean close says in the manifest where the segment ends.
/// - 1.2: some of the log stands in table files; the manifest has version 2.
/// - 1.3: that part of the log is packed; the manifest has version 3.
/// - 1.4: runs can be erased; stored runs and state have version 2; the manifest has version 4, in which the
///   subjects of segments are packed.
/// - 1.5: the index of a file of rows says where steps rise.
/// - 1.6: teams, roles, keys that may little, alerts; stored runs and state have version 3, the manifest 5.
/// - 1.7: runs that go on from others, artifacts, passwords, views; stored runs and state have version 4, the manifest 6.
const VERSIONS: [&str; 8] = ["v1.0", "v1.1", "v1.2", "v1.3", "v1.4", "v1.5", "v1.6", "v1.7"];
const TODAY: &str = VERSIONS[VERSIONS.len() - 1];

fn folder(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(version)
}

fn run(name: &str, generation: u32) -> RunKey {
    RunPath::new(ProjectKey::new("ada", "engines"), name).generation(generation)
}

fn chunk(first_line: u64, lines: u32) -> Chunk {
    Chunk { writer: "".into(), first_line, lines, hash: first_line * 7919 }
}

fn rows(first: i64, count: i64) -> Rows {
    let mut block = BlockBuilder::new();
    for step in first..first + count {
        block.begin_row();
        block.push_int("_step", step);
        block.push_float("loss", if step % 7 == 3 { f64::NAN } else { 1.0 / (step + 1) as f64 });
        block.push_int("big", i64::MAX - step);
        block.push("ok", &Value::Bool(step % 2 == 0));
        if step % 5 == 0 {
            block.push_text("note", "Größe – λ");
            block.push("nested", &Value::from_json(br#"{"a":[1,null,-0.0],"b":{"c":Infinity}}"#).unwrap());
        }
    }
    let rows = block.rows();
    Rows { chunk: chunk(first.unsigned_abs(), rows), rows, block: block.finish() }
}

/// One of every kind of event, in batches.
fn batches() -> Vec<Vec<(Subject, Body)>> {
    let (first, second) = (Subject::Run(run("first", 1)), Subject::Run(run("second", 1)));
    let value = |json: &str| Value::from_json(json.as_bytes()).unwrap();
    let path = |keys: &[&str]| keys.iter().map(|key| (*key).into()).collect::<engine::Path>();
    let created = |state| Body::RunCreated(RunCreated { source: "wandb".into(), state });
    let paths = |removed: &[&[&str]], set: &[(&[&str], &str)]| Paths {
        removed: removed.iter().map(|keys| path(keys)).collect(),
        set: set.iter().map(|(keys, json)| (path(keys), value(json))).collect(),
    };
    let changed = |from, to, cause, exit_code| {
        Body::StateChanged(StateChanged { from, to, cause, evidence: "said so".into(), exit_code })
    };
    let line =
        |text: &str, is_stderr| ConsoleLine { time: Some(5), is_stderr, label: "".into(), text: text.into() };
    let file =
        FilePut { name: "a/b.txt".into(), digest: [7; 32], md5: [9; 16], size: 3, kind: "text/plain".into() };
    let grant = Grant { entity: "vision".into(), project: Some("detector".into()), role: Role::IngestOnly };
    let limited = KeyLimited {
        key_id: "k2".into(),
        note: "cluster".into(),
        expires: Some(i64::MAX),
        only: Some(grant.clone()),
    };
    let alert = AlertRaised { title: "low".into(), text: "loss is NaN".into(), level: AlertLevel::Warn };
    let issued = |id: &str, byte| KeyIssued { user: "ada".into(), key_id: id.into(), hash: [byte; 32] };
    vec![
        vec![
            (Subject::Store, Body::UserAdded(UserAdded { name: "ada".into(), admin: true })),
            (Subject::Store, Body::KeyIssued(issued("k1", 1))),
            (Subject::Store, Body::KeyIssued(issued("k2", 2))),
            (Subject::Store, Body::KeyRevoked(KeyRevoked { key_id: "k1".into() })),
            (Subject::Store, Body::TeamAdded(TeamAdded { name: "vision".into() })),
            (Subject::Store, Body::RoleGranted(RoleGranted { user: "ada".into(), grant: grant.clone() })),
            (Subject::Store, Body::KeyLimited(limited)),
            (Subject::Store, Body::LoginFailed(LoginFailed { from: "::1".into() })),
        ],
        vec![
            (
                ProjectKey::new("ada", "engines").into(),
                Body::ProjectCreated(ProjectCreated { description: "d".into() }),
            ),
            (first.clone(), created(State::Running)),
            (second.clone(), created(State::Pending)),
        ],
        vec![(
            first.clone(),
            Body::RunChanged(RunChanged {
                set: vec![
                    (Attribute::Name, Value::text("sunny-lake-1")),
                    (Attribute::Tags, value(r#"["a","b"]"#)),
                    (Attribute::StartedAt, Value::Int(-1)),
                    (Attribute::MemoryBytes, Value::UInt(u64::MAX)),
                    (Attribute::Notes, Value::Null),
                ],
            }),
        )],
        vec![(
            first.clone(),
            Body::ConfigChanged(paths(&[], &[(&["lr"], "0.1"), (&["deep", "a.b"], r#"{"c":[NaN]}"#)])),
        )],
        vec![(
            first.clone(),
            Body::ConfigChanged(paths(&[&["lr"]], &[(&["deep", "x"], "9223372036854775808")])),
        )],
        vec![(first.clone(), Body::Logged(rows(0, 20))), (first.clone(), Body::SystemSampled(rows(0, 3)))],
        vec![(
            first.clone(),
            Body::SummaryChanged(paths(&[], &[(&["loss"], "-0.0"), (&["n"], "-9223372036854775808")])),
        )],
        vec![(
            first.clone(),
            Body::ConsoleWritten(Console {
                chunk: chunk(0, 2),
                lines: vec![line("hello", false), line("\u{1b}[31mred\u{1b}[0m", true)],
            }),
        )],
        vec![
            (second.clone(), changed(State::Pending, State::Running, Cause::Heard, None)),
            (second.clone(), Body::Heartbeat),
        ],
        vec![(first.clone(), Body::FilePut(file)), (first.clone(), Body::StopRequested)],
        vec![(first.clone(), Body::AlertRaised(alert))],
        vec![(first.clone(), Body::FileDeleted(FileDeleted { name: "a/b.txt".into() }))],
        vec![(
            second.clone(),
            Body::Quarantined(Quarantined {
                stream: "wandb-history.jsonl".into(),
                writer: "".into(),
                line: 3,
                raw: "{".into(),
                reason: "cut".into(),
            }),
        )],
        vec![(first.clone(), changed(State::Running, State::Failed, Cause::Exit, Some(-7)))],
        vec![(second.clone(), Body::RunDeleted), (second, Body::RunUndeleted)],
        vec![(run("first", 2).into(), created(State::Running))],
        vec![
            (run("third", 1).into(), created(State::Running)),
            (run("third", 1).into(), Body::Forked(branch(run("first", 1), 10))),
        ],
        vec![
            (run("third", 2).into(), created(State::Running)),
            (run("third", 2).into(), Body::Rewound(branch(run("third", 1), 5))),
        ],
        artifact(),
        kept(),
    ]
}

/// What people keep: how they sign in, how they look at projects.
fn kept() -> Vec<(Subject, Body)> {
    let (project, old) = (ProjectKey::new("ada", "engines"), ProjectKey::new("ada", "old"));
    let view = |id: &str| {
        let (name, content) = ("Best ones".into(), "?sort=-summary.loss".into());
        Body::ViewSaved(ViewSaved { id: id.into(), name, page: "table".into(), content })
    };
    let password =
        PasswordSet { user: "ada".into(), hash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".into() };
    vec![
        (Subject::Store, Body::PasswordSet(password)),
        (project.clone().into(), view("v1")),
        (project.clone().into(), view("v2")),
        (project.into(), Body::ViewRemoved(ViewRemoved { id: "v1".into() })),
        (old.clone().into(), Body::ProjectCreated(ProjectCreated { description: "d".into() })),
        (old.into(), Body::ProjectDeleted),
    ]
}

/// Goes on from a run at a step.
fn branch(parent: RunKey, step: i64) -> Branch {
    let keys = vec![("loss".into(), KeyStats { points: 3, kinds: Kinds::FLOAT.and(Kinds::INT) })];
    Branch { origin: Origin { parent, step, at: Lsn(20), rows: 3 }, last_step: Some(step), keys }
}

/// An artifact that a run logs and another one uses.
fn artifact() -> Vec<(Subject, Body)> {
    let id = ArtifactId(77);
    let file = |byte| ArtifactBlob { digest: [byte; 32], md5: [byte; 16], size: 9 };
    let created = ArtifactCreated {
        artifact: id,
        collection: "data".into(),
        kind: "dataset".into(),
        digest: "abc".into(),
        run: Some((&run("first", 1)).into()),
        description: Some("d".into()),
        metadata: Some("{}".into()),
        aliases: vec!["latest".into()],
        tags: vec!["t".into()],
        client_id: Some("c".into()),
        sequence_client_id: Some("s".into()),
        history_step: Some(3),
        deduplicates: true,
    };
    let project = ProjectKey::new("ada", "engines");
    let used = ArtifactUsed {
        run: (&run("third", 1)).into(),
        project: project.clone(),
        artifact: id,
        used_as: Some("input".into()),
    };
    let changed = ArtifactChanged { artifact: id, description: None, metadata: None, tags: vec!["u".into()] };
    let bodies = [
        Body::ArtifactCreated(created),
        Body::ArtifactFilePut(ArtifactFilePut { artifact: id, name: "a/x.txt".into(), file: file(1) }),
        Body::ArtifactManifestPut(ArtifactManifestPut {
            artifact: id,
            is_increment: false,
            base: None,
            file: file(2),
        }),
        Body::ArtifactCommitted(ArtifactCommitted { artifact: id, manifest: file(2), files: 1, size: 9 }),
        Body::AliasMoved(AliasMoved { collection: "data".into(), alias: "best".into(), to: Some(id) }),
        Body::ArtifactChanged(changed),
        Body::ArtifactUsed(used),
    ];
    bodies.into_iter().map(|body| (project.clone().into(), body)).collect()
}

/// Writes the events over two openings and several segments; `close` says how the last one ends.
fn write(disk: &SimDisk, close: bool) {
    let mut options = Options::new("");
    (options.segment_bytes_min, options.segment_bytes_max) = (4 << 10, 8 << 10);
    options.holder = "golden".into();
    let clock = SimClock::default();
    clock.set_wall(1_700_000_000_000_000_000);
    let mut received = 1_700_000_000_000_000_000;
    let mut commit = |core: &mut Core, batch: Vec<(Subject, Body)>| {
        let events = batch.into_iter().map(|(subject, body)| {
            received += 1_000_000_000;
            Event { subject, received, actor: "ada".into(), body }
        });
        for answer in core.commit(vec![Batch::new(events.collect())]) {
            answer.unwrap();
        }
    };
    let mut core = Core::open(disk.world(&clock, 42), &options).unwrap();
    batches().into_iter().for_each(|batch| commit(&mut core, batch));
    core.idle().unwrap();
    core.close().unwrap();
    let mut core = Core::open(disk.world(&clock, 43), &options).unwrap();
    assert!(core.compact().unwrap(), "some of it stands in table files, packed");
    let (second, through) = (Subject::Run(run("second", 1)), Lsn(1));
    let erased = Body::RunErased(RunErased { blobs: vec![[7; 32]] });
    commit(&mut core, vec![(second.clone(), Body::RunDeleted), (second, erased)]);
    commit(&mut core, vec![(Subject::Store, Body::ErasureDone(ErasureDone { through }))]);
    for first in [20, 40, 60, 80] {
        commit(&mut core, vec![(run("first", 2).into(), Body::Logged(rows(first, 20)))]);
    }
    if close {
        core.close().unwrap();
    }
}

/// The folders of the format that is written: name and content.
fn folders() -> Vec<(&'static str, SimDisk)> {
    let (closed, killed) = (SimDisk::default(), SimDisk::default());
    write(&closed, true);
    write(&killed, false);
    let (torn, damaged) = (killed.after_image(Image::AllKept), closed.after_image(Image::AllKept));
    let last = torn.files().into_keys().rfind(|path| path.as_str().starts_with("log/")).unwrap();
    let end = |bytes: &[u8]| bytes.iter().rposition(|byte| *byte != 0).unwrap();
    torn.rot(&last, |bytes| {
        let end = end(bytes);
        bytes[end - 700..end - 200].fill(0);
    });
    damaged.rot(&RelPath::of("log/0000000001.segz"), |bytes| bytes[1000] ^= 1);
    vec![("closed", closed), ("killed", killed), ("torn", torn), ("damaged", damaged)]
}

fn files_of(disk: &SimDisk) -> impl Iterator<Item = (RelPath, Vec<u8>)> {
    // The lock names the process that wrote last: no part of the format.
    disk.files().into_iter().filter(|(path, _)| path.name() != "LOCK")
}

/// A stored folder, on a disk that tells whether it was changed.
fn stored(folder: &Path) -> SimDisk {
    let mut files = Vec::new();
    for part in ["log", "manifest", "tables"] {
        // Versions before 1.2 had no table files.
        for entry in fs::read_dir(folder.join(part)).into_iter().flatten() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            files.push((RelPath::of(&format!("{part}/{name}")), fs::read(&path).unwrap()));
        }
    }
    SimDisk::holding(files)
}

/// Every event as a line of text, rows cell by cell.
fn digest(snapshot: &Snapshot) -> String {
    let mut text = String::new();
    let rows_of = |rows: &Rows| {
        let block = Block::parse(rows.block.clone()).unwrap();
        let row = |row| {
            block.row(row).map(|(name, cell)| format!("{name}={}", cell.to_value().to_json())).collect()
        };
        (0..block.rows()).map(row).map(|cells: Vec<String>| cells.join(" ")).collect::<Vec<_>>()
    };
    for event in snapshot.events(Lsn(1)) {
        let (lsn, seq, Event { subject, received, actor, body }) = event.unwrap();
        let body = match &body {
            Body::Logged(rows) | Body::SystemSampled(rows) => {
                format!("{} {:?} {:?}", body.name(), rows.chunk, rows_of(rows))
            }
            _ => format!("{body:?}"),
        };
        writeln!(text, "{lsn} {seq} {subject:?} {received} {actor:?} {body}").unwrap();
    }
    text
}

fn read(disk: &SimDisk) -> Result<Snapshot, Error> {
    read_in(&disk.world(&SimClock::default(), 0))
}

#[test]
#[ignore = "writes the folders of a version that has none"]
fn golden_folders_are_written_once() {
    let target = folder(TODAY);
    assert!(!target.exists(), "{target:?} exists: it is never written again");
    for (name, disk) in folders() {
        for (path, bytes) in files_of(&disk) {
            let file = target.join(name).join(path.as_str());
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, bytes).unwrap();
        }
        // Of the damaged one not all events can be read.
        if name != "damaged" {
            let snapshot = read(&disk).unwrap();
            fs::write(target.join(name).join("events.txt"), digest(&snapshot)).unwrap();
        }
    }
}

#[test]
fn golden_folders_of_every_version_are_read_and_mean_the_same() {
    for version in VERSIONS {
        for name in ["closed", "killed", "torn"] {
            let folder = folder(version).join(name);
            let disk = stored(&folder);
            let snapshot = read(&disk).unwrap();
            let expected = fs::read_to_string(folder.join("events.txt")).unwrap();
            assert!(digest(&snapshot) == expected, "the events of {folder:?} are not those of events.txt");
            let changes = disk.ops().into_iter().filter(|op| op.kind != OpKind::SyncDir).count();
            assert_eq!(changes, 0, "reading changes nothing");
            // Every run can be looked at.
            for run in snapshot.projection.runs() {
                let run = &run.unwrap();
                for extent in snapshot.extents(run, StreamKind::History).unwrap() {
                    assert!(snapshot.rows(&extent).unwrap().block.rows() > 0);
                }
                snapshot.console(run).unwrap();
            }
        }
    }
}

#[test]
fn f3_damaged_folders_of_every_version_are_refused() {
    for version in VERSIONS {
        let disk = stored(&folder(version).join("damaged"));
        // What a checkpoint stands for is not read at opening, but by who wants its events.
        let events =
            read(&disk).and_then(|snapshot| snapshot.events(Lsn(1)).try_for_each(|event| event.map(|_| ())));
        assert!(matches!(events, Err(Error::Damaged(_))), "{version}: {events:?}");
    }
}

#[test]
fn golden_folders_of_every_version_can_be_gone_on_with() {
    for version in VERSIONS {
        for name in ["closed", "killed", "torn"] {
            let folder = folder(version).join(name);
            let disk = stored(&folder);
            let options = Options::new("");
            let mut core = Core::open(disk.world(&SimClock::default(), 1), &options).unwrap();
            assert_eq!(digest(&core.snapshot()), fs::read_to_string(folder.join("events.txt")).unwrap());
            let event = Event {
                subject: run("first", 2).into(),
                received: 0,
                actor: Arc::from("ada"),
                body: Body::Heartbeat,
            };
            let answers = core.commit(vec![Batch::new(vec![event])]);
            assert!(answers.iter().all(Result::is_ok), "{answers:?}");
        }
    }
}

/// What the same events are written as today, byte for byte: a change of the format that nobody
/// meant shows here.
#[test]
fn the_same_events_give_the_same_bytes() {
    for (name, disk) in folders() {
        let today: Vec<_> = files_of(&disk).collect();
        let then: Vec<_> = files_of(&stored(&folder(TODAY).join(name))).collect();
        let names =
            |files: &[(RelPath, Vec<u8>)]| files.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>();
        assert_eq!(names(&today), names(&then), "{name}");
        for ((path, today), (_, then)) in today.iter().zip(&then) {
            assert!(today == then, "{path} of {name} is written differently");
        }
    }
}

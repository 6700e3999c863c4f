//! Artifacts of a store on a simulated disk: what is folded, what is kept, what is erased.

use std::time::Duration;

use super::*;
use crate::batch::Batch;
use crate::core::Core;
use crate::disk::sim::{Image, SimClock, SimDisk};
use crate::error::Error;
use crate::event::{FilePut, ProjectCreated, RunCreated, State, Subject};
use crate::id::{Lsn, RunKey, RunPath};
use crate::ops;
use crate::options::Options;
use crate::snapshot::Moment;

fn project() -> ProjectKey {
    ProjectKey::new("ada", "engines")
}

fn run(name: &str) -> RunKey {
    RunPath::new(project(), name).generation(1)
}

fn options() -> Options {
    let mut options = Options::new("");
    options.holder = "test".into();
    options
}

fn try_commit(core: &mut Core, subject: impl Into<Subject>, body: Body) -> Result<(), Error> {
    let event = Event { subject: subject.into(), received: 7, actor: "ada".into(), body };
    core.commit(vec![Batch::new(vec![event])]).remove(0).map(|_| ())
}

fn commit(core: &mut Core, subject: impl Into<Subject>, body: Body) {
    try_commit(core, subject, body).unwrap();
}

fn tell(core: &mut Core, body: Body) {
    commit(core, project(), body);
}

/// A store with a project and two runs.
fn begun_on(disk: &SimDisk) -> Core {
    let mut core = Core::open(disk.world(&SimClock::default(), 7), &options()).unwrap();
    tell(&mut core, Body::ProjectCreated(ProjectCreated { description: "".into() }));
    for name in ["first", "second"] {
        let created = RunCreated { source: "".into(), state: State::Running };
        commit(&mut core, run(name), Body::RunCreated(created));
    }
    core
}

fn created(id: u64, collection: &str, digest: &str, by: &str) -> ArtifactCreated {
    ArtifactCreated {
        artifact: ArtifactId(id),
        collection: collection.into(),
        kind: "dataset".into(),
        digest: digest.into(),
        run: Some(RunIn::from(&run(by))),
        description: None,
        metadata: Some(r#"{"k":1}"#.into()),
        aliases: vec!["latest".into()],
        tags: vec!["t".into()],
        client_id: Some(format!("client of {id}").into()),
        sequence_client_id: Some(format!("sequence of {collection}").into()),
        history_step: Some(3),
        deduplicates: true,
    }
}

fn blob(byte: u8) -> ArtifactBlob {
    ArtifactBlob { digest: [byte; 32], md5: [byte; 16], size: u64::from(byte) }
}

fn committed(id: u64, manifest: ArtifactBlob) -> Body {
    Body::ArtifactCommitted(ArtifactCommitted { artifact: ArtifactId(id), manifest, files: 2, size: 9 })
}

fn log(core: &mut Core, id: u64, collection: &str, digest: &str) {
    tell(core, Body::ArtifactCreated(created(id, collection, digest, "first")));
    tell(core, committed(id, blob(1)));
}

fn artifacts(core: &Core) -> Arc<Artifacts> {
    Arc::clone(&core.snapshot().projection.projects[&project()].artifacts)
}

/// All that stands of artifacts, as text.
fn everything(artifacts: &Artifacts) -> String {
    format!("{:?} {:?}", artifacts.to_lists(), artifacts.users)
}

fn upload(core: &Core, content: &str) -> ArtifactBlob {
    let mut upload = core.blobs().begin().unwrap();
    upload.write(content.as_bytes()).unwrap();
    let crate::blob::Blob { digest, md5, size } = upload.finish(None, None).unwrap();
    ArtifactBlob { digest, md5, size }
}

fn file_put(id: u64, file: ArtifactBlob) -> Body {
    Body::ArtifactFilePut(ArtifactFilePut { artifact: ArtifactId(id), name: "f".into(), file })
}

fn manifest_put(id: u64, file: ArtifactBlob) -> Body {
    let (is_increment, base) = (false, None);
    Body::ArtifactManifestPut(ArtifactManifestPut { artifact: ArtifactId(id), is_increment, base, file })
}

#[test]
fn versions_are_counted_as_they_are_committed_and_latest_is_the_newest() {
    let mut core = begun_on(&SimDisk::default());
    for (id, digest) in [(5, "a"), (3, "b")] {
        tell(&mut core, Body::ArtifactCreated(created(id, "ds", digest, "first")));
    }
    assert!(artifacts(&core).named("ds", "latest").is_none(), "what is not committed has no name");
    assert_eq!(artifacts(&core).collections().count(), 0, "and is in no list");
    assert!(artifacts(&core).logged_by(&RunIn::from(&run("first"))).is_empty());
    tell(&mut core, committed(3, blob(1)));
    tell(&mut core, committed(5, blob(1)));
    let artifacts = artifacts(&core);
    let named = |alias: &str| artifacts.named("ds", alias).map(|artifact| artifact.id.0);
    assert_eq!(["v0", "v1", "latest"].map(named), [Some(3), Some(5), Some(5)]);
    assert_eq!(["v2", "v", "v+1", "best"].map(named), [None; 4]);
    assert_eq!(artifacts.of_client("client of 3").unwrap().id, ArtifactId(3));
    assert_eq!(&*artifacts.of_sequence("sequence of ds").unwrap().name, "ds");
    assert!(artifacts.of_client("client of 4").is_none() && artifacts.of_sequence("ds").is_none());
}

#[test]
fn the_same_content_again_is_the_newest_version_also_where_two_log_it_at_once() {
    let mut core = begun_on(&SimDisk::default());
    tell(&mut core, Body::ArtifactCreated(created(1, "ds", "a", "first")));
    tell(&mut core, Body::ArtifactCreated(created(2, "ds", "a", "second")));
    tell(&mut core, committed(1, blob(1)));
    let mut late = created(3, "ds", "a", "second");
    late.aliases = vec!["best".into()];
    tell(&mut core, Body::ArtifactCreated(late));
    tell(&mut core, committed(2, blob(2)));
    let known = artifacts(&core);
    assert_eq!(known.collection("ds").unwrap().versions.len(), 1);
    assert_eq!(known.artifact(ArtifactId(2)).unwrap().id, ArtifactId(1), "it goes on to be found");
    assert!(known.artifact(ArtifactId(3)).is_none(), "it was never begun");
    for client in ["client of 1", "client of 2", "client of 3"] {
        assert_eq!(known.of_client(client).unwrap().id, ArtifactId(1), "{client}");
    }
    assert_eq!(known.named("ds", "best").unwrap().id, ArtifactId(1));
    for by in ["first", "second"] {
        let logged = known.logged_by(&RunIn::from(&run(by)));
        assert_eq!(logged.iter().map(|artifact| artifact.id.0).collect::<Vec<_>>(), [1], "{by}");
    }
    log(&mut core, 4, "ds", "b");
    log(&mut core, 5, "ds", "a");
    let versions: Vec<u64> =
        artifacts(&core).collection("ds").unwrap().versions.iter().map(|id| id.0).collect();
    assert_eq!(versions, [1, 4, 5], "only the newest version is gone on with");
    let mut plain = created(6, "ds", "a", "first");
    plain.deduplicates = false;
    tell(&mut core, Body::ArtifactCreated(plain));
    tell(&mut core, committed(6, blob(1)));
    assert_eq!(artifacts(&core).newest("ds").unwrap().id, ArtifactId(6));
}

#[test]
fn what_is_asked_twice_is_done_once() {
    let mut core = begun_on(&SimDisk::default());
    log(&mut core, 1, "ds", "a");
    let before = everything(&artifacts(&core));
    tell(&mut core, committed(1, blob(9)));
    tell(&mut core, manifest_put(1, blob(9)));
    let again = ArtifactCreated { client_id: Some("client of 1".into()), ..created(2, "ds", "a", "first") };
    tell(&mut core, Body::ArtifactCreated(again));
    assert_eq!(everything(&artifacts(&core)), before);
}

#[test]
fn what_contradicts_is_refused_and_changes_nothing() {
    let mut core = begun_on(&SimDisk::default());
    log(&mut core, 1, "ds", "a");
    let before = everything(&artifacts(&core));
    let other_kind = ArtifactCreated { kind: "model".into(), ..created(2, "ds", "b", "first") };
    let moved = AliasMoved { collection: "none".into(), alias: "x".into(), to: None };
    for body in [
        Body::ArtifactCreated(other_kind),
        Body::ArtifactCreated(created(1, "other", "b", "first")),
        committed(9, blob(1)),
        file_put(9, blob(1)),
        manifest_put(9, blob(1)),
        Body::AliasMoved(moved),
    ] {
        let refused = try_commit(&mut core, project(), body.clone());
        assert!(matches!(refused, Err(Error::Rejected(_))), "{body:?}");
        let misplaced = try_commit(&mut core, run("first"), body);
        assert!(matches!(misplaced, Err(Error::Rejected(ApplyError::Misplaced { .. }))));
    }
    let nowhere = ProjectKey::new("ada", "none");
    let refused = try_commit(&mut core, nowhere, Body::ArtifactCreated(created(3, "ds", "c", "first")));
    assert!(matches!(refused, Err(Error::Rejected(ApplyError::Unknown(_)))));
    assert_eq!(everything(&artifacts(&core)), before);
}

#[test]
fn artifacts_are_what_they_were_after_a_crash_a_compaction_and_in_the_past() {
    let disk = SimDisk::default();
    let mut core = begun_on(&disk);
    log(&mut core, 1, "ds", "a");
    let moment = core.snapshot().durable;
    let past = everything(&artifacts(&core));
    tell(&mut core, file_put(1, blob(4)));
    tell(&mut core, Body::ArtifactCreated(created(2, "ds", "b", "first")));
    tell(&mut core, manifest_put(2, blob(5)));
    let moved = AliasMoved { collection: "ds".into(), alias: "best".into(), to: Some(ArtifactId(1)) };
    tell(&mut core, Body::AliasMoved(moved));
    let said = ArtifactChanged {
        artifact: ArtifactId(1),
        description: Some("d".into()),
        metadata: None,
        tags: vec![],
    };
    tell(&mut core, Body::ArtifactChanged(said));
    let used = ArtifactUsed {
        run: RunIn::from(&run("second")),
        project: project(),
        artifact: ArtifactId(1),
        used_as: None,
    };
    tell(&mut core, Body::ArtifactUsed(used));
    let now = everything(&artifacts(&core));
    assert_eq!(artifacts(&core).users(&project(), ArtifactId(1)).count(), 1);
    assert_eq!(
        artifacts(&core).used_by(&RunIn::from(&run("second"))).next(),
        Some((&project(), ArtifactId(1)))
    );
    let killed = disk.after_image(Image::AllLost);
    let core_of = |disk: &SimDisk| Core::open(disk.world(&SimClock::default(), 8), &options()).unwrap();
    assert_eq!(everything(&artifacts(&core_of(&killed))), now, "what was acknowledged is there");

    core.end_active().unwrap();
    while core.compact().unwrap() {}
    core.close().unwrap();
    let mut core = core_of(&disk);
    assert!(core.snapshot().tables.through >= Lsn(12), "the events stand in table files");
    assert_eq!(everything(&artifacts(&core)), now, "the stored state is what was");
    let folded = crate::projection::Projection::of_events(&core.snapshot().tables).unwrap();
    assert_eq!(everything(&folded.projects[&project()].artifacts), now, "and what the files of events give");
    let then = core.snapshot().as_of(Moment::Lsn(moment)).unwrap();
    assert_eq!(everything(&then.projection.projects[&project()].artifacts), past);
    log(&mut core, 3, "ds", "c");
    assert_eq!(artifacts(&core).newest("ds").unwrap().version().unwrap().index, 1);
}

#[test]
fn d8_a_file_of_an_erased_run_stays_where_an_artifact_has_it() {
    let disk = SimDisk::default();
    let mut core = begun_on(&disk);
    let [shared, listed, own] = ["shared", "listed", "own"].map(|content| upload(&core, content));
    for (name, file) in [("a", shared), ("b", listed), ("c", own)] {
        let ArtifactBlob { digest, md5, size } = file;
        let put = FilePut { name: name.into(), digest, md5, size, kind: "".into() };
        commit(&mut core, run("first"), Body::FilePut(put));
    }
    tell(&mut core, Body::ArtifactCreated(created(1, "ds", "a", "first")));
    tell(&mut core, file_put(1, shared));
    tell(&mut core, committed(1, listed));
    commit(&mut core, run("first"), Body::RunDeleted);
    assert_eq!(core.condemn(Duration::ZERO, &"ada".into()), 1);
    let mut rounds = 0;
    while core.compact().unwrap() {
        rounds += 1;
        assert!(rounds < 50, "compaction ends");
    }
    let is_stored = |file: ArtifactBlob| core.blobs().open(&file.digest).is_ok();
    assert_eq!([shared, listed, own].map(is_stored), [true, true, false]);
    assert_eq!(artifacts(&core).named("ds", "v0").unwrap().id, ArtifactId(1), "the project has it");
    let mut late = core.blobs().begin().unwrap();
    late.write(b"own").unwrap();
    drop(late);
    let refused = try_commit(&mut core, project(), file_put(1, own));
    assert!(matches!(refused, Err(Error::BlobErased)), "its file went meanwhile: {refused:?}");
}

#[test]
fn files_of_artifacts_are_checked_backed_up_and_saved_from_a_damaged_store() {
    let disk = SimDisk::default();
    let mut core = begun_on(&disk);
    let [file, manifest] = ["file", "manifest"].map(|content| upload(&core, content));
    tell(&mut core, Body::ArtifactCreated(created(1, "ds", "a", "first")));
    tell(&mut core, file_put(1, file));
    tell(&mut core, committed(1, manifest));
    core.close().unwrap();
    let world = |disk: &SimDisk| disk.world(&SimClock::default(), 9);
    assert!(ops::verify(&world(&disk), true, &mut |_| {}).unwrap().damages.is_empty());
    let (copied, repaired) = (SimDisk::default(), SimDisk::default());
    ops::backup(&world(&disk), &world(&copied), &mut |_| {}).unwrap();
    let report = ops::repair(&world(&disk), Some(&world(&repaired)), &mut |_| {}).unwrap();
    assert_eq!(report.files, []);
    for target in [copied, repaired] {
        for blob in [file, manifest] {
            let path = crate::blob::path(&blob.digest);
            assert!(target.files().contains_key(&path), "{path}");
        }
        assert!(ops::verify(&world(&target), true, &mut |_| {}).unwrap().damages.is_empty());
    }
    world(&disk).disk.remove(&crate::blob::path(&file.digest)).unwrap();
    let damages = ops::verify(&world(&disk), true, &mut |_| {}).unwrap().damages;
    assert!(damages[0].what.contains("ada/engines"), "{damages:?}");
    let report = ops::repair(&world(&disk), Some(&world(&SimDisk::default())), &mut |_| {}).unwrap();
    assert_eq!(report.files.len(), 1, "{:?}", report.files);
}

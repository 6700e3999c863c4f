//! What people keep, in the log and in table files, as it is and as it was.

use crate::batch::Batch;
use crate::core::Core;
use crate::disk::sim::{SimClock, SimDisk};
use crate::error::Error;
use crate::event::{
    Body, Event, PasswordSet, ProjectCreated, RunCreated, State, Subject, UserAdded, ViewRemoved, ViewSaved,
};
use crate::id::{ProjectKey, RunKey};
use crate::options::Options;
use crate::projection::ApplyError;
use crate::snapshot::{Moment, Snapshot};

fn project() -> ProjectKey {
    ProjectKey::new("ada", "p")
}

fn commit(core: &mut Core, subject: impl Into<Subject>, body: Body) -> Result<(), Error> {
    let event = Event { subject: subject.into(), received: 7, actor: "ada".into(), body };
    core.commit(vec![Batch::new(vec![event])]).into_iter().try_for_each(|answer| answer.map(|_| ()))
}

fn save(core: &mut Core, id: &str, content: &str) {
    let saved = ViewSaved { id: id.into(), name: "n".into(), page: "table".into(), content: content.into() };
    commit(core, project(), Body::ViewSaved(saved)).unwrap();
}

/// The project's views, whether it is there, and whether its user has a password.
fn told(snapshot: &Snapshot) -> (Vec<(String, String)>, bool, bool) {
    let project = &snapshot.projection.projects[&project()];
    let view = |view: &std::sync::Arc<super::View>| {
        assert_eq!((&*view.author, view.saved, &*view.page), ("ada", 7, "table"));
        (view.id.to_string(), view.content.to_string())
    };
    let has_password = snapshot.projection.people.passwords.contains_key("ada");
    (project.views.values().map(view).collect(), project.deleted.is_none(), has_password)
}

#[test]
fn what_people_keep_stands_at_every_moment() {
    for compacts in [false, true] {
        let world = SimDisk::default().world(&SimClock::default(), 1);
        let mut core = Core::open(world.clone(), &Options::new("")).unwrap();
        let mut moments = Vec::new();
        let password = |hash: &str| Body::PasswordSet(PasswordSet { user: "ada".into(), hash: hash.into() });
        let begun = |generation| RunKey { project: project(), run: "r".into(), generation };
        let created = || Body::RunCreated(RunCreated { source: "".into(), state: State::Running });
        let added = Body::UserAdded(UserAdded { name: "ada".into(), admin: true });
        commit(&mut core, Subject::Store, added).unwrap();
        let description = "".into();
        commit(&mut core, project(), Body::ProjectCreated(ProjectCreated { description })).unwrap();
        for step in 0..9 {
            match step {
                0 => commit(&mut core, Subject::Store, password("$h")).unwrap(),
                1 => save(&mut core, "a", "1"),
                2 => save(&mut core, "b", "2"),
                3 => save(&mut core, "a", "3"),
                4 => commit(&mut core, project(), Body::ViewRemoved(ViewRemoved { id: "b".into() })).unwrap(),
                5 => commit(&mut core, project(), Body::ProjectDeleted).unwrap(),
                6 => commit(&mut core, begun(1), created()).unwrap(),
                7 => {
                    commit(&mut core, begun(1), Body::RunDeleted).unwrap();
                    commit(&mut core, project(), Body::ProjectDeleted).unwrap();
                }
                _ => {
                    commit(&mut core, begun(1), Body::RunUndeleted).unwrap();
                    commit(&mut core, Subject::Store, password("")).unwrap();
                }
            }
            if compacts {
                core.end_active().unwrap();
                while core.compact().unwrap() {}
            }
            let snapshot = core.snapshot();
            moments.push((snapshot.durable, told(&snapshot)));
        }
        let there: Vec<bool> = moments.iter().map(|(_, (_, is_there, _))| *is_there).collect();
        assert_eq!(there, [true, true, true, true, true, false, true, false, true]);
        let one = |content: &str| vec![("a".to_owned(), content.to_owned())];
        assert_eq!(moments[1].1, (one("1"), true, true));
        assert_eq!(moments[8].1, (one("3"), true, false));
        for reopens in [false, true] {
            if reopens {
                core.close().unwrap();
                core = Core::open(world.clone(), &Options::new("")).unwrap();
            }
            let now = core.snapshot();
            assert_eq!(told(&now), moments[8].1);
            for (lsn, expected) in &moments {
                assert_eq!(told(&now.as_of(Moment::Lsn(*lsn)).unwrap()), *expected, "at {lsn}");
            }
        }
        let unknown = commit(&mut core, project(), Body::ViewRemoved(ViewRemoved { id: "b".into() }));
        assert!(matches!(unknown, Err(Error::Rejected(ApplyError::Unknown(_)))), "{unknown:?}");
    }
}

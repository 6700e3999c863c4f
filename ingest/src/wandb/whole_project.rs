//! A project as a whole: all its runs are deleted at once, each as by itself, so that each can be brought back, and
//! the project with it. Until then it is in no list.

use engine::{Body, ProjectKey, Projection, Subject};

use super::{Act, translate};
use crate::access::Caller;
use crate::app::Plan;
use crate::http::error::Refusal;

/// Deletes the runs that are there now; says how many.
pub(crate) fn delete(
    projection: &Projection,
    project: &ProjectKey,
    caller: &Caller,
    act: &Act,
) -> Result<Plan<usize>, Refusal> {
    let rights = caller.rights(&projection.people, project);
    let found = projection.projects.get(project).filter(|found| found.deleted.is_none());
    let Some(found) = found.filter(|_| rights.read || rights.write) else {
        return Err(Refusal::not_found(format!("project {project} not found")));
    };
    if !rights.manage {
        return Err(Refusal::forbidden(format!("only admins of {:?} delete its projects", &*project.entity)));
    }
    let (mut events, mut rests_on, mut runs) = (Vec::new(), Vec::new(), 0);
    for ordinal in projection.runs_in(project)? {
        let Some(run) = projection.run_at(ordinal)?.filter(|run| run.is_visible()) else { continue };
        events.extend(translate::deletions(projection, &run, act)?);
        runs += 1;
        rests_on.push((Subject::Run(run.key.clone()), run.seq));
    }
    events.push(act.on(Subject::Project(project.clone()), Body::ProjectDeleted));
    rests_on.push((Subject::Project(project.clone()), found.seq));
    Ok(Plan { events, rests_on, reply: runs })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_project_that_is_not_there_is_not_found() {
        let act = Act { actor: Arc::from("ada"), now: 0 };
        let refused =
            delete(&Projection::default(), &ProjectKey::new("ada", "p"), &Caller::admin("ada"), &act);
        assert!(refused.is_err_and(|refusal| refusal.kind == crate::http::error::Kind::NotFound));
    }
}

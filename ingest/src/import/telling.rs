//! What a log tells of a run beside rows, as the request by which the client tells it.

use engine::{Attribute, Run};

use super::account::Account;
use super::record::RunFacts;
use crate::wandb::config;
use crate::wandb::translate::Upsert;

/// What the record of a run tells; what it leaves empty stays as it is.
pub(crate) fn told(facts: &RunFacts) -> Upsert {
    let given = |text: &String| (!text.is_empty()).then(|| text.clone());
    Upsert {
        group: given(&facts.group),
        display_name: given(&facts.name),
        notes: given(&facts.notes),
        commit: given(&facts.git_commit),
        repo: given(&facts.git_remote),
        job_type: given(&facts.job_type),
        sweep: given(&facts.sweep),
        tags: (!facts.tags.is_empty()).then(|| facts.tags.clone()),
        ..Upsert::default()
    }
}

/// The request of a process that begins a run.
pub(crate) fn begins(account: &Account, facts: &RunFacts) -> Upsert {
    Upsert {
        name: Some(facts.id.clone()),
        host: Some(facts.host.clone()),
        program: account.environment.text("program").map(str::to_owned),
        config: Some(config::write(&account.whole_config(account.environment.writer.as_deref()))),
        ..told(facts)
    }
}

/// Leaves out what another process, which began later, has told.
pub(crate) fn leave_what_is_told(request: &mut Upsert, run: &Run) {
    let texts = [
        (Attribute::Group, &mut request.group),
        (Attribute::Name, &mut request.display_name),
        (Attribute::Notes, &mut request.notes),
        (Attribute::GitCommit, &mut request.commit),
        (Attribute::GitRemote, &mut request.repo),
        (Attribute::JobType, &mut request.job_type),
        (Attribute::SweepId, &mut request.sweep),
    ];
    for (attribute, text) in texts {
        if run.attribute(attribute).is_some() {
            *text = None;
        }
    }
    if run.attribute(Attribute::Tags).is_some() {
        request.tags = None;
    }
}

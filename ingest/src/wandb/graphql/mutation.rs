//! What can be changed of runs, projects and their files. What is not here yet (sweeps, registries) is refused by
//! the validator, which names it.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use engine::{AlertLevel, ProjectKey, Projection, RunPath, Snapshot};

use super::file::File;
use super::project::Project;
use super::run::Run;
use super::scalars::{Duration, JsonString};
use super::{Scope, blocking};
use crate::app::Plan;
use crate::http::error::{Kind, Refusal};
use crate::wandb::branch::{self, Inherited};
use crate::wandb::{Act, artifacts, ids, names, resync, translate};

#[derive(Default)]
pub(crate) struct Mutation;

#[derive(InputObject)]
pub(crate) struct UpsertBucketInput {
    id: Option<String>,
    name: Option<String>,
    group_name: Option<String>,
    model_name: Option<String>,
    entity_name: Option<String>,
    description: Option<String>,
    display_name: Option<String>,
    notes: Option<String>,
    commit: Option<String>,
    config: Option<JsonString>,
    host: Option<String>,
    debug: Option<bool>,
    job_program: Option<String>,
    job_repo: Option<String>,
    job_type: Option<String>,
    state: Option<String>,
    sweep: Option<String>,
    tags: Option<Vec<String>>,
    summary_metrics: Option<JsonString>,
}

#[derive(SimpleObject)]
pub(crate) struct UpsertBucketPayload {
    bucket: Option<Run>,
    inserted: Option<bool>,
}

#[derive(InputObject)]
pub(crate) struct RewindRunInput {
    run_name: String,
    entity_name: Option<String>,
    project_name: Option<String>,
    metric_name: String,
    metric_value: f64,
}

#[derive(SimpleObject)]
pub(crate) struct RewindRunPayload {
    rewound_run: Option<Run>,
}

#[derive(InputObject)]
pub(crate) struct DeleteRunInput {
    id: ID,
    delete_artifacts: Option<bool>,
    client_mutation_id: Option<String>,
}

#[derive(SimpleObject)]
pub(crate) struct DeleteRunPayload {
    client_mutation_id: Option<String>,
}

#[derive(InputObject)]
pub(crate) struct StopRunInput {
    id: ID,
}

#[derive(InputObject)]
pub(crate) struct UpdateRunStateInput {
    id: ID,
    state: String,
}

#[derive(SimpleObject)]
pub(crate) struct SuccessPayload {
    success: bool,
}

impl SuccessPayload {
    pub(super) const DONE: Self = Self { success: true };
}

#[derive(InputObject)]
pub(crate) struct UpsertModelInput {
    id: Option<String>,
    name: Option<String>,
    entity_name: Option<String>,
    description: Option<String>,
    access: Option<String>,
    views: Option<JsonString>,
    allow_all_artifact_types_in_registry: Option<bool>,
    artifact_types: Option<Vec<ArtifactTypeInput>>,
    client_mutation_id: Option<String>,
    docker_image: Option<String>,
    framework: Option<String>,
    icon: Option<ProjectIconInput>,
    is_benchmark: Option<bool>,
    is_published: Option<bool>,
    owner: Option<ID>,
    rate_limits: Option<RateLimitsInput>,
    repo: Option<String>,
}

#[derive(InputObject)]
pub(crate) struct ArtifactTypeInput {
    name: String,
    description: Option<String>,
}

#[derive(InputObject)]
pub(crate) struct ProjectIconInput {
    name: String,
    color: String,
}

#[derive(InputObject)]
pub(crate) struct RateLimitsInput {
    graphql: Option<i32>,
}

#[derive(SimpleObject)]
pub(crate) struct UpsertModelPayload {
    project: Option<Project>,
    model: Option<Project>,
    inserted: Option<bool>,
}

#[derive(InputObject)]
pub(crate) struct CreateRunFilesInput {
    entity_name: String,
    project_name: String,
    run_name: String,
    files: Vec<String>,
}

#[derive(SimpleObject)]
pub(crate) struct CreateRunFilesPayload {
    #[graphql(name = "runID")]
    run_id: ID,
    upload_headers: Vec<String>,
    files: Vec<File>,
}

#[derive(InputObject)]
pub(crate) struct MarkRunFilesUploadedInput {
    entity_name: String,
    project_name: String,
    run_name: String,
    files: Vec<String>,
}

#[derive(InputObject)]
pub(crate) struct DeleteFilesInput {
    files: Vec<ID>,
    project_id: Option<i32>,
}

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AlertSeverity {
    Info,
    Warn,
    Error,
}

impl AlertSeverity {
    fn level(self) -> AlertLevel {
        match self {
            Self::Info => AlertLevel::Info,
            Self::Warn => AlertLevel::Warn,
            Self::Error => AlertLevel::Error,
        }
    }
}

/// How long the same alert is not raised again, where the script does not say.
const ALERT_WAIT_MS: i64 = 60_000;

#[derive(InputObject)]
pub(crate) struct NotifyScriptableRunAlertInput {
    entity_name: String,
    project_name: String,
    run_name: String,
    title: String,
    text: String,
    severity: Option<AlertSeverity>,
    wait_duration: Option<Duration>,
}

/// Changes the run of an id, in the name of a caller who may.
async fn change<T>(
    ctx: &Context<'_>,
    id: &ID,
    decision: impl Fn(&Projection, &RunPath, &Act) -> Result<Plan<T>, Refusal>,
) -> Result<T> {
    let scope = Scope::of(ctx)?;
    let act = scope.act();
    let path =
        ids::to_run(id).ok_or_else(|| Refusal::not_found(format!("run {:?} not found", id.as_str())))?;
    let decide = |snapshot: &Arc<Snapshot>| {
        names::check_may_write(&snapshot.projection, &scope.caller, &path.project)?;
        decision(&snapshot.projection, &path, &act)
    };
    Ok(scope.app.decide(decide).await?)
}

fn named(scope: &Scope, entity: &str, project: &str, run: &str) -> RunPath {
    RunPath::new(names::project(Some(entity), Some(project), &scope.caller), run)
}

fn not_yet(what: &str) -> Refusal {
    Refusal::new(Kind::Invalid, format!("{what} is not supported by this server yet"))
}

#[Object(name = "RunMutation")]
impl Mutation {
    async fn upsert_bucket(
        &self,
        ctx: &Context<'_>,
        input: UpsertBucketInput,
    ) -> Result<Option<UpsertBucketPayload>> {
        let scope = Scope::of(ctx)?;
        let request = request(input, scope.is_shared);
        let mut random = [0; 8];
        scope.app.store.world().entropy.fill(&mut random).map_err(|error| {
            tracing::error!(%error, "the system gives no random bytes");
            Refusal::unavailable("the system gives no random bytes")
        })?;
        let (act, id) = (scope.act(), names::made_up_id(random));
        // Drawn once, however often this is decided again.
        let mut drawn_ordinal = None;
        let mut ordinal = |project: &ProjectKey, made| {
            *drawn_ordinal.get_or_insert_with(|| scope.app.next_ordinal(project, made))
        };
        let snapshot = scope.whole();
        let fork = match translate::forked_from(&snapshot.projection, &request, &scope.caller)? {
            Some((parent, step)) => {
                names::check_may_write(&snapshot.projection, &scope.caller, &parent.key.project)?;
                Some(blocking(move || Inherited::read(&snapshot, parent, step)).await?)
            }
            None => None,
        };
        let app = &scope.app;
        let (upserted, known) = app
            .decide(|snapshot| {
                let drawn = translate::Drawn { id: &id, ordinal: &mut ordinal, fork: fork.as_ref() };
                resync::followed(&app.resyncs, &snapshot.projection, &request, &scope.caller, &act, drawn)
            })
            .await?;
        app.resyncs.note(&request, &upserted, known);
        scope.app.liveness.heard(&upserted.run);
        let bucket = scope.changed_run(&upserted.run, upserted.history_lines)?;
        Ok(Some(UpsertBucketPayload { bucket, inserted: Some(upserted.inserted) }))
    }

    async fn rewind_run(&self, ctx: &Context<'_>, input: RewindRunInput) -> Result<Option<RewindRunPayload>> {
        let scope = Scope::of(ctx)?;
        let RewindRunInput { run_name, entity_name, project_name, metric_name, metric_value } = input;
        let step = branch::whole(metric_value).filter(|_| metric_name == "_step");
        let step = step.ok_or_else(|| {
            Refusal::invalid(format!(
                "a run is rewound to a whole _step, not to {metric_name} {metric_value}"
            ))
        })?;
        let project = names::project(entity_name.as_deref(), project_name.as_deref(), &scope.caller);
        let path = RunPath::new(project, run_name);
        let snapshot = scope.whole();
        names::check_may_write(&snapshot.projection, &scope.caller, &path.project)?;
        let run = translate::living(&snapshot.projection, &path)?;
        let (key, lines) = if branch::is_rewound(&run, &path, step) {
            (run.key.clone(), run.stream("", engine::StreamKind::History).next)
        } else {
            translate::check_depth(&snapshot.projection, &run)?;
            let inherited = blocking(move || Inherited::read(&snapshot, run, step)).await?;
            let act = scope.act();
            let rewind = |snapshot: &Arc<engine::Snapshot>| {
                translate::rewind(&snapshot.projection, &path, &inherited, &act)
            };
            scope.app.decide(rewind).await?
        };
        scope.app.liveness.heard(&key);
        Ok(Some(RewindRunPayload { rewound_run: scope.changed_run(&key, lines)? }))
    }

    async fn delete_run(&self, ctx: &Context<'_>, input: DeleteRunInput) -> Result<Option<DeleteRunPayload>> {
        let with_artifacts = input.delete_artifacts == Some(true);
        let delete = |projection: &_, path: &_, act: &_| {
            if with_artifacts && artifacts::has_logged(projection, path)? {
                return Err(not_yet("deleting artifacts, here those that the run logged,"));
            }
            translate::delete(projection, path, act)
        };
        change(ctx, &input.id, delete).await?;
        Ok(Some(DeleteRunPayload { client_mutation_id: input.client_mutation_id }))
    }

    async fn stop_run(&self, ctx: &Context<'_>, input: StopRunInput) -> Result<Option<SuccessPayload>> {
        change(ctx, &input.id, translate::stop).await?;
        Ok(Some(SuccessPayload::DONE))
    }

    async fn update_run_state(
        &self,
        ctx: &Context<'_>,
        input: UpdateRunStateInput,
    ) -> Result<Option<SuccessPayload>> {
        let set =
            |projection: &_, path: &_, act: &_| translate::set_state(projection, path, &input.state, act);
        change(ctx, &input.id, set).await?;
        Ok(Some(SuccessPayload::DONE))
    }

    async fn upsert_model(
        &self,
        ctx: &Context<'_>,
        input: UpsertModelInput,
    ) -> Result<Option<UpsertModelPayload>> {
        let scope = Scope::of(ctx)?;
        let key = names::project(input.entity_name.as_deref(), input.name.as_deref(), &scope.caller);
        let act = scope.act();
        let inserted = scope
            .app
            .decide(|snapshot| translate::make_project(&snapshot.projection, &key, &scope.caller, &act))
            .await?;
        let snapshot = scope.whole();
        let project = || Project::find(&snapshot, &key);
        Ok(Some(UpsertModelPayload { project: project(), model: project(), inserted: Some(inserted) }))
    }

    async fn create_run_files(
        &self,
        ctx: &Context<'_>,
        input: CreateRunFilesInput,
    ) -> Result<Option<CreateRunFilesPayload>> {
        let scope = Scope::of(ctx)?;
        let path = named(scope, &input.entity_name, &input.project_name, &input.run_name);
        let snapshot = scope.whole();
        names::check_may_write(&snapshot.projection, &scope.caller, &path.project)?;
        let run = translate::living(&snapshot.projection, &path)?;
        let file = |name: &String| {
            // The answer names the file as it was asked for; its PUT drops a leading `./`.
            names::file_name(name).map(|_| File::ahead(&run.key, name))
        };
        let files: Result<Vec<File>, Refusal> = input.files.iter().map(file).collect();
        Ok(Some(CreateRunFilesPayload {
            run_id: ids::of_run(&path).into(),
            upload_headers: Vec::new(),
            files: files?,
        }))
    }

    async fn mark_run_files_uploaded(
        &self,
        ctx: &Context<'_>,
        input: MarkRunFilesUploadedInput,
    ) -> Result<Option<SuccessPayload>> {
        let scope = Scope::of(ctx)?;
        let path = named(scope, &input.entity_name, &input.project_name, &input.run_name);
        // A file is there when its PUT is complete; this only says that the client thinks so too.
        let snapshot = scope.whole();
        names::check_may_write(&snapshot.projection, &scope.caller, &path.project)?;
        let run = translate::living(&snapshot.projection, &path)?;
        let success = input
            .files
            .iter()
            .all(|name| names::file_name(name).is_ok_and(|name| run.files.contains_key(name)));
        Ok(Some(SuccessPayload { success }))
    }

    async fn delete_files(
        &self,
        ctx: &Context<'_>,
        input: DeleteFilesInput,
    ) -> Result<Option<SuccessPayload>> {
        let scope = Scope::of(ctx)?;
        let _in_each_id = input.project_id;
        let file = |id: &ID| {
            ids::to_file(id).ok_or_else(|| Refusal::not_found(format!("file {:?} not found", id.as_str())))
        };
        let files: Result<Vec<_>, Refusal> = input.files.iter().map(file).collect();
        let (files, act) = (files?, scope.act());
        scope
            .app
            .decide(|snapshot| translate::delete_files(&snapshot.projection, &files, &scope.caller, &act))
            .await?;
        Ok(Some(SuccessPayload::DONE))
    }

    /// An alert of a script; the same title again within the wait is the same alert.
    async fn notify_scriptable_run_alert(
        &self,
        ctx: &Context<'_>,
        input: NotifyScriptableRunAlertInput,
    ) -> Result<Option<SuccessPayload>> {
        let NotifyScriptableRunAlertInput {
            entity_name,
            project_name,
            run_name,
            title,
            text,
            severity,
            wait_duration,
        } = input;
        let scope = Scope::of(ctx)?;
        let path = named(scope, &entity_name, &project_name, &run_name);
        let alert = translate::alert(&title, &text, severity.unwrap_or(AlertSeverity::Info).level())?;
        // The client counts milliseconds.
        let wait = wait_duration.map_or(ALERT_WAIT_MS, |Duration(wait)| wait).saturating_mul(1_000_000);
        let act = scope.act();
        if scope.app.alerts.is_due(&path, &title, act.now, wait) {
            let decide = |snapshot: &Arc<Snapshot>| {
                names::check_may_write(&snapshot.projection, &scope.caller, &path.project)?;
                translate::raise(&snapshot.projection, &path, &alert, &act)
            };
            scope.app.decide(decide).await?;
        }
        Ok(Some(SuccessPayload::DONE))
    }
}

fn request(input: UpsertBucketInput, is_shared: bool) -> translate::Upsert {
    let _not_kept = input.debug;
    translate::Upsert {
        id: input.id,
        name: input.name,
        project: input.model_name,
        entity: input.entity_name,
        group: input.group_name,
        description: input.description,
        display_name: input.display_name,
        notes: input.notes,
        commit: input.commit,
        config: input.config.map(|JsonString(json)| json),
        host: input.host,
        program: input.job_program,
        repo: input.job_repo,
        job_type: input.job_type,
        state: input.state,
        sweep: input.sweep,
        tags: input.tags,
        summary: input.summary_metrics.map(|JsonString(json)| json),
        is_shared,
        is_anothers: false,
    }
}

//! A run, as the client asks for it (protocol 7.3, 11).

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use engine::{Attribute, HIDDEN_KEY, Snapshot, StreamKind, Value};
use query::whole_history;

use super::artifact::{ArtifactConnection, InputArtifactConnection};
use super::file::{FileConnection, Wanted};
use super::history::{self, Spec};
use super::project::Project;
use super::scalars::{Int64, JsonString, Moment};
use super::viewer::User;
use super::{Page, PageInfo, Scope, blocking, int};
use crate::http::error::Refusal;
use crate::wandb::capability::{Method, Target};
use crate::wandb::{config, ids, state_name};

pub(crate) struct Run {
    snapshot: Arc<Snapshot>,
    run: Arc<engine::Run>,
    /// What the reply to an upsert says instead of the count that stands.
    history_lines: Option<u64>,
    /// Who asked may write the run and not read it.
    is_hidden: bool,
}

#[derive(SimpleObject)]
pub(crate) struct ParquetHistory {
    parquet_urls: Vec<String>,
    live_data: Option<Vec<Option<serde_json::Value>>>,
}

#[derive(SimpleObject)]
pub(crate) struct LogLineConnection {
    edges: Vec<LogLineEdge>,
    page_info: PageInfo,
}

#[derive(SimpleObject)]
pub(crate) struct LogLineEdge {
    node: LogLine,
}

#[derive(SimpleObject)]
pub(crate) struct LogLine {
    number: Option<i32>,
    timestamp: Option<String>,
    level: Option<&'static str>,
    label: Option<String>,
    line: Option<String>,
}

impl Run {
    pub(super) fn new(snapshot: &Arc<Snapshot>, run: &Arc<engine::Run>) -> Self {
        Self { snapshot: Arc::clone(snapshot), run: Arc::clone(run), history_lines: None, is_hidden: false }
    }

    pub(super) fn with_history_lines(self, lines: u64) -> Self {
        Self { history_lines: Some(lines), ..self }
    }

    /// For who may write the run and not read it: what it is called, and nothing that is in it.
    pub(super) fn hidden(self) -> Self {
        let mut run = (*self.run).clone();
        (run.config, run.summary, run.files, run.last_step) = Default::default();
        Self { run: Arc::new(run), is_hidden: true, ..self }
    }

    fn text(&self, attribute: Attribute) -> Option<&str> {
        // The client needs to know of a sweep's run whose it is.
        let is_told = !self.is_hidden || attribute == Attribute::SweepId;
        self.run.text(attribute).filter(|_| is_told)
    }

    fn lines(&self, kind: StreamKind) -> u64 {
        self.run.stream("", kind).next
    }

    /// Runs `read` on the snapshot, off the threads that serve connections.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Snapshot, &engine::Run) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T> {
        if self.is_hidden {
            return Err(Refusal::forbidden("you may not read this run").into());
        }
        let (snapshot, run) = (Arc::clone(&self.snapshot), Arc::clone(&self.run));
        blocking(move || read(&snapshot, &run)).await
    }
}

#[Object]
impl Run {
    async fn id(&self) -> ID {
        ids::of_run(&self.run.key.path()).into()
    }

    async fn project_id(&self) -> Option<i32> {
        Some(ids::project_number(&self.run.key.project))
    }

    async fn name(&self) -> &str {
        &self.run.key.run
    }

    async fn display_name(&self) -> Option<&str> {
        Some(self.run.name())
    }

    async fn description(&self) -> Option<&str> {
        self.text(Attribute::Description)
    }

    async fn notes(&self) -> Option<&str> {
        self.text(Attribute::Notes)
    }

    async fn tags(&self) -> Option<Vec<String>> {
        Some(self.run.tags().filter(|_| !self.is_hidden).map(str::to_owned).collect())
    }

    async fn sweep_name(&self) -> Option<&str> {
        self.text(Attribute::SweepId)
    }

    async fn state(&self) -> Option<&str> {
        Some(state_name(self.run.state))
    }

    async fn config(&self) -> Option<JsonString> {
        Some(JsonString(config::write(&self.run.config)))
    }

    async fn wandb_config(&self, keys: Option<Vec<String>>) -> Option<JsonString> {
        let hidden = self.run.config.get(HIDDEN_KEY).and_then(Value::as_map).unwrap_or_default();
        let is_wanted = |key: &str| keys.as_ref().is_none_or(|keys| keys.iter().any(|wanted| wanted == key));
        let members = hidden.iter().filter(|(key, _)| is_wanted(key)).cloned().collect();
        // The client parses this one strictly (protocol 3.4).
        Some(JsonString(Value::Map(members).to_strict_json()))
    }

    async fn group(&self) -> Option<&str> {
        self.text(Attribute::Group)
    }

    async fn job_type(&self) -> Option<&str> {
        self.text(Attribute::JobType)
    }

    async fn commit(&self) -> Option<&str> {
        self.text(Attribute::GitCommit)
    }

    async fn host(&self) -> Option<&str> {
        self.text(Attribute::Host)
    }

    async fn read_only(&self) -> Option<bool> {
        Some(false)
    }

    async fn created_at(&self) -> Moment {
        Moment::of(self.run.created)
    }

    async fn heartbeat_at(&self) -> Option<Moment> {
        Some(Moment::of(self.run.heartbeat))
    }

    async fn system_metrics(&self) -> Result<Option<JsonString>> {
        let last = self.read(|snapshot, run| history::last_row(snapshot, run, StreamKind::System)).await?;
        Ok(Some(JsonString(last.unwrap_or_else(|| "{}".to_owned()))))
    }

    async fn summary_metrics(&self) -> Option<JsonString> {
        Some(JsonString(self.run.summary.to_value().to_json()))
    }

    async fn history_line_count(&self) -> Option<i32> {
        Some(int(self.history_lines.unwrap_or_else(|| self.lines(StreamKind::History))))
    }

    async fn events_line_count(&self) -> Option<i32> {
        Some(int(self.lines(StreamKind::System)))
    }

    async fn log_line_count(&self) -> Option<i32> {
        Some(int(self.lines(StreamKind::Console)))
    }

    async fn history_tail(&self) -> Result<Option<JsonString>> {
        let last = self.read(|snapshot, run| history::last_row(snapshot, run, StreamKind::History)).await?;
        Ok(Some(JsonString(history::tail(last))))
    }

    async fn events_tail(&self) -> Result<Option<JsonString>> {
        let last = self.read(|snapshot, run| history::last_row(snapshot, run, StreamKind::System)).await?;
        Ok(Some(JsonString(history::tail(last))))
    }

    async fn history_keys(&self) -> Option<serde_json::Value> {
        history::keys(&self.run)
    }

    async fn history(
        &self,
        min_step: Option<Int64>,
        max_step: Option<Int64>,
        samples: Option<i32>,
    ) -> Result<Option<Vec<String>>> {
        let spec = Spec {
            keys: Vec::new(),
            min_step: min_step.map(|Int64(step)| step),
            // The first step that is no longer wanted.
            max_step: max_step.map(|Int64(step)| step.saturating_sub(1)),
            samples: samples.map(|samples| usize::try_from(samples).unwrap_or_default()),
        };
        let rows =
            self.read(move |snapshot, run| history::rows(snapshot, run, StreamKind::History, &spec)).await?;
        Ok(Some(rows.iter().map(Value::to_json).collect()))
    }

    async fn events(&self, samples: Option<i32>) -> Result<Option<Vec<String>>> {
        let samples = samples.map(|samples| usize::try_from(samples).unwrap_or_default());
        let spec = Spec { samples, ..Spec::default() };
        let rows =
            self.read(move |snapshot, run| history::rows(snapshot, run, StreamKind::System, &spec)).await?;
        Ok(Some(rows.iter().map(Value::to_json).collect()))
    }

    async fn sampled_history(
        &self,
        specs: Vec<JsonString>,
    ) -> Result<Option<Vec<Option<serde_json::Value>>>> {
        let mut lists = Vec::new();
        for JsonString(json) in specs {
            let spec = Spec::parse(&json)?;
            let rows = self
                .read(move |snapshot, run| history::rows(snapshot, run, StreamKind::History, &spec))
                .await?;
            let rows: Result<Vec<serde_json::Value>, _> =
                rows.iter().map(|row| serde_json::from_str(&row.to_strict_json())).collect();
            lists.push(Some(serde_json::Value::Array(rows?)));
        }
        Ok(Some(lists))
    }

    async fn parquet_history(&self, ctx: &Context<'_>, live_keys: Vec<String>) -> Result<ParquetHistory> {
        let _only_steps = live_keys;
        let extents = self.read(|snapshot, run| Ok(snapshot.extents(run, StreamKind::History)?)).await?;
        let scope = Scope::of(ctx)?;
        if scope.takes_history_files
            && self.run.finished.is_some()
            && whole_history::statement(&self.run).is_some()
        {
            let url = scope.address_of(Method::Get, Target::History(self.run.key.clone()))?;
            return Ok(ParquetHistory { parquet_urls: vec![url], live_data: Some(Vec::new()) });
        }
        // Only the lowest step matters: with no file named, the client pages from there (protocol 11.2).
        let first = extents.iter().filter_map(|extent| Some(extent.steps?.0)).min();
        let live_data = first.map(|step| Some(serde_json::json!({ "_step": step })));
        Ok(ParquetHistory { parquet_urls: Vec::new(), live_data: Some(live_data.into_iter().collect()) })
    }

    async fn log_lines(
        &self,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        use_improved_pagination: Option<bool>,
    ) -> Result<Option<LogLineConnection>> {
        let _numbers_are_absolute = use_improved_pagination;
        let all = self.read(|snapshot, run| Ok(log_lines(snapshot.console(run)?))).await?;
        let count = all.len();
        let skipped = last.map_or(0, |last| count.saturating_sub(usize::try_from(last).unwrap_or_default()));
        let taken = first.map_or(count, |first| usize::try_from(first).unwrap_or_default());
        let page = Page::of(all.into_iter().skip(skipped), after.as_deref(), taken)?;
        let edges = page.entries.into_iter().map(|(node, _)| LogLineEdge { node }).collect();
        Ok(Some(LogLineConnection { edges, page_info: page.info }))
    }

    async fn user(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        Ok(Some(User::of(Scope::of(ctx)?, &self.run.author)))
    }

    async fn project(&self) -> Option<Project> {
        Project::find(&self.snapshot, &self.run.key.project)
    }

    async fn exitcode(&self) -> Option<i32> {
        self.run.exit_code
    }

    async fn should_stop(&self) -> Option<bool> {
        Some(self.run.stop_requested)
    }

    async fn stopped(&self) -> Option<bool> {
        Some(self.run.stop_requested)
    }

    async fn failed(&self) -> Option<bool> {
        Some(matches!(self.run.state, engine::State::Failed | engine::State::Crashed))
    }

    async fn running(&self) -> Option<bool> {
        Some(self.run.state.is_active())
    }

    async fn input_artifacts(
        &self,
        ctx: &Context<'_>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<Option<InputArtifactConnection>> {
        let used = ArtifactConnection::used(ctx, &self.run.key, (after.as_deref(), first))?;
        Ok(used.map(InputArtifactConnection::from))
    }

    async fn output_artifacts(
        &self,
        ctx: &Context<'_>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<Option<ArtifactConnection>> {
        ArtifactConnection::logged(ctx, &self.run.key, (after.as_deref(), first))
    }

    async fn file_count(&self) -> Option<i32> {
        Some(int(self.run.files.len()))
    }

    async fn files(
        &self,
        ctx: &Context<'_>,
        names: Option<Vec<Option<String>>>,
        after: Option<String>,
        first: Option<i32>,
        pattern: Option<String>,
    ) -> Result<Option<FileConnection>> {
        let first = Scope::of(ctx)?.page(first);
        Ok(Some(FileConnection::of(&self.run, &Wanted { names, pattern, after: after.as_deref(), first })?))
    }
}

fn log_lines(screen: engine::Screen) -> Vec<LogLine> {
    let line = |(number, _, line): (u64, engine::Lsn, &engine::ConsoleLine)| LogLine {
        number: Some(int(number)),
        timestamp: line.time.map(|time| Moment::of(time).0),
        level: line.is_stderr.then_some("error"),
        label: (!line.label.is_empty()).then(|| line.label.to_string()),
        line: Some(line.text.to_string()),
    };
    screen.lines().map(line).collect()
}

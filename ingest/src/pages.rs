//! What a browser sees until the web app stands: plain pages, no script (S6).

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, SecondsFormat};
use engine::{HIDDEN_KEY, ProjectKey, Projection, Run, RunPath, Tree};
use maud::{DOCTYPE, Markup, html};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::app::App;
use crate::http::error::Refusal;

/// Runs that one page lists.
const RUNS_MAX: usize = 1000;
const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}\
    table{border-collapse:collapse}td,th{padding:.2rem .8rem .2rem 0;text-align:left;vertical-align:top}\
    td{border-top:1px solid #ddd;overflow-wrap:anywhere}code{background:#f3f3f3;padding:0 .2rem}";
/// `'sha256-…'` would do for the style alone; there is no script at all.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'";

fn page(title: &str, content: &Markup) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                title { (title) " · wbq" }
                style { (maud::PreEscaped(STYLE)) }
            }
            body { h1 { (title) } (content) }
        }
    };
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (headers, page.into_string()).into_response()
}

fn encoded(part: &str) -> String {
    utf8_percent_encode(part, NON_ALPHANUMERIC).to_string()
}

fn project_url(key: &ProjectKey) -> String {
    format!("/{}/{}", encoded(&key.entity), encoded(&key.project))
}

fn run_url(run: &Run) -> String {
    format!("{}/runs/{}", project_url(&run.key.project), encoded(&run.key.run))
}

fn time(time: engine::Time) -> String {
    DateTime::from_timestamp_nanos(time).to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// `/`: the projects.
pub(crate) async fn home(State(app): State<Arc<App>>) -> Response {
    let snapshot = app.store.snapshot();
    let projects = snapshot.projection.projects.values();
    page(
        "Projects",
        &html! {
            table {
                tr { th { "Project" } th { "Runs" } th { "Made" } }
                @for project in projects {
                    tr {
                        td { a href=(project_url(&project.key)) { (project.key) } }
                        td { (project.runs_made) }
                        td { (time(project.created)) }
                    }
                }
            }
        },
    )
}

/// `/{entity}/{project}`: its runs, newest first.
pub(crate) async fn project(
    State(app): State<Arc<App>>,
    Path((entity, project)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let snapshot = app.store.snapshot();
    let key = ProjectKey::new(entity, project);
    if !snapshot.projection.projects.contains_key(&key) {
        return Err(Refusal::not_found(format!("project {key} not found")));
    }
    let newest = snapshot.projection.visible_in(&key)?.into_iter().rev().take(RUNS_MAX);
    let runs = newest.filter_map(|ordinal| snapshot.projection.run_at(ordinal).transpose());
    let runs: Vec<Arc<Run>> = runs.collect::<Result<_, _>>()?;
    Ok(page(
        &key.to_string(),
        &html! {
            p { a href="/" { "All projects" } }
            table {
                tr { th { "Name" } th { "State" } th { "Made" } th { "Rows" } }
                @for run in runs {
                    tr {
                        td { a href=(run_url(&run)) { (run.name()) } }
                        td { (run.state.name()) }
                        td { (time(run.created)) }
                        td { (run.history.rows) }
                    }
                }
            }
        },
    ))
}

/// `/{entity}/{project}/runs/{run}` and its short form.
pub(crate) async fn run(
    State(app): State<Arc<App>>,
    Path((entity, project, run)): Path<(String, String, String)>,
) -> Result<Response, Refusal> {
    let snapshot = app.store.snapshot();
    let path = RunPath::new(ProjectKey::new(entity, project), run);
    let run = visible(&snapshot.projection, &path)?;
    let cause = run.change.as_ref().map(|change| change.evidence.to_string());
    Ok(page(
        run.name(),
        &html! {
            p { a href=(project_url(&path.project)) { (path.project) } " / " code { (path.run) } }
            table {
                tr { th { "State" } td { (run.state.name()) @if let Some(cause) = cause { " (" (cause) ")" } } }
                tr { th { "Started" } td { (time(run.started())) } }
                tr { th { "Last heard" } td { (time(run.heartbeat)) } }
                tr { th { "Rows" } td { (run.history.rows) } }
                tr { th { "Tags" } td { @for tag in run.tags() { code { (tag) } " " } } }
                tr { th { "Notes" } td { (run.text(engine::Attribute::Notes).unwrap_or_default()) } }
            }
            h2 { "Config" }
            (leaves(&run.config))
            h2 { "Summary" }
            (leaves(&run.summary))
            h2 { "Files" }
            table {
                @for (name, entry) in &run.files { tr { td { (name) } td { (entry.file.size) " bytes" } } }
            }
        },
    ))
}

fn visible(projection: &Projection, path: &RunPath) -> Result<Arc<Run>, Refusal> {
    let run = projection.run(path)?.filter(|run| run.is_visible());
    run.ok_or_else(|| Refusal::not_found(format!("run {path} not found")))
}

fn leaves(tree: &Tree) -> Markup {
    let mut rows: Vec<(String, String)> = Vec::new();
    tree.leaves(&mut |name, value| {
        let is_hidden =
            name.strip_prefix(HIDDEN_KEY).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        if !is_hidden {
            rows.push((name.to_owned(), value.to_json()));
        }
    });
    html! {
        table { @for (name, value) in rows { tr { th { (name) } td { code { (value) } } } } }
    }
}

/// `/authorize`: where the client sends people for a key.
pub(crate) async fn authorize() -> Response {
    page(
        "Your API key",
        &html! {
            p { "The key of the first user was printed once, when the server was started for the first time." }
            p { "An admin makes keys for others with " code { "wbq user add NAME" } "." }
            p { "Then: " code { "wandb login --host THIS-ADDRESS KEY" } ", or set " code { "WANDB_BASE_URL" } " and " code { "WANDB_API_KEY" } "." }
        },
    )
}

//! `wandb sync` of an offline log whose run stands, by an import or by a sync before (D4).
//!
//! ```text
//!  the first upsert, with the mark of offline processes ─► nothing; what it says waits
//!  then which process it is, told by `_wandb.e` or known by the time of its first row:
//!    one that the run has ─► what is missing, in the run that stands
//!    another              ─► a generation of its own, begun with what waited; or, where it resumed, the run
//!                            that stands goes on
//! ```
//!
//! What holds:
//! - The client begins such a run as any other, by its id alone, and counts its lines from 0. A process
//!   that has a server never bears the mark, so that nobody who trains anew waits.
//! - A process that resumed the client sends behind the lines and steps that stand, its own rows among them:
//!   the first of them that stands tells by how much lines and steps are moved back.
//! - What waits is kept in memory: after a restart in the middle of a sync its lines are compared with
//!   those that stand, and no generation is begun.

mod lines;
mod notes;

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::{HIDDEN_KEY, Projection, Run, RunKey, Tree, Value};

use super::translate::{self, Drawn, Upsert, Upserted};
use super::{Act, attributes, config, names};
use crate::access::Caller;
use crate::app::Plan;
use crate::guarded::Guarded;
use crate::http::error::Refusal;
use crate::import::account::OFFLINE;
use crate::import::joining::{Process, Standing};
use crate::import::telling;

pub(crate) use lines::{Lines, lines};

/// Syncs that are followed at once; the ones beyond are followed no more.
const RESYNCS_MAX: usize = 4096;

/// A sync on its way.
#[derive(Debug, Clone)]
pub(crate) struct Resync {
    /// What its first request said.
    begun: Arc<Upsert>,
    /// None until the run is seen to have its process.
    known: Option<Known>,
}

/// A process that the run has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known {
    /// No process that began later told of itself.
    is_latest: bool,
    /// By how much the lines of its rows are moved in the run; none before the first of them came.
    history: Option<i64>,
    system: Option<i64>,
    /// The same of its output, where it resumed.
    console: Option<i64>,
    /// By how much the steps of its rows are moved.
    steps: i64,
}

impl Known {
    /// Nothing came of it yet.
    fn new(is_latest: bool) -> Self {
        Self { is_latest, history: None, system: None, console: None, steps: 0 }
    }
}

/// What a request shows of the process of a sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Nothing yet.
    Nothing,
    /// The run has it.
    Known(Known),
    /// It is another one.
    Anothers,
}

/// Syncs on their way, by the run that stands.
#[derive(Debug, Default)]
pub(crate) struct Resyncs(Guarded<BTreeMap<RunKey, Resync>>);

impl Resyncs {
    fn begin(&self, run: RunKey, begun: Upsert) {
        self.0.with(|all| {
            if all.len() >= RESYNCS_MAX {
                all.pop_first();
            }
            all.insert(run, Resync { begun: Arc::new(begun), known: None });
        });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.with(|all| all.is_empty())
    }

    pub(crate) fn of(&self, run: &RunKey) -> Option<Resync> {
        self.0.with(|all| all.get(run).cloned())
    }

    /// Notes what an upsert came to.
    pub(crate) fn note(&self, request: &Upsert, upserted: &Upserted, shown: Shown) {
        let run = &upserted.run;
        if upserted.is_resync {
            self.begin(run.clone(), request.clone());
        } else if let Shown::Known(known) = shown {
            self.know(run, known);
        } else if shown == Shown::Anothers && !upserted.inserted {
            self.end(run);
        } else if upserted.inserted && run.generation > 1 {
            self.end(&run.path().generation(run.generation - 1));
        }
    }

    /// Notes what a request showed.
    pub(crate) fn know(&self, run: &RunKey, known: Known) {
        self.0.with(|all| {
            if let Some(resync) = all.get_mut(run) {
                resync.known = Some(known);
            }
        });
    }

    /// Its last request is stored, or it was another run's.
    pub(crate) fn end(&self, run: &RunKey) {
        self.0.with(|all| all.remove(run));
    }
}

/// Whether a request that begins a run may be the sync of a log that the run has.
pub(crate) fn is_resync(run: &Run, request: &Upsert) -> bool {
    let told = request.config.as_deref().and_then(|json| config::read(json).ok());
    run.holds_work() && is_offline(&run.config) && told.is_some_and(|told| is_offline(&told))
}

fn is_offline(config: &Tree) -> bool {
    let flags = config.get(HIDDEN_KEY).and_then(|hidden| hidden.get("t")?.get("3"));
    matches!(flags, Some(Value::List(flags)) if flags.contains(&Value::Int(OFFLINE)))
}

/// [`translate::upsert`], for whoever may be sending a log again; with what the request shows of its process.
pub(crate) fn followed(
    resyncs: &Resyncs,
    projection: &Projection,
    request: &Upsert,
    caller: &Caller,
    act: &Act,
    drawn: Drawn<'_>,
) -> Result<Plan<(Upserted, Shown)>, Refusal> {
    let plain = |request: &Upsert, drawn, shown| {
        let plan = translate::upsert(projection, request, caller, act, drawn)?;
        Ok(plan.map(|upserted| (upserted, shown)))
    };
    if resyncs.is_empty() || request.is_shared || begins(request) {
        return plain(request, drawn, Shown::Nothing);
    }
    let path = request.path(caller, drawn.id)?;
    let run = projection.run(&path)?.filter(|run| run.deleted.is_none());
    let Some((run, resync)) = run.and_then(|run| Some((Arc::clone(&run), resyncs.of(&run.key)?))) else {
        return plain(request, drawn, Shown::Nothing);
    };
    match upsert(&run, &resync, request)? {
        Told::Request(request, known) => plain(&request, drawn, known.map_or(Shown::Nothing, Shown::Known)),
        Told::Anothers(begun) => plain(&begun, drawn, Shown::Anothers),
        Told::Nothing => {
            names::check_may_write(projection, caller, &path.project)?;
            let awaited = translate::awaited(&run, request);
            Ok(awaited.map(|upserted| (Upserted { is_resync: false, ..upserted }, Shown::Nothing)))
        }
    }
}

/// Whether a process begins or resumes a run: it does not know where it runs yet. Later requests may tell the
/// host again, with all that was told so far.
fn begins(request: &Upsert) -> bool {
    let tells_where = || {
        request
            .config
            .as_deref()
            .is_none_or(|json| config::read(json).is_ok_and(|told| process(&told).is_some()))
    };
    request.is_init() && !(request.resumes() && tells_where())
}

/// The process that a config tells of.
fn process(told: &Tree) -> Option<&(Box<str>, Value)> {
    told.get(HIDDEN_KEY)?.get("e")?.as_map()?.first()
}

/// What a later upsert of a sync comes to.
enum Told {
    /// Nothing yet.
    Nothing,
    /// This, and what it shows of its process.
    Request(Upsert, Option<Known>),
    /// It is another process's: this begins a run for it.
    Anothers(Upsert),
}

/// Reads an upsert that follows the first.
fn upsert(run: &Run, resync: &Resync, request: &Upsert) -> Result<Told, Refusal> {
    // The program is the sync's, and nobody is at work on the host.
    let request = Upsert { host: None, program: None, ..request.clone() };
    let Some(json) = &request.config else { return Ok(Told::Request(request, None)) };
    let told = config::read(json)?;
    let Some((key, environment)) = process(&told).cloned() else { return Ok(Told::Nothing) };
    let text = |name: &str| environment.get(name).and_then(Value::as_str);
    let process = Process {
        writer: text("writerId").or(Some(&key)),
        started: text("startedAt").and_then(attributes::time),
        is_resumed: false,
    };
    let standing = Standing::of(run, &process);
    if !standing.is_known && resync.known.is_none() {
        let begun =
            Upsert { config: request.config.clone(), is_anothers: true, ..Upsert::clone(&resync.begun) };
        return Ok(Told::Anothers(begun));
    }
    let ours = notes::as_it_stands(&run.config, told, &key, standing.writer.as_deref());
    let mut request = Upsert {
        config: Some(config::write(&standing.config(&run.config, ours))),
        is_shared: !standing.is_alone,
        ..request
    };
    if !standing.is_latest {
        telling::leave_what_is_told(&mut request, run);
    }
    let known = resync.known.unwrap_or(Known::new(true));
    Ok(Told::Request(request, Some(Known { is_latest: standing.is_latest, ..known })))
}

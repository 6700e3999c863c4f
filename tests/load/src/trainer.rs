//! One that logs over HTTP as the client does: one request at a time for a run, each sent again until
//! it is answered, sometimes with more lines behind those that were not.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use engine::disk::sim::Chance;
use serde_json::json;

use crate::content;
use crate::http::{Answer, Client};
use crate::journal::{Journal, Place};
use crate::latency::Latencies;
use crate::site::Server;

/// The project of all trainers.
pub const PROJECT: &str = "p";

/// How long an acknowledgement may take.
const ACK_WITHIN: Duration = Duration::from_secs(60);

const BEGIN: &str = "mutation Begin($entity: String, $project: String, $run: String, $config: JSONString) {
    upsertBucket(input: { entityName: $entity, modelName: $project, name: $run, config: $config,
        host: \"load\" }) { inserted } }";
const CREATE_FILES: &str =
    "mutation Create($entity: String!, $project: String!, $run: String!, $files: [String!]!) {
    createRunFiles(input: { entityName: $entity, projectName: $project, runName: $run, files: $files }) {
        files { uploadUrl } } }";

/// How trainers behave.
#[derive(Debug, Clone)]
pub struct Habits {
    /// The time between two requests, in the middle.
    pub pause: Duration,
    /// Rows of a request, at most.
    pub rows_max: u64,
    /// One request in so many is a file instead.
    pub upload_one_in: u64,
    /// One request in so many ends the run.
    pub end_one_in: u64,
}

/// What trainers share while a server lives.
#[derive(Debug)]
pub struct Life<'a> {
    /// The oracle.
    pub journal: &'a Journal,
    /// Told after each acknowledgement, while there is room.
    pub acks: SyncSender<()>,
    /// Trainers end when this is set, or when the server no longer answers.
    pub is_over: &'a AtomicBool,
    /// Whether a full disk ends them too.
    pub ends_when_full: bool,
}

/// Why a trainer stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It was told to.
    Told,
    /// The server is gone.
    Gone,
    /// The disk is full.
    Full,
}

/// Has all trainers log until so many requests were acknowledged; gives how long the first took.
///
/// # Panics
///
/// When they are not, within a minute each.
pub fn log_until(trainers: &mut [Trainer], server: &Server, journal: &Journal, count: usize) -> Duration {
    let client = server.client();
    let is_over = AtomicBool::new(false);
    let (acks, acked) = mpsc::sync_channel(count);
    let life = Life { journal, acks, is_over: &is_over, ends_when_full: false };
    let began = Instant::now();
    let told = thread::scope(|scope| {
        for trainer in trainers {
            let (client, life) = (client.clone(), &life);
            scope.spawn(move || trainer.live(&client, life));
        }
        let told: Vec<_> =
            (0..count).map_while(|_| acked.recv_timeout(ACK_WITHIN).ok().map(|()| began.elapsed())).collect();
        is_over.store(true, Ordering::Relaxed);
        told
    });
    assert_eq!(told.len(), count, "writing goes on");
    told[0]
}

/// A request that is under way, or was not answered.
#[derive(Debug, Clone)]
enum Request {
    Begin,
    Stream { from: Place, to: Place },
    Upload { name: String, version: u64 },
}

/// One trainer, over all lives of the server.
#[derive(Debug)]
pub struct Trainer {
    number: usize,
    /// Whose key it has, and so the entity it logs to.
    user: String,
    chance: Chance,
    habits: Habits,
    runs: u64,
    /// The run that it logs to, as far as it knows.
    run: Option<(String, Place)>,
    pending: Option<Request>,
    /// Requests that were acknowledged.
    pub acked: u64,
    /// How long each took that was acknowledged when it was first sent.
    pub latencies: Latencies,
}

impl Trainer {
    /// The same seed and number draw the same requests.
    #[must_use]
    pub fn new(number: usize, user: &str, seed: u64, habits: Habits) -> Self {
        Self {
            number,
            user: user.to_owned(),
            chance: Chance::new(seed ^ ((number as u64) << 32)),
            habits,
            runs: 0,
            run: None,
            pending: None,
            acked: 0,
            latencies: Latencies::default(),
        }
    }

    /// Logs until the life is over.
    pub fn live(&mut self, client: &Client, life: &Life<'_>) -> End {
        let mut due = Instant::now();
        while !life.is_over.load(Ordering::Relaxed) {
            match self.step(client, life) {
                Answer::Taken(_) => {
                    self.acked += 1;
                    // A full channel means that somebody was told already.
                    let _told = life.acks.try_send(());
                }
                answer if answer.is_disk_full() && life.ends_when_full => match self.pending {
                    // A file can find no room where the log still has some: it is let go.
                    Some(Request::Upload { .. }) => self.pending = None,
                    _ => return End::Full,
                },
                Answer::Later { .. } => {}
                Answer::Gone(_) => return End::Gone,
            }
            due += self.pause();
            let now = Instant::now();
            if let Some(left) = due.checked_duration_since(now) {
                thread::sleep(left);
            } else if now - due > Duration::from_secs(1) {
                due = now; // what could not be kept up with is not made up for
            }
        }
        End::Told
    }

    fn pause(&mut self) -> Duration {
        let nanos = u64::try_from(self.habits.pause.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(self.chance.below(2 * nanos))
    }

    /// Sends what was not answered, or the next request.
    fn step(&mut self, client: &Client, life: &Life<'_>) -> Answer {
        let is_first = self.pending.is_none();
        let (run, place) = self.run.take().unwrap_or_else(|| {
            self.runs += 1;
            (format!("t{}-{}", self.number, self.runs), Place::default())
        });
        let request = match self.pending.take() {
            Some(request) => self.again(request),
            None => self.next(place),
        };
        let began = Instant::now();
        let answer = self.send(client, life.journal, &run, &request);
        let Answer::Taken(_) = answer else {
            (self.run, self.pending) = (Some((run, place)), Some(request));
            return answer;
        };
        if is_first && matches!(request, Request::Stream { .. }) {
            self.latencies.add(began.elapsed());
        }
        let now = request.place(place);
        self.run = (!now.ended).then_some((run, now));
        answer
    }

    fn next(&mut self, place: Place) -> Request {
        if !place.begun {
            return Request::Begin;
        }
        if self.chance.one_in(self.habits.upload_one_in) {
            let name = format!("media/{}.bin", self.chance.below(5));
            return Request::Upload { name, version: self.chance.draw() };
        }
        Request::Stream { from: place, to: self.further(place) }
    }

    fn further(&mut self, from: Place) -> Place {
        Place {
            begun: true,
            rows: from.rows + 1 + self.chance.below(self.habits.rows_max),
            samples: from.samples + self.chance.below(2),
            lines: from.lines + self.chance.below(self.habits.rows_max),
            ended: self.chance.one_in(self.habits.end_one_in),
        }
    }

    /// The same once more, or in other boundaries: with new lines behind those that were not answered.
    fn again(&mut self, request: Request) -> Request {
        match request {
            Request::Stream { from, to } if !to.ended && self.chance.one_in(3) => {
                Request::Stream { from, to: self.further(to) }
            }
            same => same,
        }
    }

    fn send(&self, client: &Client, journal: &Journal, run: &str, request: &Request) -> Answer {
        match request {
            Request::Begin => {
                let to = request.place(Place::default());
                journal.sends(run, to);
                let config = json!({ "seed": { "value": self.number } }).to_string();
                let variables =
                    json!({ "entity": self.user, "project": PROJECT, "run": run, "config": config });
                let begun = client.graphql(BEGIN, &variables);
                begun.map_or_else(
                    |answer| answer,
                    |data| {
                        journal.acked(run, to);
                        Answer::Taken(data.to_string())
                    },
                )
            }
            Request::Stream { from, to } => {
                journal.sends(run, *to);
                let path = format!("/files/{}/{PROJECT}/{run}/file_stream", self.user);
                let answer = client.post(&path, &body(run, *from, *to));
                if let Answer::Taken(_) = answer {
                    journal.acked(run, *to);
                }
                answer
            }
            Request::Upload { name, version } => {
                let files = json!({ "entity": self.user, "project": PROJECT, "run": run, "files": [name] });
                let made = match client.graphql(CREATE_FILES, &files) {
                    Ok(made) => made,
                    Err(answer) => return answer,
                };
                let address = made["createRunFiles"]["files"][0]["uploadUrl"].as_str().unwrap();
                journal.sends_file(run, name, *version);
                let answer = client.put(address, &content::file(run, name, *version));
                if let Answer::Taken(_) = answer {
                    journal.acked_file(run, name, *version);
                }
                answer
            }
        }
    }
}

impl Request {
    /// Where it takes a run that is at `place`.
    fn place(&self, place: Place) -> Place {
        match self {
            Self::Begin => Place { begun: true, ..place },
            Self::Stream { to, .. } => *to,
            Self::Upload { .. } => place,
        }
    }
}

/// A stream request that takes a run from one place to another. The summary says how many rows there
/// are, so that rows and summary can be seen to come together.
fn body(run: &str, from: Place, to: Place) -> String {
    let chunk = |offset: u64, end: u64, line: fn(&str, u64) -> String| {
        let content: Vec<String> = (offset..end).map(|number| line(run, number)).collect();
        json!({ "offset": offset, "content": content })
    };
    let mut files = json!({
        "wandb-history.jsonl": chunk(from.rows, to.rows, content::row_sent),
        "wandb-summary.json": { "offset": 0, "content": [json!({ "rows": to.rows }).to_string()] },
    });
    if to.samples > from.samples {
        files["wandb-events.jsonl"] = chunk(from.samples, to.samples, content::sample_sent);
    }
    if to.lines > from.lines {
        files["output.log"] = chunk(from.lines, to.lines, content::line_sent);
    }
    let mut body = json!({ "files": files });
    if to.ended {
        body["complete"] = true.into();
        body["exitcode"] = 0.into();
    }
    body.to_string()
}

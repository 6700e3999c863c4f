use std::io::Write;

use super::*;
use crate::event::Subject;
use crate::event::{BlockBuilder, Chunk, ConsoleLine, StateChanged};
use crate::event::{Cause, State};
use crate::id::{ProjectKey, RunPath};

fn chunk(lines: u32) -> Chunk {
    Chunk { writer: "w".into(), first_line: 7, lines, hash: 1 }
}

fn events() -> Vec<(Lsn, u64, Event)> {
    let run = RunPath::new(ProjectKey::new("ada", "p"), "r").generation(2);
    let mut block = BlockBuilder::new();
    for step in [3, 1, 2] {
        block.begin_row();
        block.push_int("_step", step);
        block.push_float("_timestamp", 1.5 + step as f64);
        block.push_float("loss", f64::NAN);
    }
    let rows = Rows { chunk: chunk(3), rows: 3, block: block.finish() };
    let line = |time, text: &str| ConsoleLine { time, is_stderr: true, label: "l".into(), text: text.into() };
    let lines = vec![line(Some(5), "secret"), line(None, "more")];
    let changed = StateChanged {
        from: State::Running,
        to: State::Failed,
        cause: Cause::Exit,
        evidence: "exit code 1".into(),
        exit_code: Some(1),
    };
    let bodies = [
        Body::Logged(rows),
        Body::ConsoleWritten(Console { chunk: chunk(2), lines }),
        Body::StateChanged(changed),
        Body::Heartbeat,
    ];
    let event = |body| Event { subject: run.clone().into(), received: -3, actor: "ada".into(), body };
    let store = Event { subject: Subject::Store, received: 0, actor: "".into(), body: Body::Heartbeat };
    let events = std::iter::once(store).chain(bodies.into_iter().map(event));
    (10..).zip(0..).zip(events).map(|((lsn, seq), event)| (Lsn(lsn), seq, event)).collect()
}

/// A disk that takes so many bytes.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::StorageFull)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn f9_a_disk_that_is_full_at_any_byte_is_no_damage() {
    let recorded = || events().into_iter().map(|(lsn, seq, event)| Recorded::of(lsn, seq, event));
    let len = write(recorded(), 1, Vec::new()).unwrap().sink.len();
    assert!((0..len).all(|room| matches!(write(recorded(), 1, Full(room)), Err(Error::DiskFull))));
    assert!(write(recorded(), 1, Full(len)).is_ok());
}

#[test]
fn events_come_back_with_a_digest_in_the_place_of_their_rows() {
    let recorded = events().into_iter().map(|(lsn, run_seq, event)| Recorded::of(lsn, run_seq, event));
    let written = write(recorded, 1, Vec::new()).unwrap();
    assert_eq!(written.rows, 5);
    let open = |file: Vec<u8>| Arc::new(EventFile::open(Arc::new(Bytes::from(file))).unwrap());
    let file = open(written.sink);
    let back: Vec<Recorded> = file.events(Lsn(0), &Whose::ALL).collect::<Result<_>>().unwrap();
    let again = open(write(file.events(Lsn(0), &Whose::ALL), 3, Vec::new()).unwrap().sink);
    let again: Vec<Recorded> = again.events(Lsn(0), &Whose::ALL).collect::<Result<_>>().unwrap();
    assert_eq!(again, back, "written once more they stay what they are");
    for ((lsn, seq, event), back) in events().into_iter().zip(&back) {
        assert_eq!((lsn, seq), (back.lsn, back.run_seq));
        assert_eq!((&event.subject, event.received), (&back.event.subject, back.event.received));
        match (event.body, &back.event.body) {
            (Body::Logged(rows), Body::Logged(kept)) => {
                assert_eq!((&rows.chunk, rows.rows), (&kept.chunk, kept.rows));
                let digest = back.digest.as_ref().unwrap();
                assert_eq!((digest.steps, digest.time), (Some((1, 3)), Some(3.5)));
                let keys: Vec<_> = digest.keys.iter().map(|key| (&*key.name, key.points)).collect();
                assert_eq!(keys, [("_step", 3), ("_timestamp", 3), ("loss", 3)]);
            }
            (Body::ConsoleWritten(console), Body::ConsoleWritten(kept)) => {
                assert_eq!(console.chunk, kept.chunk);
                let times: Vec<_> = kept.lines.iter().map(|line| (line.time, &*line.text)).collect();
                assert_eq!(times, [(Some(5), "")], "the last time, and no text");
            }
            (body, kept) => assert_eq!(&body, kept),
        }
    }
    assert_eq!((back.len(), file.events(Lsn(13), &Whose::ALL).count()), (5, 2));
    for subject in
        [Subject::Store, back[1].event.subject.clone(), Subject::Project(ProjectKey::new("b", "p"))]
    {
        let of_it = back.iter().filter(|recorded| recorded.event.subject == subject).cloned();
        let whose = Whose::those({
            let subject = subject.clone();
            move |other| *other == subject
        });
        let chosen: Vec<Recorded> = file.events(Lsn(0), &whose).collect::<Result<_>>().unwrap();
        assert_eq!(chosen, of_it.collect::<Vec<_>>(), "of {subject:?}");
    }
}

//! A conversation on a connection of its own: bytes out as they stand, answers in, and how it ends.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::Duration;

/// Asked where a connection must go on: one answer, and the end.
const PROBE: &[u8] = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// What an answer was.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) text: String,
}

/// How a conversation is expected to go: as many answers, and what then.
pub(super) struct Expected<'a> {
    pub(super) answers: usize,
    /// `open`: the connection goes on; `close`: the server ends it; `hang-up`: nobody waits.
    pub(super) end: &'a str,
    pub(super) within: Duration,
}

/// Sends bytes and reads what is expected and all that comes beside it. Gives the answers and the end: `open`, `close`,
/// `hang-up`, or what else happened.
pub(super) fn converse(address: &str, bytes: &[u8], expected: &Expected<'_>) -> (Vec<Answer>, &'static str) {
    let connection = TcpStream::connect(address).unwrap();
    connection.set_read_timeout(Some(expected.within)).unwrap();
    thread::scope(|scope| {
        // A server that has heard enough does not read on; what is not sent then is no fault.
        let sending = scope.spawn(|| (&connection).write_all(bytes));
        if expected.end == "hang-up" {
            let _half = sending.join().unwrap();
            connection.shutdown(Shutdown::Both).unwrap();
            return (Vec::new(), "hang-up");
        }
        let is_head = bytes.starts_with(b"HEAD ");
        let mut reader = BufReader::new(&connection);
        let mut answers = Vec::new();
        while answers.len() < expected.answers {
            match answer(&mut reader, is_head) {
                Ok(Some(answer)) => answers.push(answer),
                Ok(None) => return (answers, "close"),
                Err(end) => return (answers, end),
            }
        }
        let is_open = expected.end == "open" && {
            let _half = sending.join().unwrap();
            (&connection).write_all(PROBE).is_ok()
                && matches!(answer(&mut reader, false), Ok(Some(Answer { status: 200, .. })))
        };
        loop {
            match answer(&mut reader, is_head) {
                Ok(Some(answer)) => answers.push(answer),
                Ok(None) => return (answers, if is_open { "open" } else { "close" }),
                Err(end) => return (answers, end),
            }
        }
    })
}

/// The next answer; none at the end of the connection.
fn answer(reader: &mut BufReader<&TcpStream>, is_head: bool) -> Result<Option<Answer>, &'static str> {
    let Some(line) = line(reader)? else { return Ok(None) };
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or("no answer of HTTP")?;
    let (mut length, mut is_chunked) = (None, false);
    loop {
        let field = self::line(reader)?.ok_or("an end within a head")?.to_ascii_lowercase();
        match field.split_once(':') {
            None => break,
            Some(("content-length", value)) => length = value.trim().parse::<usize>().ok(),
            Some(("transfer-encoding", value)) => is_chunked = value.trim() == "chunked",
            Some(_) => {}
        }
    }
    let has_body = !is_head && status >= 200 && status != 204 && status != 304;
    let text = match length {
        _ if !has_body => Vec::new(),
        _ if is_chunked => chunks(reader)?,
        Some(length) => exactly(reader, length)?,
        None => return Err("a body without an end"),
    };
    Ok(Some(Answer { status, text: String::from_utf8_lossy(&text).into_owned() }))
}

fn line(reader: &mut BufReader<&TcpStream>) -> Result<Option<String>, &'static str> {
    let mut line = Vec::new();
    match reader.read_until(b'\n', &mut line) {
        Ok(0) => Ok(None),
        Ok(_) => Ok(Some(String::from_utf8_lossy(&line).trim_end().to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => Ok(None),
        Err(_) => Err("silence"),
    }
}

fn exactly(reader: &mut BufReader<&TcpStream>, length: usize) -> Result<Vec<u8>, &'static str> {
    let mut bytes = vec![0; length];
    reader.read_exact(&mut bytes).map_err(|_cut| "an end within a body")?;
    Ok(bytes)
}

fn chunks(reader: &mut BufReader<&TcpStream>) -> Result<Vec<u8>, &'static str> {
    let mut all = Vec::new();
    loop {
        let size = line(reader)?.ok_or("an end within a body")?;
        let size = usize::from_str_radix(&size, 16).map_err(|_other| "no size of a chunk")?;
        let mut chunk = exactly(reader, size + 2)?;
        if size == 0 {
            return Ok(all);
        }
        chunk.truncate(size);
        all.extend(chunk);
    }
}

//! Where the store is that a command is about: a server, a folder, or a folder that a server holds.
//!
//! ```text
//! --server, --dir        the command line is closest, so it wins
//! WBQ_SERVER, WBQ_DIR    then the environment, the server first
//! $XDG_DATA_HOME/wbq     then the default folder
//! ```

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::args::Global;
use crate::failure::{Failure, Result};
use crate::remote::Client;

/// What a command looks at or changes.
#[derive(Debug)]
pub(crate) enum Place {
    /// A folder that no server answers for.
    Folder(PathBuf),
    /// A server, named by the user or by the folder that it holds.
    Server(Client),
}

/// What of the environment decides where the store is.
#[derive(Debug, Default)]
pub(crate) struct Environment {
    dir: Option<PathBuf>,
    server: Option<String>,
    key: Option<String>,
    data_home: Option<PathBuf>,
    home: Option<PathBuf>,
}

impl Environment {
    /// Reads the environment; what is empty is not set.
    pub(crate) fn read() -> Self {
        let os = |name: &str| std::env::var_os(name).filter(|value: &OsString| !value.is_empty());
        let text = |name: &str| os(name).and_then(|value| value.into_string().ok());
        Self {
            dir: os("WBQ_DIR").map(PathBuf::from),
            server: text("WBQ_SERVER"),
            key: text("WBQ_KEY").or_else(|| text("WANDB_API_KEY")),
            data_home: os("XDG_DATA_HOME").map(PathBuf::from),
            home: os("HOME").map(PathBuf::from),
        }
    }

    /// The data folder, whether or not a server was named.
    ///
    /// # Errors
    ///
    /// Usage, when nothing says where it is.
    pub(crate) fn dir(&self, global: &Global) -> Result<PathBuf> {
        let default = || {
            // A relative XDG_DATA_HOME counts as not set, says its specification.
            let data_home = self.data_home.clone().filter(|path| path.is_absolute());
            let data_home = data_home.or_else(|| Some(self.home.as_ref()?.join(".local/share")))?;
            Some(data_home.join("wbq"))
        };
        global.dir.clone().or_else(|| self.dir.clone()).or_else(default).ok_or_else(|| {
            Failure::usage(
                "nothing says where the data folder is: neither --dir nor WBQ_DIR, XDG_DATA_HOME, HOME",
            )
        })
    }

    /// The server that was named, unless a folder was named closer by.
    fn server<'a>(&'a self, global: &'a Global) -> Option<&'a str> {
        let from_environment = || self.server.as_deref().filter(|_| global.dir.is_none());
        global.server.as_deref().or_else(from_environment)
    }

    fn key(&self, global: &Global) -> Option<String> {
        global.key.clone().or_else(|| self.key.clone())
    }
}

impl Place {
    /// Finds the place; asks a server that may hold the folder whether it is there.
    ///
    /// # Errors
    ///
    /// Usage, when nothing says where the store is or a URL is none.
    pub(crate) fn find(global: &Global, environment: &Environment) -> Result<Self> {
        if let Some(url) = environment.server(global) {
            return Ok(Self::Server(Client::named(url, environment.key(global))?));
        }
        let dir = environment.dir(global)?;
        Ok(match holder(&dir) {
            Some(client) => Self::Server(client),
            None => Self::Folder(dir),
        })
    }
}

/// What a server writes of itself into the folder it holds.
#[derive(Debug, Deserialize)]
struct ServerFile {
    pid: u32,
    url: String,
    token: String,
}

/// How long a server may take to say that it is there.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// The server that holds a folder, if one does and answers. A file that a dead server left behind
/// is ignored: nobody holds the folder then, or the lock will tell.
fn holder(dir: &Path) -> Option<Client> {
    let text = std::fs::read(dir.join("server.json")).ok()?;
    let file: ServerFile = serde_json::from_slice(&text).ok()?;
    if !may_be_alive(file.pid) {
        return None;
    }
    let client = Client::holding(&file.url, file.token).ok()?;
    client.answers(ANSWER_TIMEOUT).then_some(client)
}

/// Whether a process may be alive; where the system does not show its processes, it may.
fn may_be_alive(pid: u32) -> bool {
    !Path::new("/proc/self").exists() || Path::new("/proc").join(pid.to_string()).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment() -> Environment {
        Environment {
            dir: Some("/env/dir".into()),
            server: Some("http://env".into()),
            key: Some("env key".into()),
            data_home: Some("/data".into()),
            home: Some("/home/me".into()),
        }
    }

    #[test]
    fn the_command_line_is_closer_than_the_environment_and_that_than_the_default() {
        let all = environment();
        let named = Global { dir: Some("here".into()), ..Global::default() };
        assert_eq!(all.dir(&named).unwrap(), Path::new("here"));
        assert_eq!(all.server(&named), None);
        let nothing = Global::default();
        assert_eq!(all.server(&nothing), Some("http://env"));
        assert_eq!(all.dir(&nothing).unwrap(), Path::new("/env/dir"));
        let no_dir = Environment { dir: None, server: None, ..environment() };
        assert_eq!(no_dir.dir(&nothing).unwrap(), Path::new("/data/wbq"));
        let relative = Environment { dir: None, data_home: Some("data".into()), ..environment() };
        assert_eq!(relative.dir(&nothing).unwrap(), Path::new("/home/me/.local/share/wbq"));
        assert!(Environment::default().dir(&nothing).is_err());
    }

    #[test]
    fn a_file_that_a_dead_server_left_is_ignored() {
        let dir = tempfile::tempdir().unwrap();
        assert!(holder(dir.path()).is_none());
        for text in ["", "{}", r#"{"pid":4294967295,"url":"http://127.0.0.1:1","token":"t"}"#] {
            std::fs::write(dir.path().join("server.json"), text).unwrap();
            assert!(holder(dir.path()).is_none(), "{text}");
        }
        let own = std::process::id();
        let text = format!(r#"{{"pid":{own},"url":"http://127.0.0.1:1","token":"t"}}"#);
        std::fs::write(dir.path().join("server.json"), text).unwrap();
        assert!(holder(dir.path()).is_none(), "alive, but nobody answers at port 1");
    }
}

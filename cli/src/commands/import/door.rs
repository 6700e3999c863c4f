//! Where a log goes: into the folder that this process holds, to a server, or nowhere.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::PathBuf;

use ingest::import::{Asked, Importer, LogFile, LogReport, WantedFile, look};
use sha2::{Digest, Sha256};

use crate::failure::{Failure, Result};
use crate::remote::Client;

pub(super) enum Door<'a> {
    Nowhere,
    Folder(Importer<'a>),
    Server(&'a Client),
}

/// What came of a log.
pub(super) struct Done {
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
    pub(super) may_grow: bool,
    pub(super) report: Result<LogReport>,
    pub(super) files: Files,
}

/// What came of the files that the log names.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Files {
    pub(super) stored: u64,
    pub(super) bytes: u64,
    pub(super) already_there: u64,
    /// Named, and not beside the log.
    pub(super) missing: u64,
}

impl Door<'_> {
    pub(super) fn import(&self, log: &LogFile, asked: &Asked) -> Done {
        let mut files = Files::default();
        let report = self.log(log, asked).and_then(|report| {
            for file in &report.files {
                self.file(log, &report, file, &mut files)?;
            }
            Ok(report)
        });
        Done { path: log.path.clone(), bytes: log.bytes, may_grow: log.may_grow, report, files }
    }

    fn log(&self, log: &LogFile, asked: &Asked) -> Result<LogReport> {
        let file = log.open().map_err(|error| Failure::io("cannot open it", &error))?;
        match self {
            Self::Nowhere => look(file).map_err(|error| Failure::refused("cannot read it").because(&error)),
            Self::Folder(importer) => importer
                .import(file, asked)
                .map_err(|error| Failure::refused("cannot import it").because(&error)),
            Self::Server(client) => client.import(&file, asked),
        }
    }

    fn file(&self, log: &LogFile, report: &LogReport, wanted: &WantedFile, files: &mut Files) -> Result<()> {
        let content = match log.open_file(&wanted.name) {
            Ok(content) => content,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                files.missing += 1;
                return Ok(());
            }
            Err(error) => return Err(Failure::io(format!("cannot open its file {:?}", wanted.name), &error)),
        };
        let unread =
            |error: &io::Error| Failure::io(format!("cannot read its file {:?}", wanted.name), error);
        if let Some(known) = &wanted.digest
            && *known == digest(&content).map_err(|error| unread(&error))?
        {
            files.already_there += 1;
            return Ok(());
        }
        let size = content.metadata().map_err(|error| unread(&error))?.len();
        match (self, &report.run, &wanted.upload) {
            (Self::Folder(importer), Some(run), _) => importer
                .put_file(run, &wanted.name, content)
                .map_err(|error| Failure::refused("cannot store a file of it").because(&error))?,
            (Self::Server(client), _, Some(path)) => client.upload(path, &content)?,
            _ => {}
        }
        files.stored += 1;
        files.bytes += size;
        Ok(())
    }
}

/// SHA-256 in hex of a file, which is left at its beginning.
fn digest(mut file: &File) -> io::Result<String> {
    let (mut hasher, mut piece) = (Sha256::new(), vec![0; 256 << 10]);
    loop {
        let count = file.read(&mut piece)?;
        match piece.get(..count) {
            None | Some([]) => break,
            Some(bytes) => hasher.update(bytes),
        }
    }
    io::Seek::rewind(&mut file)?;
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

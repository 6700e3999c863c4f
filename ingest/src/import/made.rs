//! Files that the client makes of what else it has when it sends a run: output, summary, config,
//! environment. And how any file's content becomes the run's.

use std::io::Read;

use engine::{Blob, RunKey, Tree, Value};

use super::storing::decide;
use super::{ImportError, Importer, yaml};
use crate::wandb::{Act, files, names, translate};

/// Bytes that are read at once.
const PIECE_BYTES: usize = 256 << 10;

/// Stores content under a name; gives the number of events.
pub(crate) fn put(
    importer: &Importer<'_>,
    run: &RunKey,
    name: &str,
    mut content: impl Read,
) -> Result<usize, ImportError> {
    let mut upload = importer.store.blobs().begin()?;
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let count = content.read(&mut piece).map_err(ImportError::Read)?;
        match piece.get(..count) {
            None | Some([]) => break,
            Some(bytes) => upload.write(bytes)?,
        }
    }
    name_blob(importer, run, name, upload.finish(None, None)?)
}

/// Names a stored blob; gives the number of events.
pub(crate) fn name_blob(
    importer: &Importer<'_>,
    run: &RunKey,
    name: &str,
    blob: Blob,
) -> Result<usize, ImportError> {
    let file = files::file_put(names::file_name(name)?, blob);
    let act = Act { actor: importer.caller.user.clone(), now: importer.store.now() };
    let (events, ()) = decide(importer.store, |snapshot| {
        names::check_may_write(&snapshot.projection, &importer.caller, &run.project)?;
        Ok(translate::put_file(&snapshot.projection, run, &file, &act)?)
    })?;
    Ok(events)
}

/// `config.yaml`.
pub(crate) fn config_yaml(config: &Tree) -> String {
    let wrapped =
        |(key, value): (&str, &Value)| (Box::from(key), Value::Map(vec![("value".into(), value.clone())]));
    yaml::write(&Value::Map(config.iter().map(wrapped).collect()))
}

//! Where statements run: nothing can be opened by an address, and what is written for want of memory is
//! written only where we say (S7).

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use datafusion::execution::disk_manager::{DiskManager, DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::MemoryPool;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};

use crate::error::Error;
use crate::limits::Limits;

pub(crate) struct Environment {
    /// Without a disk.
    template: RuntimeEnv,
    spill_dir: Option<PathBuf>,
    spill_bytes: u64,
    disk: OnceLock<Arc<DiskManager>>,
}

impl Environment {
    pub(crate) fn new(limits: &Limits) -> Result<Self, Error> {
        let disk = DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled);
        let template = RuntimeEnvBuilder::new().with_disk_manager_builder(disk).build()?;
        template.deregister_object_store(ObjectStoreUrl::local_filesystem().as_ref())?;
        let (spill_dir, spill_bytes) = (limits.spill_dir.clone(), limits.spill_bytes);
        Ok(Self { template, spill_dir, spill_bytes, disk: OnceLock::new() })
    }

    /// For one statement, with its memory.
    pub(crate) fn with_memory(&self, memory_pool: Arc<dyn MemoryPool>) -> RuntimeEnv {
        let disk_manager = self.disk().unwrap_or_else(|| Arc::clone(&self.template.disk_manager));
        RuntimeEnv { memory_pool, disk_manager, ..self.template.clone() }
    }

    /// Where statements write. None where they may not, and as long as the folder cannot be made (F9): a
    /// statement that fits in memory is answered on a full disk too, and each one tries anew.
    fn disk(&self) -> Option<Arc<DiskManager>> {
        if let Some(disk) = self.disk.get() {
            return Some(Arc::clone(disk));
        }
        let dir = self.spill_dir.as_ref()?;
        let made = fs::create_dir_all(dir).map_err(Into::into).and_then(|()| {
            DiskManagerBuilder::default()
                .with_mode(DiskManagerMode::Directories(vec![dir.clone()]))
                .with_max_temp_directory_size(self.spill_bytes)
                .build()
        });
        match made {
            Ok(disk) => Some(Arc::clone(self.disk.get_or_init(|| Arc::new(disk)))),
            Err(error) => {
                tracing::warn!(%error, "statements fail that need more memory than they may have");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use datafusion::execution::memory_pool::UnboundedMemoryPool;

    use super::*;

    #[test]
    fn a_folder_that_cannot_be_made_is_tried_anew() {
        let dir = tempfile::tempdir().unwrap();
        let spill = dir.path().join("spill");
        fs::write(&spill, "no folder").unwrap();
        let limits = Limits { spill_dir: Some(spill.clone()), ..Limits::default() };
        let environment = Environment::new(&limits).unwrap();
        let can_spill = || {
            let statement = environment.with_memory(Arc::new(UnboundedMemoryPool::default()));
            statement.disk_manager.create_tmp_file("a test").is_ok()
        };
        assert!(!can_spill(), "F9");
        fs::remove_file(&spill).unwrap();
        assert!(can_spill(), "there is room again");
        assert!(can_spill());
        assert_eq!(fs::read_dir(&spill).unwrap().count(), 1, "one folder for all statements");
    }
}

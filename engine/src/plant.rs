//! Bugs planted on purpose: the simulator must find each of them, or it proves nothing
//! (RELIABILITY 2.2). Without the feature `plant` there is none, and no code for any.

/// What is done wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(feature = "plant"), expect(unreachable_pub, reason = "it is reached with the feature"))]
pub enum Bug {
    /// A group is acknowledged without its sync (D1).
    AckBeforeSync,
    /// The folder is not synced after a segment got its name (W1).
    RollWithoutFolderSync,
    /// An edit of the manifest takes effect before it is synced (W6).
    EditWithoutSync,
    /// A failed sync is tried again (W8).
    SyncAgain,
    /// The first bad frame counts as the end of the log, whatever stands behind it (W3).
    LaxTail,
    /// A whole last group is cut as if it were torn (F1).
    WholeTailCut,
    /// What a failed write left is left (F8).
    LeftAfterFull,
    /// The manifest before is removed before the new one has its name (W7).
    RemovedTooSoon,
    /// Readers see a group before its sync returned (D5).
    ShownTooSoon,
    /// The next segment begins before the seal is synced (W4).
    SealWithoutSync,
    /// A reader shows what only the page cache holds (D5).
    CacheShown,
    /// A batch that does not fit leaves its first events in the state (D2).
    HalfABatch,
}

#[cfg(feature = "plant")]
impl Bug {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::AckBeforeSync,
        Self::RollWithoutFolderSync,
        Self::EditWithoutSync,
        Self::SyncAgain,
        Self::LaxTail,
        Self::WholeTailCut,
        Self::LeftAfterFull,
        Self::RemovedTooSoon,
        Self::ShownTooSoon,
        Self::SealWithoutSync,
        Self::CacheShown,
        Self::HalfABatch,
    ];
}

#[cfg(feature = "plant")]
thread_local! {
    static PLANTED: std::cell::Cell<Option<Bug>> = const { std::cell::Cell::new(None) };
}

/// Plants a bug in this thread, or none.
#[cfg(feature = "plant")]
pub fn plant(bug: Option<Bug>) {
    PLANTED.set(bug);
}

/// Whether a bug is planted.
#[cfg(feature = "plant")]
pub(crate) fn has(bug: Bug) -> bool {
    PLANTED.get() == Some(bug)
}

/// Whether a bug is planted.
#[cfg(not(feature = "plant"))]
pub(crate) const fn has(_: Bug) -> bool {
    false
}

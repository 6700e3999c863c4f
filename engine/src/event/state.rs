//! What a run is doing, and why.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// What a run is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum State {
    /// Created ahead, nothing heard yet.
    Pending,
    /// At work.
    Running,
    /// Ended with exit code 0.
    Finished,
    /// Ended with another exit code.
    Failed,
    /// Not heard of for the grace time.
    Crashed,
    /// Ended because somebody asked for it.
    Killed,
    /// Said that it is about to be taken off its machine.
    Preempting,
    /// Taken off its machine.
    Preempted,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Running,
        Self::Finished,
        Self::Failed,
        Self::Crashed,
        Self::Killed,
        Self::Preempting,
        Self::Preempted,
    ];

    /// As SQL spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Running => "Running",
            Self::Finished => "Finished",
            Self::Failed => "Failed",
            Self::Crashed => "Crashed",
            Self::Killed => "Killed",
            Self::Preempting => "Preempting",
            Self::Preempted => "Preempted",
        }
    }

    /// Whether the run is at work, so that silence means something.
    #[must_use]
    pub fn is_active(self) -> bool {
        matches!(self, Self::Running | Self::Preempting)
    }
}

/// A run's state changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateChanged {
    /// What it was.
    pub from: State,
    /// What it is.
    pub to: State,
    /// Why.
    pub cause: Cause,
    /// The fact that the change rests on, for people: the exit code, the last heartbeat, who asked.
    pub evidence: Arc<str>,
    /// The exit code, where the trainer gave one.
    pub exit_code: Option<i32>,
}

/// Why a state changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Cause {
    /// The trainer said that it ended.
    Exit,
    /// The trainer was interrupted from the keyboard.
    Interrupt,
    /// Somebody asked for a stop, and the trainer ended.
    Stop,
    /// Nothing was heard for the grace time.
    Silence,
    /// The trainer was heard again.
    Heard,
    /// The run was begun again under its id.
    Resumed,
    /// The trainer said that it is being taken off.
    Preemption,
    /// Somebody set it.
    Edit,
}

impl Cause {
    /// As SQL spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Exit => "exit",
            Self::Interrupt => "interrupt",
            Self::Stop => "stop",
            Self::Silence => "silence",
            Self::Heard => "heard",
            Self::Resumed => "resumed",
            Self::Preemption => "preemption",
            Self::Edit => "edit",
        }
    }
}

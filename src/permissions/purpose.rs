//! What somebody wants to do with an environment.

/// What somebody wants to do with an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Bringing it up and using it, with all that changes it short of removing it: also `plan`, `train`, `batch`,
    /// `gc`, `rollback`, `unlock`, `invoke` and `load`.
    Up,
    /// Comparing it: `plan`, `drift`, and `diff` of releases. Changes nothing.
    Diff,
    /// Looking at it: `status`, `history`, `show`, `report`, `outputs`, `open`, `openapi` and `logs`. Changes
    /// nothing.
    Status,
    /// Letting it take over what another environment has proven; for that other environment, letting
    /// somebody look at what it has proven, and note the promotion in its model registry; also `approve`.
    Promote,
    /// Removing it.
    Down,
}

impl Purpose {
    /// All purposes.
    pub const ALL: [Self; 5] = [
        Self::Up,
        Self::Diff,
        Self::Status,
        Self::Promote,
        Self::Down,
    ];

    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Diff => "diff",
            Self::Status => "status",
            Self::Promote => "promote",
            Self::Down => "down",
        }
    }

    /// Whether it only looks.
    pub const fn only_reads(self) -> bool {
        matches!(self, Self::Diff | Self::Status)
    }
}

//! Whether what serves is what its release says, on the terminal.

use serde_json::{Value, json};

use crate::plan::{Deployment, Observed};
use crate::reconcile::{self, Depth, Session};
use crate::release::ReleaseId;

/// How what serves compares with its release.
pub(super) enum Proof {
    /// It is exactly that.
    Exact,
    /// It differs in this.
    Differs(Vec<String>),
    /// It was never seen to serve, so there is no record of it.
    Unrecorded,
    /// It cannot be told, for the given reason.
    Unknown(String),
}

impl Proof {
    /// Looks whether what is observed is the release that it says it is.
    pub(super) async fn of(
        session: &Session,
        deployment: &Deployment,
        observed: &Observed,
        id: &ReleaseId,
        depth: Depth,
    ) -> Self {
        let recorded = match reconcile::recorded(session, deployment, id).await {
            Ok(Some(recorded)) => recorded,
            Ok(None) => return Self::Unrecorded,
            Err(error) => return Self::Unknown(error.to_string()),
        };
        let release = &recorded.release;
        match reconcile::proof(session, deployment, observed, release, depth).await {
            Ok(differs) if differs.is_empty() => Self::Exact,
            Ok(differs) => Self::Differs(differs),
            Err(error) => Self::Unknown(error.to_string()),
        }
    }

    pub(super) fn words(&self) -> String {
        match self {
            Self::Exact => "what serves is exactly that".to_owned(),
            Self::Differs(differs) => format!("what serves differs: {}", differs.join("; ")),
            Self::Unrecorded => {
                "never seen to serve; `deploy up` looks and writes it down".to_owned()
            }
            Self::Unknown(why) => format!("cannot tell whether it serves: {why}"),
        }
    }

    pub(super) fn data(&self) -> Value {
        match self {
            Self::Exact => json!({ "proven": true }),
            Self::Differs(differs) => json!({ "proven": false, "differs": differs }),
            Self::Unrecorded => json!({ "proven": false, "recorded": false }),
            Self::Unknown(why) => json!({ "proven": null, "why": why }),
        }
    }
}

//! What of an environment is up, for the commands that use it.

use super::codes;
use super::context::{Environment, Global, variable};
use super::failure::Failure;
use crate::cloud::stacks::StackState;
use crate::cloud::web::Credential;
use crate::plan::Deployment;
use crate::reconcile::{self, Session};
use crate::stack::Auth;

/// The variable that holds the token of an API that wants one.
const TOKEN: &str = "DEPLOY_TOKEN";

/// An environment that is up.
pub(super) struct Live {
    pub(super) session: Session,
    /// The stack of what serves.
    pub(super) service: StackState,
    title: String,
}

/// Looks at an environment that has to be up; nothing is started.
pub(super) async fn live(global: &Global, environment: &Environment) -> Result<Live, Failure> {
    let absent = || {
        let failure = Failure::failed(anyhow::anyhow!("{} is not up", environment.title()));
        failure.kind(&codes::NOT_UP).hint(format!(
            "`deploy up --env {}` brings it up",
            environment.stack.environment
        ))
    };
    let session = environment.session_if_running(global).await?;
    let session = session.ok_or_else(absent)?;
    let deployment = Deployment::of(&environment.stack);
    let observed = reconcile::observe(&session, &deployment).await?;
    Ok(Live {
        session,
        service: observed.service.ok_or_else(absent)?,
        title: environment.title(),
    })
}

/// With what the environment's API is asked: its first route is the one that classifies.
pub(super) fn credential(environment: &Environment) -> Result<Credential, Failure> {
    match environment
        .stack
        .api
        .routes
        .first()
        .map(|route| &route.auth)
    {
        Some(Auth::Jwt { .. }) => {
            let token = variable(TOKEN).ok_or_else(|| {
                let failure = Failure::usage("the API wants a token");
                failure.hint(format!("put it into the environment variable {TOKEN}"))
            })?;
            Ok(Credential::Bearer(token.trim().to_owned()))
        }
        Some(Auth::Iam) => Ok(Credential::Signed),
        Some(Auth::None) | None => Ok(Credential::Nobody),
    }
}

impl Live {
    /// An output of the stack that the command needs.
    pub(super) fn output(&self, name: &str) -> Result<&str, Failure> {
        let value = self.service.outputs.get(name).map(String::as_str);
        value.ok_or_else(|| {
            let status = self.service.status;
            let text = format!(
                "{} has no output `{name}`; its stack is {status}",
                self.title
            );
            Failure::failed(anyhow::Error::msg(text))
                .kind(&codes::NOT_UP)
                .hint("`deploy status` shows how it stands, `deploy outputs` what there is")
        })
    }
}

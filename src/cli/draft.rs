//! What an environment is to be, first as far as it can be told without asking the cloud, then whole.

use std::path::PathBuf;

use super::context::{Environment, Global};
use super::failure::{Failure, USAGE};
use super::output;
use crate::bundle::{Archive, Bundles};
use crate::plan::{self, Deployment, Desired, Templates, request};
use crate::reconcile::{self, Session, Upstream};
use crate::release::{Pin, Provenance, Recorded, Release};
use crate::render::Rendered;
use crate::stack::yaml::{self, Tags};
use crate::stack::{DataSource, Promotion};

/// What an environment is to be, as far as it can be told without asking the cloud.
pub(super) enum Draft {
    /// It trains its own model, or brings it.
    Own(Box<Own>),
    /// It takes over what is pinned.
    Pinned(Box<Desired>),
    /// It stays at what was released there last, which only its bucket knows.
    Released,
}

/// What an environment is to be that has its own model, trained or brought.
pub(super) struct Own {
    /// What is desired; for data in S3, without what is there now.
    desired: Desired,
    rendered: Rendered,
    bundles: Bundles,
}

impl Environment {
    /// Renders the templates and hashes what is uploaded: all that can be told without a session.
    pub(super) fn draft(&self) -> Result<Draft, Failure> {
        if let Some(promotion) = &self.stack.promotion {
            return match self.pin()? {
                Some(pin) => self.pinned(promotion, &pin),
                None => Ok(Draft::Released),
            };
        }
        let rendered = self.rendered()?;
        let bundles = Bundles::of(&self.stack)?;
        for remark in &bundles.remarks {
            output::note(&format!("warning: {remark}"));
        }
        let desired = Desired::new(&self.stack, &rendered, &bundles);
        request::examine(&desired).map_err(|error| {
            Failure::with_code(USAGE, error)
                .hint("the template `training-job` is what it is made from")
        })?;
        Ok(Draft::Own(Box::new(Own {
            desired,
            rendered,
            bundles,
        })))
    }

    /// Renders the environment with the project's templates.
    pub(super) fn rendered(&self) -> Result<Rendered, Failure> {
        self.project.render(&self.stack, &self.project.library()?)
    }

    /// The file that pins what the environment takes over, whether it is there or not.
    pub(super) fn pin_file(&self) -> PathBuf {
        let name = Pin::file_name(self.stack.environment.as_str());
        self.stack.file.with_file_name(name)
    }

    /// Reads what is pinned; `None` where nothing is.
    pub(super) fn pin(&self) -> Result<Option<Pin>, Failure> {
        let path = self.pin_file();
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                let error = anyhow::Error::new(error);
                return Err(Failure::failed(
                    error.context(format!("cannot read {}", path.display())),
                ));
            }
        };
        let unusable = |error: anyhow::Error| {
            let error = error.context(format!("cannot use {}", path.display()));
            Failure::with_code(USAGE, error)
                .hint("`deploy promote … --pin` writes it; it is not to be edited")
        };
        let node = yaml::read(&text, Tags::Refused)
            .map_err(|problem| unusable(anyhow::Error::msg(problem.summary.clone())))?;
        let stack = &self.stack;
        Pin::read(
            node.to_json(),
            stack.name.as_str(),
            stack.environment.as_str(),
        )
        .map(Some)
        .map_err(|error| unusable(error.into()))
    }

    /// What is pinned, if that is what the working tree makes.
    fn pinned(&self, promotion: &Promotion, pin: &Pin) -> Result<Draft, Failure> {
        let function = Archive::of_function(&self.stack)?;
        let rendered = self.rendered()?;
        let from = pin.promotion.clone();
        let desired = Desired::promoted(&self.stack, &rendered, &function, &pin.model, from);
        let differs = desired.differs_from_pin(pin);
        if differs.is_empty() {
            return Ok(Draft::Pinned(Box::new(desired)));
        }
        let message = format!(
            "the working tree makes something else of `{}` than {} pins: {}",
            self.stack.environment,
            self.pin_file().display(),
            differs.join(", ")
        );
        Err(Failure::usage(message).hint(format!(
            "promote what is there now, `deploy promote {} {} --pin`, or go back to the commit that pinned it",
            promotion.from, self.stack.environment
        )))
    }
}

impl Draft {
    /// Lets a model pass its gates for a reason.
    pub(super) fn override_gates(&mut self, reason: Option<&String>) {
        if let Self::Own(own) = self {
            own.desired.override_gates(reason);
        }
    }

    /// What is desired, where that can be told without asking the cloud.
    pub(super) fn alone(self) -> Option<Desired> {
        match self {
            Self::Own(own) => Some(own.desired),
            Self::Pinned(desired) => Some(*desired),
            Self::Released => None,
        }
    }

    /// Adds what only the cloud knows: which data is in S3, what was released, where models are taken from.
    pub(super) async fn completed(
        self,
        global: &Global,
        environment: &Environment,
        session: &mut Session,
    ) -> Result<Desired, Failure> {
        match self {
            Self::Own(own) => own.completed(environment, session).await,
            Self::Pinned(desired) => {
                environment.connect_source(global, session).await?;
                Ok(*desired)
            }
            Self::Released => released(environment, session).await,
        }
    }
}

impl Own {
    async fn completed(
        self,
        environment: &Environment,
        session: &Session,
    ) -> Result<Desired, Failure> {
        let data = environment.stack.data();
        let Some(DataSource::S3(location)) = data.map(|data| &data.source) else {
            return Ok(self.desired);
        };
        let mut bundles = self.bundles;
        bundles.pin(reconcile::pin(session, location).await?);
        let training = self.desired.training();
        let reason = training.and_then(|training| training.gate_override.as_ref());
        let mut desired = Desired::new(&environment.stack, &self.rendered, &bundles);
        desired.override_gates(reason);
        Ok(desired)
    }
}

/// What was released last in an environment that takes releases over.
async fn released(environment: &Environment, session: &Session) -> Result<Desired, Failure> {
    let deployment = Deployment::of(&environment.stack);
    let observed = reconcile::observe(session, &deployment).await?;
    let releases = match observed.foundation {
        Some(_) => reconcile::releases(session, &deployment).await?,
        None => Vec::new(),
    };
    match releases.into_iter().next() {
        Some(Recorded { release, .. }) => {
            note_other_tree(environment, &release);
            let provenance = release.provenance.clone();
            again(environment, session, &release, provenance).await
        }
        None => Err(nothing_promoted(environment)),
    }
}

/// Says that the working tree would make something else of the environment. What was released stays.
fn note_other_tree(environment: &Environment, release: &Release) {
    let function = Archive::of_function(&environment.stack);
    let (Ok(rendered), Ok(function)) = (environment.rendered(), function) else {
        return;
    };
    let differs = plan::unproven(release, &rendered, &function);
    if !differs.is_empty() {
        output::note(&format!(
            "note: {} stays at release {}; the working tree has another version of {}",
            environment.title(),
            release.id,
            differs.join(", ")
        ));
    }
}

/// What an environment is to be to be a release again.
pub(super) async fn again(
    environment: &Environment,
    session: &Session,
    release: &Release,
    provenance: Provenance,
) -> Result<Desired, Failure> {
    let bucket = &environment.stack.names.bucket;
    let stacks = &release.stacks;
    let templates = Templates {
        foundation: reconcile::template(session, bucket, &stacks.foundation).await?,
        service: reconcile::template(session, bucket, &stacks.service).await?,
    };
    Ok(Desired::again(
        &environment.stack,
        release,
        templates,
        provenance,
    ))
}

/// Says that an environment that does not train has nothing yet that it could be.
pub(super) fn nothing_promoted(environment: &Environment) -> Failure {
    let stack = &environment.stack;
    let from = stack
        .promotion
        .as_ref()
        .map(|promotion| promotion.from.to_string())
        .unwrap_or_default();
    let message = format!(
        "`{}` takes releases over from `{from}` and never trains, and nothing was promoted to it yet",
        stack.environment
    );
    Failure::usage(message).hint(format!(
        "`deploy promote {from} {}` takes over what serves in `{from}`",
        stack.environment
    ))
}

impl Environment {
    /// Another environment of the same stack.
    pub(super) fn sibling(&self, name: &str) -> Result<Self, Failure> {
        let file = crate::stack::StackFile::read(&self.stack.file)?;
        let mut stack = file.environment(name)?;
        super::context::use_port(&mut stack, self.local_port);
        Ok(Self {
            project: super::context::Project {
                root: self.project.root.clone(),
            },
            stack,
            station: self.station.clone(),
            local_port: self.local_port,
        })
    }

    /// Lets a session take models from the environment whose releases this one takes over.
    pub(super) async fn connect_source(
        &self,
        global: &Global,
        session: &mut Session,
    ) -> Result<(), Failure> {
        if let Some(promotion) = &self.stack.promotion {
            let source = self.sibling(promotion.from.as_str())?;
            let other = source.session_to_look(global).await?;
            session.source = other.map(|other| Upstream {
                cloud: other.cloud,
                registry: Deployment::of(&source.stack).registry,
            });
        }
        Ok(())
    }
}

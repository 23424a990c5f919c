//! Where things in rendered documents come from: the line of the template, and that of the stack file.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::Path;

use super::context::{Environment, Project};
use super::failure::Failure;
use crate::reconcile::ReconcileError;
use crate::render::{Library, Origin, Provenance, TemplateName};
use crate::stack::{Stack, StackFile};

/// The origins of several environments' documents, each found out when it is first asked for.
pub(super) struct Origins<'a> {
    root: &'a Path,
    file: &'a StackFile,
    library: &'a Library,
    environments: BTreeMap<&'a str, (&'a Stack, OnceCell<Option<Provenance>>)>,
}

impl<'a> Origins<'a> {
    /// Prepares to tell the origins of these environments of a project's stack file.
    pub(super) fn new(
        project: &'a Project,
        file: &'a StackFile,
        stacks: &'a [Stack],
        library: &'a Library,
    ) -> Self {
        let one = |stack: &'a Stack| (stack.environment.as_str(), (stack, OnceCell::new()));
        Self {
            root: &project.root,
            file,
            library,
            environments: stacks.iter().map(one).collect(),
        }
    }

    /// The origin of a part of a document (`service`, say). `None` for what is not rendered now: an
    /// origin is an addition, which nothing fails for.
    pub(super) fn find(&self, environment: &str, document: &str, pointer: &str) -> Option<Origin> {
        let (stack, cell) = self.environments.get(environment)?;
        let provenance = cell.get_or_init(|| provenance(self.file, stack, self.library));
        let name = TemplateName::meant(document)?;
        let mut origin = provenance.as_ref()?.of(name, pointer)?;
        // What is told goes into reports that are read elsewhere: paths start from the project.
        if let Ok(inside) = Path::new(&origin.template.file).strip_prefix(self.root) {
            origin.template.file = inside.display().to_string();
        }
        Some(origin)
    }
}

fn provenance(file: &StackFile, stack: &Stack, library: &Library) -> Option<Provenance> {
    let tree = file.merged(stack.environment.as_str())?;
    Provenance::new(stack, library, tree).ok()
}

/// Makes a failure of an error of a run; for a resource that failed it names the origin.
pub(super) fn explained(environment: &Environment, error: ReconcileError) -> Failure {
    let resource = match &error {
        ReconcileError::StackFailed {
            stack,
            cause: Some(cause),
            ..
        } => Some((stack.clone(), cause.logical_id.clone())),
        _ => None,
    };
    let failure = Failure::from(error);
    match resource.and_then(|(stack, id)| note(environment, &stack, &id)) {
        Some(note) => failure.note(note),
        None => failure,
    }
}

/// The origin in words; `None` for a resource that no template of ours has.
fn note(environment: &Environment, stack: &str, logical_id: &str) -> Option<String> {
    let names = &environment.stack.names;
    let template = if stack == names.foundation_stack {
        TemplateName::Foundation
    } else {
        TemplateName::Service
    };
    let pointer = format!("/Resources/{logical_id}");
    // The failure stands without this: what cannot be read now is no news beside it.
    let library = environment.project.library().ok()?;
    let file = StackFile::read(&environment.stack.file).ok()?;
    let origin = provenance(&file, &environment.stack, &library)?.of(template, &pointer)?;
    let path = environment.stack.file.display().to_string();
    Some(words(logical_id, &origin, &path))
}

fn words(logical_id: &str, origin: &Origin, stack_file: &str) -> String {
    let template = &origin.template;
    match &origin.stack {
        Some(place) => format!(
            "{logical_id} is made by {template} from {stack_file}:{}:{}",
            place.line, place.column
        ),
        None => format!("{logical_id} is made by {template}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::condition::StackStatus;
    use crate::reconcile::Cause;

    #[test]
    fn a_failed_resource_names_both_lines() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let file = StackFile::read(&root.join("stacks/news-classifier/stack.yaml")).unwrap();
        let stack = file.environment("prod").unwrap();
        let environment = Environment {
            project: super::super::context::Project { root: root.into() },
            stack,
            station: super::super::station::station().unwrap(),
            local_port: None,
        };
        let error = ReconcileError::StackFailed {
            stack: environment.stack.names.service_stack.clone(),
            status: StackStatus::UpdateRollbackComplete,
            cause: Some(Cause {
                logical_id: "EndpointConfig".into(),
                resource_type: "AWS::SageMaker::EndpointConfig".into(),
                reason: "no such instance".into(),
                log: Vec::new(),
            }),
        };
        let failure = explained(&environment, error);
        let note = &failure.notes[0];
        let line_of =
            |text: &str, part: &str| 1 + text.lines().position(|line| line.contains(part)).unwrap();
        let template = crate::render::Library::builtin();
        let template = template.text(TemplateName::Service);
        let line = line_of(template, "  EndpointConfig:");
        assert!(
            note.contains(&format!("service.yaml.tera:{line} from ")),
            "{note}"
        );
        let line = line_of(&file.source().text, "count: 2");
        assert!(note.contains(&format!("stack.yaml:{line}:")), "{note}");
    }
}

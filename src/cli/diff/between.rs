//! `deploy diff A B`: environments and releases of a stack against each other.

use super::{Arguments, in_report};
use crate::bundle::{Archive, Bundles, Digest};
use crate::cli::context::{Environment, Global, Project, Selection};
use crate::cli::cost;
use crate::cli::failure::Failure;
use crate::cli::origin::Origins;
use crate::cli::releases::{self, Known, none_serves};
use crate::cost::Prices;
use crate::diff::{
    self, Besides, Compared, Content, ContentChange, Documents, Identity, ModelDiff, Report,
};
use crate::plan::Deployment;
use crate::reconcile::{self, Session};
use crate::release::{Model, Release};
use crate::stack::{DataSource, Stack, StackFile};

/// What stands for the working tree's rendering of a release's environment.
const TREE: &str = "tree";

/// A side as it is written.
#[derive(Debug, PartialEq, Eq)]
enum Named<'a> {
    /// An environment as the working tree renders it.
    Environment(&'a str),
    /// A release, as its environment's bucket has it.
    Release(&'a str, &'a str),
    /// The environment of the other side, as the working tree renders it.
    Tree,
}

/// A side that was looked up.
struct Side {
    environment: Environment,
    release: Option<Stored>,
}

/// A release, with what its bucket keeps.
struct Stored {
    release: Release,
    documents: Documents,
    session: Session,
}

/// The model of a side that is rendered.
enum Described {
    /// It would be trained under this key.
    Key(Digest),
    /// It is taken from a release.
    Pinned(Box<Model>),
    /// Nothing says which.
    Unknown,
}

/// Compares two sides, the second as what becomes of the first.
pub(super) async fn report(
    global: &Global,
    arguments: &Arguments,
    texts: [&str; 2],
) -> Result<Report, Failure> {
    let project = Project::open(global)?;
    let file = project.stack_file(arguments.stack.name())?;
    let [before, after] = meant(texts, &file)?;
    let side = |environment, release| {
        let selection = Selection::of(&arguments.stack, environment);
        load(global, selection, release)
    };
    let [before, after] = [
        Box::pin(side(before.0, before.1)).await?,
        Box::pin(side(after.0, after.1)).await?,
    ];
    let prices = cost::at_hand(global, after.stack(), &arguments.prices)?;
    Box::pin(compare(&file, &before, &after, prices.as_ref())).await
}

/// The environment of each side, and the release that is meant of it.
fn meant<'a>(
    texts: [&'a str; 2],
    file: &StackFile,
) -> Result<[(&'a str, Option<&'a str>); 2], Failure> {
    let [before, after] = texts.map(|text| named(text, file));
    let other = match (&before, &after) {
        (Named::Tree, Named::Release(environment, _))
        | (Named::Release(environment, _), Named::Tree) => environment,
        (Named::Tree, _) | (_, Named::Tree) => {
            return Err(Failure::usage(
                "`tree` is compared with a release: it stands for the release's environment as \
                 the working tree renders it",
            )
            .hint("for example `deploy diff prod@current tree`"));
        }
        _ => "",
    };
    Ok([&before, &after].map(|side| match side {
        Named::Environment(name) => (*name, None),
        Named::Release(environment, release) => (*environment, Some(*release)),
        Named::Tree => (other, None),
    }))
}

/// Reads a side. An environment that is called `tree` is one.
fn named<'a>(text: &'a str, file: &StackFile) -> Named<'a> {
    match text.split_once('@') {
        Some((environment, release)) => Named::Release(environment, release),
        None if text == TREE && !file.environments().any(|name| name.as_str() == TREE) => {
            Named::Tree
        }
        None => Named::Environment(text),
    }
}

/// Looks a side up. Only a release needs its cloud.
async fn load(
    global: &Global,
    selection: Selection,
    release: Option<&str>,
) -> Result<Side, Failure> {
    let environment = Environment::load(global, &selection)?;
    let Some(meant) = release else {
        return Ok(Side {
            environment,
            release: None,
        });
    };
    let name = environment.stack.environment.as_str();
    let session = environment.session_to_look(global).await?;
    let session = session.ok_or_else(|| none_serves(name))?;
    let release = if meant == "current" {
        let deployment = Deployment::of(&environment.stack);
        let observed = reconcile::observe(&session, &deployment).await?;
        let serving = reconcile::serving(&session, &deployment, &observed).await?;
        serving.ok_or_else(|| none_serves(name))?
    } else {
        let known = Known::look(&session, &environment).await?;
        known.meant(meant)?.clone()
    };
    let release = release.release;
    let bucket = &environment.stack.names.bucket;
    let documents = releases::documents(&session, bucket, &release).await?;
    Ok(Side {
        environment,
        release: Some(Stored {
            release,
            documents,
            session,
        }),
    })
}

async fn compare(
    file: &StackFile,
    before: &Side,
    after: &Side,
    prices: Option<&Prices>,
) -> Result<Report, Failure> {
    let mut notes = Vec::new();
    let [one, other] = documents(before, after, &mut notes)?;
    let besides = match (&before.release, &after.release) {
        (None, None) => diff::design(before.stack(), after.stack()),
        (stored, other) => {
            let session = stored.as_ref().or(other.as_ref()).map(|one| &one.session);
            Box::pin(content(before, after, session, &mut notes)).await?
        }
    };
    let name = after.stack().environment.as_str();
    let mut found = diff::compare_environment(name, Some(&one), Some(&other), besides);
    if let Some(prices) = prices {
        cost::of_diff(&mut found, Some(&one), Some(&other), prices);
    }
    let stack = before.stack().name.as_str();
    let report = Report::new(stack, &before.title(after), vec![found], notes);
    let report = report.about(&after.title(before));
    if after.release.is_some() {
        return Ok(report);
    }
    let Environment { project, stack, .. } = &after.environment;
    let library = project.library()?;
    let origins = Origins::new(project, file, std::slice::from_ref(stack), &library);
    let source = &stack.file;
    let shown = source.strip_prefix(&project.root).unwrap_or(source);
    Ok(report.with_origins(|environment, document, pointer| {
        let origin = origins.find(environment, document, pointer)?;
        Some(in_report(shown, &origin, environment, document))
    }))
}

/// The documents of both sides in the words of one of them, and without those that tell nothing.
fn documents(
    before: &Side,
    after: &Side,
    notes: &mut Vec<String>,
) -> Result<[Documents; 2], Failure> {
    let [one, other] = [before.stack(), after.stack()].map(|stack| &stack.environment);
    let mut sides = match (&before.release, &after.release) {
        (Some(stored), Some(later)) => {
            let [from, to] = [later, stored].map(|one| Identity::of(&one.release));
            [
                stored.documents.clone(),
                diff::in_words_of(&later.documents, &from, &to),
            ]
        }
        (None, Some(later)) => [before.rendered(after.stack())?, later.documents.clone()],
        (Some(stored), None) => [stored.documents.clone(), after.rendered(before.stack())?],
        (None, None) => [
            before.rendered(before.stack())?,
            after.rendered(before.stack())?,
        ],
    };
    if one != other {
        let way = match (&before.release, &after.release) {
            (Some(_), Some(_)) => "in the stored templates they are replaced",
            _ => "one is rendered as if it were the other",
        };
        notes.push(format!(
            "names, account and region of `{one}` and `{other}` are no differences: {way}; what is left \
             is read as if `{one}` became what `{other}` is"
        ));
    }
    let released = before.release.is_some() || after.release.is_some();
    let promotes = [before, after].map(|side| side.stack().promotion.is_some());
    if released {
        for side in &mut sides {
            side.retain(|name, _| releases::is_kept(name));
        }
    } else if promotes.contains(&true) {
        for side in &mut sides {
            side.remove("training-job");
        }
        notes.push("one takes releases over and never trains: training is not compared".to_owned());
    }
    Ok(sides)
}

/// Compares model and function, where one side at least is a release.
async fn content(
    before: &Side,
    after: &Side,
    session: Option<&Session>,
    notes: &mut Vec<String>,
) -> Result<Besides, Failure> {
    let functions = [before.function()?, after.function()?];
    let [(_, one), (path, other)] = &functions;
    let function = ContentChange::of_archives(Content::FunctionCode, path.clone(), one, other);
    let described = [
        before.described(session, notes).await?,
        after.described(session, notes).await?,
    ];
    let [one, other] =
        [(before, &described[0]), (after, &described[1])].map(|(side, described)| {
            match (&side.release, described) {
                (Some(stored), _) => Some(Compared::Released(&stored.release)),
                (None, Described::Key(key)) => Some(Compared::Described(key)),
                (None, Described::Pinned(model)) => Some(Compared::Pinned(model)),
                (None, Described::Unknown) => None,
            }
        });
    let model = one.zip(other);
    Ok(Besides {
        content: function.into_iter().collect(),
        model: model.map(|(one, other)| ModelDiff::between(Some(one), Some(other))),
        settings: Vec::new(),
    })
}

impl Side {
    fn stack(&self) -> &Stack {
        &self.environment.stack
    }

    /// What it is called beside the other side.
    fn title(&self, other: &Self) -> String {
        let name = &self.stack().environment;
        match &self.release {
            Some(stored) => format!("release {} of {name}", stored.release.id),
            None if *name == other.stack().environment => "working tree".to_owned(),
            None => name.to_string(),
        }
    }

    /// What the working tree renders, in the place of an environment.
    fn rendered(&self, place: &Stack) -> Result<Documents, Failure> {
        let project = &self.environment.project;
        let stack = self.stack().in_place_of(place);
        let rendered = project.render(&stack, &project.library()?)?;
        diff::documents_of(&rendered).map_err(Failure::failed)
    }

    /// The function's code: where it is, and the digest of its archive.
    fn function(&self) -> Result<(String, Digest), Failure> {
        if let Some(Stored { release, .. }) = &self.release {
            return Ok((
                release.function.key.clone(),
                release.function.sha256.clone(),
            ));
        }
        let (stack, root) = (self.stack(), &self.environment.project.root);
        let path = stack.function.code.strip_prefix(root);
        let path = path.unwrap_or(&stack.function.code).display().to_string();
        Ok((path, Archive::of_function(stack)?.digest))
    }

    /// The model of a side that is rendered. Data in S3 is looked at through the other side's session.
    async fn described(
        &self,
        session: Option<&Session>,
        notes: &mut Vec<String>,
    ) -> Result<Described, Failure> {
        if self.release.is_some() {
            return Ok(Described::Unknown);
        }
        let stack = self.stack();
        if stack.promotion.is_some() {
            let Some(pin) = self.environment.pin()? else {
                notes.push(format!(
                    "which model `{}` takes over is not pinned: models are not compared",
                    stack.environment
                ));
                return Ok(Described::Unknown);
            };
            return Ok(Described::Pinned(Box::new(pin.model)));
        }
        let mut bundles = Bundles::of(stack)?;
        let source = stack.data().map(|data| &data.source);
        if let (Some(DataSource::S3(location)), Some(session)) = (source, session) {
            bundles.pin(reconcile::pin(session, location).await?);
        }
        Ok(Described::Key(bundles.training_key))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::cli::failure::USAGE;

    fn file() -> StackFile {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        StackFile::read(&root.join("stacks/news-classifier/stack.yaml")).unwrap()
    }

    #[test]
    fn the_tree_takes_the_environment_of_the_release() {
        let meant = |one, other| meant([one, other], &file());
        assert_eq!(
            meant("prod@7", "tree").unwrap(),
            [("prod", Some("7")), ("prod", None)]
        );
        assert_eq!(
            meant("tree", "prod@current").unwrap(),
            [("prod", None), ("prod", Some("current"))]
        );
        assert_eq!(
            meant("staging", "prod@7").unwrap(),
            [("staging", None), ("prod", Some("7"))]
        );
        for (one, other) in [("tree", "tree"), ("prod", "tree"), ("tree", "prod")] {
            assert_eq!(meant(one, other).unwrap_err().code, USAGE);
        }
    }
}

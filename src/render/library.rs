//! The templates: those built in, and a project's own that take their places by name.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::engine::Engine;
use super::error::RenderError;
use super::undefined::nearest;

/// The name of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TemplateName {
    /// The bucket and the roles.
    Foundation,
    /// Everything that serves.
    Service,
    /// The request that starts the training job.
    TrainingJob,
    /// The request that classifies in bulk.
    TransformJob,
    /// Who may deploy: what `deploy bootstrap` applies.
    Bootstrap,
    /// Parts that the others use; it is no document itself.
    Shared,
}

impl TemplateName {
    /// All templates.
    pub const ALL: [Self; 6] = [
        Self::Foundation,
        Self::Service,
        Self::TrainingJob,
        Self::TransformJob,
        Self::Bootstrap,
        Self::Shared,
    ];

    /// The file name of the template.
    pub const fn file(self) -> &'static str {
        match self {
            Self::Foundation => "foundation.yaml.tera",
            Self::Service => "service.yaml.tera",
            Self::TrainingJob => "training-job.yaml.tera",
            Self::TransformJob => "transform-job.yaml.tera",
            Self::Bootstrap => "bootstrap.yaml.tera",
            Self::Shared => "shared.yaml.tera",
        }
    }

    /// What the template is for, in a few words.
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::Foundation => "the bucket and the roles (CloudFormation)",
            Self::Service => "everything that serves (CloudFormation)",
            Self::TrainingJob => "the request that starts the training job",
            Self::TransformJob => "the request that classifies in bulk",
            Self::Bootstrap => "who may deploy (CloudFormation)",
            Self::Shared => "parts that the others use",
        }
    }

    /// The template with a file name.
    pub fn of(file: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.file() == file)
    }

    /// The template that a person means: its file name, or the beginning of it.
    pub fn meant(word: &str) -> Option<Self> {
        Self::of(word).or_else(|| {
            let short = |name: &Self| name.file().split('.').next() == word.split('.').next();
            Self::ALL.into_iter().find(short)
        })
    }

    const fn built_in(self) -> &'static str {
        match self {
            Self::Foundation => include_str!("../../templates/foundation.yaml.tera"),
            Self::Service => include_str!("../../templates/service.yaml.tera"),
            Self::TrainingJob => include_str!("../../templates/training-job.yaml.tera"),
            Self::TransformJob => include_str!("../../templates/transform-job.yaml.tera"),
            Self::Bootstrap => include_str!("../../templates/bootstrap.yaml.tera"),
            Self::Shared => include_str!("../../templates/shared.yaml.tera"),
        }
    }
}

/// A set of templates with one text for each name.
#[derive(Debug, Clone)]
pub struct Library {
    texts: [Cow<'static, str>; TemplateName::ALL.len()],
    paths: [Option<PathBuf>; TemplateName::ALL.len()],
    engine: Arc<OnceLock<Engine>>,
}

impl Library {
    /// The templates that are part of the program.
    pub fn builtin() -> Self {
        Self {
            texts: TemplateName::ALL.map(|name| Cow::Borrowed(name.built_in())),
            paths: TemplateName::ALL.map(|_| None),
            engine: Arc::default(),
        }
    }

    /// The built-in templates, each replaced by the file of its name in `folder` where there is one.
    ///
    /// # Errors
    /// When a file is there but cannot be read, or has a name that no template has.
    pub fn with_overrides(folder: &Path) -> Result<Self, RenderError> {
        let mut library = Self::builtin();
        let unreadable = |path: &Path, source| RenderError::Unreadable {
            path: path.to_path_buf(),
            source,
        };
        let entries = match folder.read_dir() {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(library),
            Err(error) => return Err(unreadable(folder, error)),
        };
        let mut paths = Vec::new();
        for entry in entries {
            paths.push(entry.map_err(|error| unreadable(folder, error))?.path());
        }
        // The order of a folder is the file system's: which mistake is named must not depend on it.
        paths.sort();
        for path in paths {
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            if path.extension().is_none_or(|extension| extension != "tera") {
                continue;
            }
            let Some(name) = TemplateName::of(&file) else {
                return Err(RenderError::Unknown {
                    file: file.into_owned(),
                    help: unknown_help(&path.file_name().unwrap_or_default().to_string_lossy()),
                    path,
                });
            };
            let text = std::fs::read_to_string(&path).map_err(|error| unreadable(&path, error))?;
            library.texts[name as usize] = Cow::Owned(text);
            library.paths[name as usize] = Some(path);
        }
        Ok(library)
    }

    /// The text of a template.
    pub fn text(&self, name: TemplateName) -> &str {
        &self.texts[name as usize]
    }

    /// The file that overrides a template; `None` for a built-in one.
    pub fn path(&self, name: TemplateName) -> Option<&Path> {
        self.paths[name as usize].as_deref()
    }

    /// What people find a template under: the project's file, or the name of the built-in one.
    pub fn shown(&self, name: TemplateName) -> String {
        self.path(name)
            .map_or_else(|| name.file().to_owned(), |path| path.display().to_string())
    }

    /// Loads the templates ahead of the first rendering, which says what is wrong with them.
    pub fn preload(&self) {
        drop(self.engine());
    }

    /// The loaded templates; they are loaded once, however many environments are rendered.
    pub(super) fn engine(&self) -> Result<&Engine, RenderError> {
        if let Some(engine) = self.engine.get() {
            return Ok(engine);
        }
        let engine = Engine::new(self)?;
        Ok(self.engine.get_or_init(|| engine))
    }

    /// Replaces the text of one template, for trying a template out.
    #[cfg(test)]
    pub(super) fn set(&mut self, name: TemplateName, text: &str) {
        self.texts[name as usize] = Cow::Owned(text.to_owned());
        self.engine = Arc::default();
    }
}

/// What to do about a name that no template has.
pub fn unknown_help(file: &str) -> String {
    let names = TemplateName::ALL.map(TemplateName::file);
    match nearest(file, names.into_iter()) {
        Some(near) => format!("did you mean `{near}`? There are {}", names.join(", ")),
        None => format!("there are {}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_replaces_a_template_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("service.yaml.tera"), "mine").unwrap();
        std::fs::write(folder.path().join("notes.txt"), "not a template").unwrap();
        let library = Library::with_overrides(folder.path()).unwrap();
        assert_eq!(library.text(TemplateName::Service), "mine");
        assert_eq!(
            library.path(TemplateName::Service),
            Some(folder.path().join("service.yaml.tera").as_path())
        );
        let built_in = Library::builtin();
        let same = TemplateName::Foundation;
        assert_eq!(library.text(same), built_in.text(same));
        assert_eq!(library.path(same), None);
    }

    #[test]
    fn a_template_that_replaces_nothing_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("servise.yaml.tera"), "").unwrap();
        let error = Library::with_overrides(folder.path()).unwrap_err();
        let RenderError::Unknown { file, help, .. } = error else {
            panic!("{error}")
        };
        assert_eq!(file, "servise.yaml.tera");
        assert!(help.contains("did you mean `service.yaml.tera`?"), "{help}");
    }

    #[test]
    fn no_folder_means_no_overrides() {
        assert!(Library::with_overrides(Path::new("/nonexistent/templates")).is_ok());
    }

    #[test]
    fn a_short_name_will_do() {
        assert_eq!(
            TemplateName::meant("training-job"),
            Some(TemplateName::TrainingJob)
        );
        assert_eq!(
            TemplateName::meant("service.yaml"),
            Some(TemplateName::Service)
        );
        assert_eq!(TemplateName::meant("nothing"), None);
    }
}

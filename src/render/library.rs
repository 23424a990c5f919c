//! The templates: those built in, and a project's own that take their places by name.

use std::borrow::Cow;
use std::io;
use std::path::Path;

use super::error::RenderError;

/// The name of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TemplateName {
    /// The bucket and the roles.
    Foundation,
    /// Everything that serves.
    Service,
    /// The request that starts the training job.
    TrainingJob,
    /// Parts that the others use; it is no document itself.
    Shared,
}

impl TemplateName {
    /// All templates.
    pub const ALL: [Self; 4] = [
        Self::Foundation,
        Self::Service,
        Self::TrainingJob,
        Self::Shared,
    ];

    /// The file name of the template.
    pub const fn file(self) -> &'static str {
        match self {
            Self::Foundation => "foundation.yaml.tera",
            Self::Service => "service.yaml.tera",
            Self::TrainingJob => "training-job.yaml.tera",
            Self::Shared => "shared.yaml.tera",
        }
    }

    const fn built_in(self) -> &'static str {
        match self {
            Self::Foundation => include_str!("../../templates/foundation.yaml.tera"),
            Self::Service => include_str!("../../templates/service.yaml.tera"),
            Self::TrainingJob => include_str!("../../templates/training-job.yaml.tera"),
            Self::Shared => include_str!("../../templates/shared.yaml.tera"),
        }
    }
}

/// A set of templates with one text for each name.
#[derive(Debug, Clone)]
pub struct Library {
    texts: [Cow<'static, str>; TemplateName::ALL.len()],
}

impl Library {
    /// The templates that are part of the program.
    pub fn builtin() -> Self {
        Self {
            texts: TemplateName::ALL.map(|name| Cow::Borrowed(name.built_in())),
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
        for entry in entries {
            let path = entry.map_err(|error| unreadable(folder, error))?.path();
            let file = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            if path.extension().is_none_or(|extension| extension != "tera") {
                continue;
            }
            let Some(index) = TemplateName::ALL
                .iter()
                .position(|name| name.file() == file)
            else {
                let known = TemplateName::ALL.map(TemplateName::file).join(", ");
                let message = format!("no built-in template has this name; there are {known}");
                return Err(RenderError::Content {
                    template: file.to_owned(),
                    message,
                });
            };
            let text = std::fs::read_to_string(&path).map_err(|error| unreadable(&path, error))?;
            library.texts[index] = Cow::Owned(text);
        }
        Ok(library)
    }

    /// The text of a template.
    pub fn text(&self, name: TemplateName) -> &str {
        &self.texts[name as usize]
    }

    /// Replaces the text of one template, for trying a template out.
    #[cfg(test)]
    pub(super) fn set(&mut self, name: TemplateName, text: &str) {
        self.texts[name as usize] = Cow::Owned(text.to_owned());
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
        let built_in = Library::builtin();
        let same = TemplateName::Foundation;
        assert_eq!(library.text(same), built_in.text(same));
    }

    #[test]
    fn a_template_that_replaces_nothing_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("servise.yaml.tera"), "").unwrap();
        let error = Library::with_overrides(folder.path())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("servise.yaml.tera") && error.contains("foundation"),
            "{error}"
        );
    }

    #[test]
    fn no_folder_means_no_overrides() {
        assert!(Library::with_overrides(Path::new("/nonexistent/templates")).is_ok());
    }
}

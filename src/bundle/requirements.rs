//! Lines of `requirements.txt` that do not say which version is installed.

use super::Code;

const FILE: &str = "requirements.txt";

/// A remark about lines that are not pinned: what they install on another day may be something else,
/// under the same training key. `None` where there are none.
pub(super) fn unpinned(code: &Code) -> Option<String> {
    let file = code.files.iter().find(|file| file.name == FILE)?;
    // One that cannot be read or is no text is told by whoever uploads or installs it.
    let text = std::fs::read_to_string(&file.path).ok()?;
    let lines: Vec<String> = text
        .replace("\\\n", " ")
        .lines()
        .map(|line| {
            line.split(" #")
                .next()
                .unwrap_or_default()
                .trim()
                .to_owned()
        })
        .filter(|line| !line.is_empty() && !line.starts_with('#') && !is_pinned(line))
        .map(|line| format!("`{line}`"))
        .collect();
    (!lines.is_empty()).then(|| {
        format!(
            "{} does not say which version is installed (with `==`): {}; the same training key may \
             mean another model on another day",
            file.path.display(),
            lines.join(", ")
        )
    })
}

/// Whether a line installs one version only, or installs nothing ("Requirements File Format" of pip).
fn is_pinned(line: &str) -> bool {
    let exact = |version: &str| !version.is_empty() && !version.contains('*');
    let option = line.starts_with('-')
        && !line.starts_with("-r")
        && !line.starts_with("-e")
        && !line.starts_with("--requirement")
        && !line.starts_with("--editable");
    let version = line
        .split_once("==")
        .map(|(_, version)| version.trim_start_matches('=').trim());
    option || version.is_some_and(exact) || line.contains("#sha256=")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_without_a_version_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let text = "# all of it\ntransformers==4.56.2  # exact\ndatasets>=3\nnumpy==2.*\n\
                    --index-url https://example.org\npeft==0.17 \\\n  --hash=sha256:00\n\n-r more.txt\n\
                    torch @ https://example.org/t.whl#sha256=00\n";
        std::fs::write(folder.path().join(FILE), text).unwrap();
        let remark = unpinned(&Code::of(folder.path()).unwrap()).unwrap();
        assert!(
            remark.contains("`datasets>=3`, `numpy==2.*`, `-r more.txt`;"),
            "{remark}"
        );
        std::fs::write(folder.path().join(FILE), "transformers==4.56.2\n").unwrap();
        assert_eq!(unpinned(&Code::of(folder.path()).unwrap()), None);
    }
}

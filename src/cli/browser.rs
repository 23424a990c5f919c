//! Opens a file in the browser, where there is one.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use super::context::variable;

/// Variables one of which tells the desktop's opener where to show something: a display (X11, Wayland), or a
/// browser of the user's own choice (xdg-open(1)).
const DISPLAYS: [&str; 3] = ["DISPLAY", "WAYLAND_DISPLAY", "BROWSER"];

/// Asks the desktop to open a file, and does not wait for the browser to be closed.
///
/// # Errors
/// Why it could not be asked.
pub(super) fn open(path: &Path) -> Result<(), String> {
    let has_display = DISPLAYS.into_iter().any(|name| variable(name).is_some());
    let program = opener(std::env::consts::OS, has_display)?;
    spawn(OsStr::new(program), path)
}

/// The program that opens files as the desktop does.
fn opener(system: &str, has_display: bool) -> Result<&'static str, String> {
    match system {
        "macos" => Ok("open"),
        _ if has_display => Ok("xdg-open"),
        _ => Err("there is no display".to_owned()),
    }
}

fn spawn(program: &OsStr, path: &Path) -> Result<(), String> {
    let mut command = Command::new(program);
    command
        .arg(path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Ctrl-C in this terminal is not meant for the browser.
        .process_group(0);
    match command.spawn() {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("{}: {error}", program.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_system_has_its_opener_and_without_a_display_there_is_none() {
        assert_eq!(opener("macos", false), Ok("open"));
        assert_eq!(opener("linux", true), Ok("xdg-open"));
        assert!(opener("linux", false).unwrap_err().contains("display"));
    }

    #[tokio::test]
    async fn an_opener_that_is_not_installed_is_named() {
        let error = spawn(OsStr::new("/nowhere/xdg-open"), Path::new("page.html")).unwrap_err();
        assert!(error.starts_with("/nowhere/xdg-open: "), "{error}");
    }
}

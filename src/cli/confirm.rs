//! Questions to the user, asked only where a person can answer.

use std::io::IsTerminal;

use dialoguer::{Confirm, Input};

use crate::reconcile::ReconcileError;
use crate::stack::{Protection, Stack, Target};

/// Asks whether to go on. The local engine is never asked about.
///
/// # Errors
/// [`ReconcileError::Declined`], also where nobody can be asked.
pub(super) fn confirm(
    stack: &Stack,
    question: &str,
    yes: Yes,
    stake: Stake,
) -> Result<(), ReconcileError> {
    if matches!(stack.target, Target::Local(_)) {
        return Ok(());
    }
    let typed = stack.protection == Protection::Protected && stake == Stake::Data;
    if yes == Yes::Given && !typed {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        let hint = if typed {
            format!(
                "{} is protected: do it from a terminal, or set `protected: false` first",
                stack.environment
            )
        } else {
            "`--yes` goes on without asking".to_owned()
        };
        return Err(declined("nobody is there to say yes", Some(hint)));
    }
    let agreed = if typed {
        let prompt = format!("{question} Type `{}` to go on", stack.environment);
        let answer: String = Input::new()
            .with_prompt(prompt)
            .allow_empty(true)
            .interact_text()
            .map_err(|error| declined(&format!("cannot ask: {error}"), None))?;
        answer.trim() == stack.environment.as_str()
    } else {
        Confirm::new()
            .with_prompt(question)
            .default(false)
            .interact()
            .map_err(|error| declined(&format!("cannot ask: {error}"), None))?
    };
    if agreed {
        Ok(())
    } else {
        Err(declined("declined; nothing was changed", None))
    }
}

fn declined(why: &str, hint: Option<String>) -> ReconcileError {
    ReconcileError::Declined {
        why: why.to_owned(),
        hint,
    }
}

/// Whether the user said yes beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Yes {
    /// With `--yes`.
    Given,
    /// Not yet.
    Open,
}

impl From<bool> for Yes {
    fn from(flag: bool) -> Self {
        if flag { Self::Given } else { Self::Open }
    }
}

/// What is at stake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stake {
    /// A change that can be changed back.
    Change,
    /// Data that would be gone.
    Data,
}

//! What a plan or a difference adds to the cost, by prices that are at hand: nobody is asked for them.

use async_trait::async_trait;

use super::super::consent::Ask;
use super::super::failure::Failure;
use super::super::output;
use crate::cost::{Difference, Prices, Usage, difference};
use crate::diff::{Consequence, Documents, EnvironmentDiff, Severity, Topic};
use crate::plan::{Desired, Plan};
use crate::reconcile::{self, Consent, ReconcileError, Session};
use crate::render::read_rendered;

/// What carrying a plan out adds to the cost; `None` when nothing of that changes, or it cannot be told.
pub(in crate::cli) async fn of_plan(
    session: &Session,
    desired: &Desired,
    plan: &Plan,
    prices: &Prices,
) -> Option<Difference> {
    if plan.changes_nothing() {
        return None;
    }
    let wanted = [&desired.foundation.template, &desired.service.template];
    let after = of_texts(wanted.into_iter().map(String::as_str))?;
    let before = match reconcile::deployed(session, desired, plan).await {
        Ok(templates) => of_texts(templates.iter().map(String::as_str))?,
        Err(error) => {
            let text = Failure::from(error).text();
            output::note(&format!("what the change costs is not known: {text}"));
            return None;
        }
    };
    difference(&before, &after, prices)
}

fn of_texts<'a>(texts: impl Iterator<Item = &'a str>) -> Option<Usage> {
    let templates: Vec<_> = texts.map(read_rendered).collect::<Result<_, _>>().ok()?;
    Some(Usage::of_templates(&templates))
}

/// Shows a plan with what it adds to the cost, and asks.
pub(in crate::cli) struct Costed<'a> {
    pub(in crate::cli) ask: Ask<'a>,
    pub(in crate::cli) session: &'a Session,
    pub(in crate::cli) desired: &'a Desired,
    /// `None` where none are at hand.
    pub(in crate::cli) prices: Option<Prices>,
}

#[async_trait]
impl Consent for Costed<'_> {
    async fn agree(&self, plan: &Plan) -> Result<(), ReconcileError> {
        if plan.changes_nothing() {
            return Ok(());
        }
        self.ask.show(plan);
        if let Some(prices) = &self.prices
            && let Some(found) = of_plan(self.session, self.desired, plan, prices).await
        {
            output::note(&line(&found));
        }
        self.ask.ask(plan)
    }
}

/// The line below a plan.
pub(in crate::cli) fn line(found: &Difference) -> String {
    format!("  {:<24} {found}", "cost")
}

/// Adds to the differences of an environment what they cost.
pub(in crate::cli) fn of_diff(
    found: &mut EnvironmentDiff,
    before: Option<&Documents>,
    after: Option<&Documents>,
    prices: &Prices,
) {
    let usage = |documents: Option<&Documents>| {
        let documents = documents.into_iter().flatten();
        Usage::of_templates(documents.map(|(_, document)| document))
    };
    if let Some(cost) = difference(&usage(before), &usage(after), prices) {
        found.consequences.push(Consequence {
            severity: Severity::Info,
            topic: Topic::Cost,
            text: format!("cost: {cost}"),
            resource: None,
        });
        found.consequences.sort();
    }
}

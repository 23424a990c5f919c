//! `deploy explain`.

mod article;
mod cases;

use anstyle::{AnsiColor, Style};
use clap::Args;
use serde_json::json;

use super::codes;
use super::context::Global;
use super::failure::Failure;
use super::output::{self, Format};
use crate::stack::suggest;
use article::{Article, Shown, catalogue};

/// Arguments of `deploy explain`.
#[derive(Debug, Args)]
#[command(after_help = "\
Errors are printed with their code: error[unknown-field]. Findings of `check` have the id of their policy.

Examples:
  deploy explain                         all codes, by where they come from
  deploy explain unknown-field           what it means, why it matters, how to mend it
  deploy explain S3-TLS                  a policy of `deploy check`
  deploy explain no-capacity --output json")]
pub(super) struct Arguments {
    /// The code; without one, all are listed
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

/// Explains a code, or lists them all.
pub(super) fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let articles = catalogue();
    let Some(code) = &arguments.code else {
        list(global, &articles);
        return Ok(());
    };
    let wanted = plain(code);
    let found = articles
        .iter()
        .find(|article| plain(article.name) == wanted);
    let article = found.ok_or_else(|| unknown(code, &wanted, &articles))?;
    if global.output == Format::Json {
        output::result(&json!(article));
    } else {
        show(article);
    }
    Ok(())
}

/// All codes.
pub(super) fn names() -> Vec<&'static str> {
    let articles = catalogue().into_iter();
    articles.map(|article| article.name).collect()
}

/// A code without what people may write differently: `S3_TLS` is `s3-tls`.
fn plain(code: &str) -> String {
    code.to_lowercase().replace('_', "-")
}

fn unknown(code: &str, wanted: &str, articles: &[Article]) -> Failure {
    let names: Vec<String> = articles.iter().map(|article| plain(article.name)).collect();
    let near = suggest::nearest(wanted, names.iter().map(String::as_str));
    let near = near.and_then(|near| articles.iter().find(|article| plain(article.name) == near));
    let hint = match near {
        Some(article) => format!("did you mean `{}`?", article.name),
        None => "`deploy explain` lists all codes".to_owned(),
    };
    let failure = Failure::usage(format!("there is no code `{code}`"));
    failure.kind(&codes::UNKNOWN_CODE).hint(hint)
}

fn list(global: &Global, articles: &[Article]) {
    if global.output == Format::Json {
        output::result(&json!({ "codes": articles }));
        return;
    }
    let bold = Style::new().bold();
    let widest = articles.iter().map(|article| article.name.len()).max();
    let width = widest.unwrap_or_default();
    let mut group = "";
    for article in articles {
        if article.group != group {
            if !group.is_empty() {
                output::text("");
            }
            group = article.group;
            output::text(&format!("{bold}{group}{bold:#}"));
        }
        output::text(&format!("  {:<width$}  {}", article.name, article.title));
    }
}

fn show(article: &Article) {
    let bold = Style::new().bold();
    output::text(&format!(
        "{bold}{}{bold:#} ({})",
        article.name, article.group
    ));
    output::text(article.title);
    output::text("");
    output::text(&sentence(article.why));
    if let Some(remedy) = article.remedy {
        output::text(&format!("{bold}To mend it:{bold:#} {remedy}"));
    }
    for example in &article.examples {
        output::text("");
        example_lines(example);
    }
}

/// A text of the catalogue, which has no full stop, as a sentence.
fn sentence(text: &str) -> String {
    let mut signs = text.chars();
    let first = signs.next().map(|first| first.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), signs.as_str())
}

fn example_lines(example: &Shown) {
    let block = |style: AnsiColor, label: &str, text: &str| {
        let style = style.on_default().bold();
        output::text(&format!("{style}{label}{style:#}"));
        for line in text.lines() {
            output::text(format!("    {line}").trim_end());
        }
    };
    match example {
        Shown::Piece { before, after } => {
            block(AnsiColor::Red, "Wrong:", before);
            block(AnsiColor::Green, "Right:", after);
        }
        Shown::Case { printed } => block(AnsiColor::Yellow, "For example:", printed),
        Shown::Words {
            from,
            words,
            explanation,
            remedy,
        } => {
            block(AnsiColor::Red, &format!("{from} says:"), words);
            block(AnsiColor::Yellow, "That means:", explanation);
            block(AnsiColor::Green, "To mend it:", remedy);
        }
    }
}

#[cfg(test)]
mod tests;

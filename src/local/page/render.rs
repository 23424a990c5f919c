//! Writes the page: its frame, and the sections that are about everything.

use super::html::{Plain, each, section, table};
use super::traffic::{Minute, SECONDS};
use super::words::{ago, because, milliseconds, status};
use crate::local::clock::iso8601;
use crate::local::services::apigateway::ApiSummary;
use crate::local::services::cloudformation::StackSummary;
use crate::local::services::cloudwatch::AlarmSummary;
use crate::local::services::logs::LineSummary;
use crate::local::services::sagemaker::{BatchSummary, EndpointSummary, JobSummary};

const STYLE: &str = include_str!("page.css");

/// What is shown of an account in a region.
pub(crate) struct Shown {
    /// Account and region.
    pub(crate) id: String,
    pub(crate) stacks: Vec<StackSummary>,
    pub(crate) jobs: Vec<JobSummary>,
    pub(crate) batches: Vec<BatchSummary>,
    pub(crate) endpoints: Vec<EndpointSummary>,
    pub(crate) alarms: Vec<AlarmSummary>,
    pub(crate) apis: Vec<ApiSummary>,
    pub(crate) lines: Result<Vec<LineSummary>, String>,
    /// Milliseconds since the Unix epoch.
    pub(crate) now: i64,
}

/// Everything that is shown.
pub(super) struct Overview {
    pub(super) cells: Vec<Shown>,
    pub(super) minute: Minute,
    /// Milliseconds since the Unix epoch.
    pub(super) now: i64,
}

impl Overview {
    /// Writes the whole page.
    pub(super) fn page(&self, script: &str) -> String {
        format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <title>deploy: local engine</title><style>{STYLE}</style>\
             <script src=\"{script}\" defer></script></head><body>\
             <header><h1>deploy <span>local engine</span></h1>\
             <p><label class=\"script\" hidden><input type=\"checkbox\" id=\"refresh\" checked> \
             Refresh every 3 seconds</label></p></header><main>{}<div id=\"live\">{}{}\
             <p class=\"muted\">As of <time>{}</time></p></div></main></body></html>\n",
            self.box_to_try(),
            self.traffic(),
            each(self.cells.iter(), Shown::sections),
            iso8601(self.now),
        )
    }

    /// The box; it needs the script, and without it says how else to ask.
    fn box_to_try(&self) -> String {
        let apis = self.cells.iter().flat_map(|cell| &cell.apis);
        let posts = apis.flat_map(|api| {
            let paths = api
                .routes
                .iter()
                .filter_map(|route| route.strip_prefix("POST "));
            paths.map(move |path| (api, format!("{}{path}", api.prefix)))
        });
        let posts: Vec<_> = posts.collect();
        let Some((_, first)) = posts.first() else {
            let none =
                "<p id=\"no-api\">There is no API yet: <code>deploy up</code> makes one.</p>";
            return section("Try a text", none);
        };
        let options = each(posts.iter(), |(api, path)| {
            format!(
                "<option value=\"{}\">{}</option>",
                Plain(path),
                Plain(&api.name)
            )
        });
        let body = format!(
            "<form id=\"try\" class=\"script\" hidden>\
             <p><label for=\"api\">API</label> <select id=\"api\">{options}</select></p>\
             <p><label for=\"text\">Text</label> \
             <input id=\"text\" required maxlength=\"1000\" autocomplete=\"off\" \
             value=\"Fed official says weak data caused by weather\"> \
             <button>Classify</button></p></form>\
             <output id=\"answer\" for=\"text\" aria-live=\"polite\"></output>\
             <noscript><p>Without JavaScript: <code>curl -H 'content-type: application/json' \
             -d '{{\"headline\": \"…\"}}' http://127.0.0.1:PORT{}</code></p></noscript>",
            Plain(first)
        );
        section("Try a text", &body)
    }

    fn traffic(&self) -> String {
        let minute = &self.minute;
        let figures = [
            ("Calls", minute.calls.to_string()),
            (
                "Mean",
                minute.mean.map_or_else(|| "–".to_owned(), milliseconds),
            ),
            ("Longest", milliseconds(minute.longest)),
            ("Throttled (429)", minute.throttled.to_string()),
            ("Failed (5xx)", minute.failed.to_string()),
        ];
        let figures = each(figures.iter(), |(name, value)| {
            format!("<div><dt>{name}</dt><dd>{value}</dd></div>")
        });
        let highest = minute
            .course
            .iter()
            .copied()
            .max()
            .unwrap_or_default()
            .max(1);
        let bars = each(minute.course.iter().enumerate(), |(second, calls)| {
            let height = calls * 40 / highest;
            format!(
                "<rect x=\"{}\" y=\"{}\" width=\"8\" height=\"{height}\"/>",
                second * 10 + 1,
                40 - height
            )
        });
        let body = format!(
            "<dl class=\"figures\">{figures}</dl><svg class=\"chart\" role=\"img\" \
             viewBox=\"0 0 {} 40\" preserveAspectRatio=\"none\" \
             aria-label=\"Calls in each of the last {SECONDS} seconds; at most {highest} in one\">{bars}</svg>",
            SECONDS * 10
        );
        section("API calls in the last minute", &body)
    }
}

impl Shown {
    /// Writes the sections of one account in one region.
    fn sections(&self) -> String {
        format!(
            "<p class=\"cell\">Account and region <strong>{}</strong></p>{}{}{}{}{}{}",
            Plain(&self.id),
            self.stacks(),
            self.serving(),
            self.alarms(),
            self.training(),
            self.batches(),
            self.logs(),
        )
    }

    fn stacks(&self) -> String {
        if self.stacks.is_empty() {
            return section("Stacks", "<p>There are none.</p>");
        }
        let rows = each(self.stacks.iter(), |stack| {
            let outputs = each(stack.outputs.iter(), |(name, value)| {
                format!("<dt>{}</dt><dd>{}</dd>", Plain(name), Plain(value))
            });
            let outputs = format!(
                "<details data-key=\"{0} {1}\"><summary>{2} outputs</summary><dl>{outputs}</dl></details>",
                Plain(&self.id),
                Plain(&stack.name),
                stack.outputs.len()
            );
            format!(
                "<tr><th scope=\"row\">{}</th><td>{}{}</td><td>{}</td><td class=\"number\">{}</td>\
                     <td>{outputs}</td></tr>",
                Plain(&stack.name),
                status(stack.status),
                because(stack.reason.as_deref()),
                ago(self.now, stack.changed),
                stack.resources,
            )
        });
        let head = ["Stack", "Status", "Changed", "Resources", "Outputs"];
        section("Stacks", &table("CloudFormation stacks", &head, &rows))
    }

    fn logs(&self) -> String {
        let lines = match &self.lines {
            Ok(lines) if lines.is_empty() => return section("Logs", "<p>Nothing is written.</p>"),
            Ok(lines) => lines,
            Err(fault) => return section("Logs", &format!("<p>{}</p>", Plain(fault))),
        };
        let rows = each(lines.iter().rev(), |line| {
            format!(
                "<tr><td class=\"time\">{}</td><td>{}</td><td class=\"line\">{}</td></tr>",
                iso8601(line.time),
                Plain(&line.group),
                Plain(line.text.trim_end())
            )
        });
        let table = table(
            "The newest lines of all log groups, newest first",
            &["Time", "Group", "Line"],
            &rows,
        );
        section("Logs", &format!("<div class=\"logs\">{table}</div>"))
    }
}

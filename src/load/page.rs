//! A report as a page: one file that needs nothing else, for a browser or a mail.

use std::fmt::Write as _;
use std::time::Duration;

use super::chart::{Chart, Curve, figure, part};
use super::report::{Percentiles, Report, milliseconds};
use super::{Assertion, Shape};
use crate::markup::escaped;

const STYLE: &str = include_str!("page.css");
/// Marks below a chart.
const MARKS: usize = 6;
/// Percentiles of the curve by rarity.
const RARE: [f64; 9] = [0.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.5, 99.9, 99.99];

/// Writes a report as an HTML page. The title says what was loaded, and when.
pub fn page(title: &str, when: &str, report: &Report, assertions: &[Assertion]) -> String {
    let title = escaped(title);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>Load on {title}</title><style>{STYLE}</style></head><body><main>\
         <h1>Load on {title}</h1><p class=\"muted\">{}. {}</p>",
        escaped(when),
        escaped(&summary(report))
    );
    page.push_str(&figures(report));
    page.push_str(&asserted(report, assertions));
    page.push_str(&rates(report));
    page.push_str(&latencies(report));
    page.push_str(&distribution(report));
    page.push_str(&errors(report));
    page.push_str(&section("How it was measured", &paragraphs(report)));
    page.push_str("</main></body></html>\n");
    page
}

/// What was done, in a sentence.
pub(super) fn summary(report: &Report) -> String {
    let plan = report.plan;
    let load = match plan.shape {
        Shape::Open { rate } => format!(
            "{}/s planned over at most {} connections",
            figure(rate),
            plan.connections
        ),
        Shape::Closed => format!("{} connections, each at its own pace", plan.connections),
    };
    let cut = if report.interrupted {
        ", interrupted"
    } else {
        ""
    };
    format!(
        "{load}; {:.0} s counted{cut} after a warm-up of {:.0} s",
        report.elapsed.as_secs_f64(),
        plan.warm_up.as_secs_f64()
    )
}

fn figures(report: &Report) -> String {
    let latency = |percent| time(report.latency.at(percent));
    let rows = [
        ("Answers/s", figure(report.rate())),
        ("Median", latency(50.0)),
        ("p95", latency(95.0)),
        ("p99", latency(99.0)),
        ("Longest", time(report.latency.max())),
        ("Errors", format!("{:.2} %", report.error_share() * 100.0)),
    ];
    let cells = each(rows.iter(), |(name, value)| {
        format!("<div><dt>{name}</dt><dd>{value}</dd></div>")
    });
    format!("<dl class=\"figures\">{cells}</dl>")
}

fn asserted(report: &Report, assertions: &[Assertion]) -> String {
    if assertions.is_empty() {
        return String::new();
    }
    let rows = each(assertions.iter(), |assertion| {
        let (value, holds) = assertion.check(report);
        let word = if holds { "holds" } else { "fails" };
        format!(
            "<tr><th scope=\"row\">{}</th><td>{value}</td><td class=\"{word}\">{word}</td></tr>",
            escaped(&assertion.to_string())
        )
    });
    let head = ["Asserted", "Was", "Result"];
    section(
        "Assertions",
        &table("What the figures had to be", &head, &rows),
    )
}

fn rates(report: &Report) -> String {
    let values = |value: fn(&super::Interval) -> f64| -> Vec<Option<f64>> {
        report.course.iter().map(|each| Some(value(each))).collect()
    };
    let chart = Chart {
        label: format!(
            "Answers and errors a second over time; {} answers a second on average",
            figure(report.rate())
        ),
        curves: vec![
            Curve {
                name: "answers a second",
                values: values(|each| each.rate),
            },
            Curve {
                name: "errors a second",
                values: values(|each| each.errors),
            },
        ],
        marks: marks(report),
        unit: "",
    };
    section("Throughput", &chart.draw())
}

fn latencies(report: &Report) -> String {
    let values = |value: fn(&super::Interval) -> Option<Duration>| -> Vec<Option<f64>> {
        let value = |each| value(each).map(milliseconds);
        report.course.iter().map(value).collect()
    };
    let chart = Chart {
        label: "Median and 99th percentile of the latency over time".to_owned(),
        curves: vec![
            Curve {
                name: "99th percentile",
                values: values(|each| each.p99),
            },
            Curve {
                name: "median",
                values: values(|each| each.p50),
            },
        ],
        marks: marks(report),
        unit: " ms",
    };
    let rows = each(report.course.iter(), |each| {
        format!(
            "<tr><th scope=\"row\">{:.0} s</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            each.from.as_secs_f64(),
            figure(each.rate),
            figure(each.errors),
            time(each.p50),
            time(each.p99)
        )
    });
    let head = ["From", "Answers/s", "Errors/s", "Median", "p99"];
    let table = table("Both charts as figures", &head, &rows);
    let body = format!(
        "{}<details><summary>As a table</summary>{table}</details>",
        chart.draw()
    );
    section("Latency over time", &body)
}

fn distribution(report: &Report) -> String {
    let mut curves = vec![curve("corrected", &report.latency)];
    curves.extend(
        report
            .measured
            .as_ref()
            .map(|all| curve("as measured", all)),
    );
    let marks = RARE
        .iter()
        .enumerate()
        .map(|(index, percent)| (part(index, RARE.len()), format!("p{percent}")));
    let chart = Chart {
        label: "Latency by percentile, rarer to the right".to_owned(),
        curves,
        marks: marks.collect(),
        unit: " ms",
    };
    let measured = report.measured.as_ref();
    let rows = each(report.latency.shown(), |(percent, latency)| {
        let other = measured.map(|all| format!("<td>{}</td>", time(all.at(percent))));
        format!(
            "<tr><th scope=\"row\">p{percent}</th><td>{}</td>{}</tr>",
            time(Some(latency)),
            other.unwrap_or_default()
        )
    });
    let head: &[&str] = match measured {
        Some(_) => &["Percentile", "Corrected", "As measured"],
        None => &["Percentile", "Latency"],
    };
    let table = table("Latency by percentile", head, &rows);
    section(
        "Distribution of the latency",
        &format!("{}{table}", chart.draw()),
    )
}

fn curve<'a>(name: &'a str, latency: &Percentiles) -> Curve<'a> {
    let values = RARE.map(|percent| latency.at(percent).map(milliseconds));
    Curve {
        name,
        values: values.into(),
    }
}

fn errors(report: &Report) -> String {
    if report.errors.is_empty() {
        return section("Errors", "<p>There were none.</p>");
    }
    let rows = each(report.errors.iter(), |(kind, count)| {
        format!("<tr><th scope=\"row\">{kind}</th><td>{count}</td></tr>")
    });
    section("Errors", &table("By kind", &["Kind", "Requests"], &rows))
}

fn paragraphs(report: &Report) -> String {
    let how = match report.plan.shape {
        Shape::Open { .. } => {
            "Every request had a planned start, and its latency counts from it, also when no connection \
             was free then. What never got its turn counts with the time it waited."
        }
        Shape::Closed => {
            "Every connection sent its next request when it had the answer to its last. The requests \
             that it would have sent at its usual pace while it waited for a slow answer are added to \
             the corrected figures."
        }
    };
    format!(
        "<p>{how}</p><p>The latency is that of answers with a 2xx status, of requests that timed out \
         and of those that never got their turn; other errors are counted apart.</p>\
         <p>{} requests; {} were sent later than planned.</p>",
        report.requests(),
        report.late
    )
}

fn marks(report: &Report) -> Vec<(f64, String)> {
    let count = report.course.len();
    let step = count.div_ceil(MARKS).max(1);
    let numbered = report.course.iter().enumerate().step_by(step);
    numbered
        .map(|(index, each)| {
            (
                part(index, count),
                format!("{:.0} s", each.from.as_secs_f64()),
            )
        })
        .collect()
}

fn section(title: &str, body: &str) -> String {
    format!("<section><h2>{title}</h2>{body}</section>")
}

/// The markup of each item, one after the other.
fn each<T>(items: impl IntoIterator<Item = T>, markup: impl FnMut(T) -> String) -> String {
    items.into_iter().map(markup).collect()
}

/// A table that can be scrolled by keyboard where it is too wide.
fn table(caption: &str, head: &[&str], rows: &str) -> String {
    let mut cells = String::new();
    for name in head {
        // Writing to a String cannot fail.
        let _ = write!(cells, "<th scope=\"col\">{name}</th>");
    }
    format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\"><table>\
         <caption>{caption}</caption><thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
}

fn time(time: Option<Duration>) -> String {
    time.map_or_else(
        || "–".to_owned(),
        |time| format!("{} ms", figure(milliseconds(time))),
    )
}

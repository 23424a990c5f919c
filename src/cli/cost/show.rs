//! A bill for people and for programs.

use serde_json::{Value, json};

use super::super::context::{Environment, Global};
use super::super::output::{self, Column, Format};
use crate::cost::{Bill, Line, MONTH, money};

/// The columns of what is paid for although nobody uses it.
const IDLE: [Column; 5] = [
    Column::whole("idle"),
    Column::whole(""),
    Column::whole("an hour"),
    Column::whole("a month"),
    Column::short("", 20),
];
/// The columns of what is paid for when it is used.
const USED: [Column; 4] = [
    Column::whole("when used"),
    Column::whole(""),
    Column::whole("costs"),
    Column::short("", 20),
];

/// Shows the bill of an environment that costs nothing.
pub(super) fn free(global: &Global, environment: &Environment) {
    if global.output == Format::Json {
        let mut value = head(environment);
        value["total"] = json!({ "hourly": 0.0, "monthly": 0.0, "complete": true });
        output::result(&value);
    }
}

/// Shows a bill, and where its prices come from.
pub(super) fn show(global: &Global, environment: &Environment, bill: &Bill, source: Option<&str>) {
    if global.output == Format::Json {
        let mut value = head(environment);
        value["prices"] = json!(source);
        value["bill"] = json!(bill);
        output::result(&value);
        return;
    }
    let of = bill
        .prices_of
        .map(|date| format!(" of {date}"))
        .unwrap_or_default();
    output::note(&match source {
        Some(source) => format!("{}, by prices{of} from {source}:", environment.title()),
        None => format!("{}: no prices are known", environment.title()),
    });
    for line in output::table(IDLE, &idle(bill)) {
        output::text(&line);
    }
    let uses = uses(bill);
    if !uses.is_empty() {
        output::text("");
        for line in output::table(USED, &uses) {
            output::text(&line);
        }
    }
}

fn head(environment: &Environment) -> Value {
    json!({
        "stack": environment.stack.name.as_str(),
        "environment": environment.stack.environment.as_str(),
    })
}

fn idle(bill: &Bill) -> Vec<[String; 5]> {
    let amount = |amount: f64| money(amount, &bill.currency);
    let mut rows: Vec<[String; 5]> = bill
        .idle
        .iter()
        .map(|line| {
            let told = |times: f64| line.amount.map_or_else(unknown, |one| amount(one * times));
            [
                line.what.clone(),
                line.quantity.clone(),
                told(1.0),
                told(MONTH),
                remark(line),
            ]
        })
        .collect();
    let total = &bill.total;
    let least = if total.complete { "" } else { "at least" };
    rows.push([
        "total".to_owned(),
        least.to_owned(),
        amount(total.hourly),
        amount(total.monthly),
        String::new(),
    ]);
    rows
}

fn uses(bill: &Bill) -> Vec<[String; 4]> {
    let amount = |amount: f64| money(amount, &bill.currency);
    let row = |line: &Line, per: &str| {
        let told = line.amount.map_or_else(unknown, |one| amount(one) + per);
        [line.what.clone(), line.quantity.clone(), told, remark(line)]
    };
    let mut rows = Vec::new();
    if let Some(run) = &bill.training {
        rows.push(row(&run.hour, " an hour"));
        rows.extend(run.last.as_ref().map(|line| row(line, "")));
        if let Some(most) = run.at_most {
            let spot = if run.spot {
                "spare capacity costs less by a part that is not known before"
            } else {
                ""
            };
            rows.push(["longest run", "", &amount(most), spot].map(str::to_owned));
        }
    }
    rows.extend(bill.batch.as_ref().map(|line| row(line, " an hour")));
    rows.extend(bill.thousand_calls.iter().map(|line| row(line, "")));
    rows
}

fn unknown() -> String {
    "unknown".to_owned()
}

fn remark(line: &Line) -> String {
    let price = line
        .unknown
        .as_ref()
        .map(|key| format!("no price of {key}"));
    let parts = [line.remark.clone(), price];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

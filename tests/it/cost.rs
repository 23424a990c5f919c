//! What the shipped binary says about money and about environments that end by themselves.

use std::fs;

use serde_json::Value;

use crate::support::engine::with_engine_as_aws;
use crate::support::project::{Project, some_headlines, tiny_stack};

const PRICES: &str = "\
currency: USD
region: eu-west-1
date: 2026-11-01
hosting: { ml.m5.large: 0.23 }
training: { ml.g4dn.xlarge: 0.8 }
other: { api_million: 1.11, function_million: 0.2 }
";
const STAGING: &str = "  staging:\n    target: { account: \"111122223333\", region: eu-west-1 }\n";

/// Asks for the bill of that environment, by that file.
const BILL: [&str; 6] = [
    "cost",
    "--env",
    "staging",
    "--prices",
    "prices.yaml",
    "--offline",
];

/// A project with an environment on AWS beside the local one, and a file of prices.
fn project(more: &str) -> Project {
    let stack = tiny_stack("{ interpreter: /usr/bin/python3 }");
    let project = Project::new(&format!("{stack}{STAGING}{more}"));
    project.write("stacks/tiny/headlines.csv", &some_headlines(20));
    project.write("prices.yaml", PRICES);
    project
}

#[test]
fn a_bill_by_a_file_of_prices_says_what_is_not_known() {
    let project = project("");
    let run = project
        .deploy(&[&BILL[..], &["--output", "json"]].concat())
        .ok();
    let bill = &run.json()["bill"];
    assert_eq!(bill["idle"][0]["amount"], 0.23, "{run}");
    assert_eq!(bill["total"]["hourly"], 0.23, "{run}");
    // Nobody was asked what lies in the bucket.
    assert_eq!(bill["total"]["complete"], false, "{run}");
    assert_eq!(bill["prices_of"], "2026-11-01");
    assert_eq!(bill["training"]["hour"]["amount"], 0.8);
    assert_eq!(bill["batch"]["unknown"], "batch.ml.m5.large");
    let text = project.deploy(&BILL).ok();
    for part in [
        "1 x ml.m5.large",
        "$0.23",
        "$168",
        "at least",
        "no price of batch.ml.m5.large",
    ] {
        assert!(text.stdout.contains(part), "{part}: {text}");
    }
}

#[test]
fn without_prices_everything_is_unknown_and_nothing_is_guessed() {
    let project = project("");
    let cache = project.path().join("cache");
    let cache = cache.to_string_lossy();
    let ask = ["cost", "--env", "staging", "--offline", "--cache", &*cache];
    let run = project
        .deploy(&[&ask[..], &["--output", "json"]].concat())
        .ok();
    let bill = &run.json()["bill"];
    assert_eq!(bill["idle"][0]["amount"], Value::Null, "{run}");
    assert_eq!(bill["total"]["hourly"], 0.0, "{run}");
    assert_eq!(bill["total"]["complete"], false, "{run}");

    // What the Price List told before is kept there, with its day.
    fs::create_dir_all(project.path().join("cache/prices")).unwrap();
    project.write("cache/prices/eu-west-1.json", PRICES);
    let run = project.deploy(&ask).ok();
    assert!(
        run.stderr.contains("of 2026-11-01 from the AWS Price List"),
        "{run}"
    );
    assert!(run.stdout.contains("$0.23"), "{run}");
    // The local environment runs on this machine.
    project
        .deploy(&["cost"])
        .failed(0, &["runs on this machine"]);
}

#[test]
fn a_bill_fits_the_columns_that_there_are() {
    let project = project("");
    let bill = |variables: &[(&str, &str)]| {
        let run = project.deploy_with(&BILL, |command| {
            command.envs(variables.iter().copied());
        });
        run.ok().stdout
    };
    let whole = bill(&[]);
    let remark = "no price of batch.ml.m5.large";
    assert!(whole.contains(remark), "a file has room: {whole}");
    let widest = whole.lines().map(|line| line.chars().count()).max();
    let widest = widest.unwrap();
    assert_eq!(bill(&[("COLUMNS", &widest.to_string())]), whole);
    for columns in [widest - 4, 60, 40] {
        let named = columns.to_string();
        let text = bill(&[("COLUMNS", &named), ("LC_ALL", "C.UTF-8")]);
        for line in text.lines() {
            assert!(line.chars().count() <= columns, "{columns}: {text}");
        }
    }
    let narrow = (widest - 4).to_string();
    let utf8 = bill(&[("COLUMNS", &narrow), ("LC_ALL", "C.UTF-8")]);
    assert!(utf8.contains('…'), "{utf8}");
    let ascii = bill(&[("COLUMNS", &narrow), ("LC_ALL", "C")]);
    assert!(ascii.is_ascii() && ascii.contains("..."), "{ascii}");
    // A block for each line of the bill.
    let blocks = bill(&[("COLUMNS", "40")]);
    assert!(blocks.contains("\na month: $168\n"), "{blocks}");
}

#[test]
fn prices_that_are_none_are_refused() {
    let project = project("");
    let ask =
        |file: &str| project.deploy(&["cost", "--env", "staging", "--offline", "--prices", file]);
    ask("nowhere.yaml").failed(64, &["nowhere.yaml"]);
    project.write(
        "wrong.yaml",
        "currency: USD\nhosting: { ml.m5.large: -1 }\n",
    );
    ask("wrong.yaml").failed(
        64,
        &["hosting.ml.m5.large is no price", "deploy cost --help"],
    );
    project.write("other.yaml", "currency: USD\nregion: us-east-1\n");
    ask("other.yaml").failed(64, &["those of us-east-1", "eu-west-1"]);
    project
        .deploy(&["cost", "--env", "staging", "--offline", "--refresh"])
        .failed(64, &["--refresh"]);
}

#[test]
fn a_difference_says_what_it_adds_to_the_cost() {
    let project = project("");
    project.deploy(&["render", "--env", "staging"]).ok();
    let stack = "stacks/tiny/stack.yaml";
    let text = fs::read_to_string(project.path().join(stack)).unwrap();
    project.write(stack, &text.replace("  count: 1\n", "  count: 2\n"));
    let base = ["diff", "--base", "stacks/tiny/rendered", "--env", "staging"];
    let prices = ["--prices", "prices.yaml"];
    let cost = "+$0.23/h (+$168/month) for 1 more ml.m5.large";
    // In Markdown a `$` would begin a formula.
    for (format, dollar) in [("human", "$"), ("markdown", "&#36;")] {
        let run = project.deploy(&[&base[..], &prices, &["--format", format]].concat());
        assert!(run.stdout.contains(&cost.replace('$', dollar)), "{run}");
    }
    // The stack file may name the prices; without any, nothing is said of money.
    let named = "tags: { team: a }\nprices: ../../prices.yaml\nenvironments:";
    let text = fs::read_to_string(project.path().join(stack)).unwrap();
    project.write(stack, &text.replace("environments:", named));
    assert!(project.deploy(&base).stdout.contains(cost));
    project.write(stack, &text);
    let empty = project.path().join("empty");
    let run = project.deploy(&[&base[..], &["--cache", &*empty.to_string_lossy()]].concat());
    assert!(!run.stdout.contains("/month"), "{run}");
}

#[test]
fn a_plan_says_what_it_adds_to_the_cost_where_prices_are_at_hand() {
    let project = project("");
    let cache = project.path().join("empty");
    let plan = [
        "plan",
        "--env",
        "staging",
        "--cache",
        &*cache.to_string_lossy(),
    ];
    let ask = |more: &[&str]| {
        let arguments = [&plan[..], more].concat();
        with_engine_as_aws(&project, "111122223333", &[], &arguments).ok()
    };
    let run = ask(&["--prices", "prices.yaml"]);
    let line = run
        .stdout
        .lines()
        .find(|line| line.contains("cost"))
        .unwrap();
    assert!(
        line.ends_with("+$0.23/h (+$168/month) for 1 more ml.m5.large"),
        "{run}"
    );
    let run = ask(&["--prices", "prices.yaml", "--output", "json"]);
    assert_eq!(run.json()["cost"]["hourly"], 0.23, "{run}");
    let run = ask(&[]);
    assert!(!run.stdout.contains("cost"), "{run}");
}

#[test]
fn an_environment_that_is_not_there_is_not_over() {
    let project = project("");
    let run = project
        .deploy(&["down", "--expired", "--output", "json"])
        .ok();
    assert_eq!(run.json()["environments"], serde_json::json!([]), "{run}");
    project
        .deploy(&["down", "--expired", "--env", "local"])
        .failed(0, &["no `ttl`"]);
    project
        .deploy(&["down", "--expired", "--keep-data"])
        .failed(64, &["--keep-data"]);

    let stack = "stacks/tiny/stack.yaml";
    let text = fs::read_to_string(project.path().join(stack)).unwrap();
    project.write(
        stack,
        &text.replace("    target: local\n", "    target: local\n    ttl: 8h\n"),
    );
    let run = project
        .deploy(&["down", "--expired", "--output", "json"])
        .ok();
    let only = &run.json()["environments"][0];
    assert_eq!(
        (&only["environment"], &only["state"]),
        (&"local".into(), &"not_there".into())
    );
    assert_eq!(project.engine(), None);
}

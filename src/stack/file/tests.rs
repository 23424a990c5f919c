//! Reading whole stack files: every rule, trap and place.

use std::fs;

use super::super::problem::Place;
use super::super::resolved::{Capacity, Protection, Python, Target};
use super::*;

const GOOD: &str = r#"stack: news
data: { file: rows.csv }
training:
  code: code
  entry_point: train.py
  image: { pytorch: "2.8.0", transformers: "4.56.2" }
  instance: ml.g4dn.xlarge
  hyperparameters: { epochs: 2, rate: 5e-5, fast: true, name: "x y" }
  metrics: { loss: 'loss=([0-9.]+)' }
endpoint:
  image: { pytorch: "2.6.0", transformers: "5.5.3" }
  instance: ml.m5.large
function: { code: code, handler: app.handler }
tags: { team: a }
environments:
  local: { target: local, local: { python: { interpreter: code/train.py } } }
  prod:
    target: { account: "111122223333", region: eu-west-1 }
    protected: true
"#;

/// A folder with the files that the good stack names.
fn project(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("code")).unwrap();
    for file in ["rows.csv", "code/train.py", "code/app.py"] {
        fs::write(folder.path().join(file), "x").unwrap();
    }
    let file = folder.path().join("stack.yaml");
    fs::write(&file, text).unwrap();
    (folder, file)
}

fn load(text: &str, environment: &str) -> Result<Stack, Problems> {
    let (_folder, file) = project(text);
    StackFile::read(&file)?.environment(environment)
}

/// The good stack with one change.
fn changed(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    GOOD.replacen(from, to, 1)
}

/// Loads `prod` of a changed stack, which must fail.
fn problems(from: &str, to: &str) -> Problems {
    let text = changed(from, to);
    load(&text, "prod").map_or_else(|problems| problems, |_| panic!("accepted: {to}"))
}

fn underlined<'a>(problems: &'a Problems, problem: &Problem) -> &'a str {
    let Place { bytes, .. } = problem.place.clone().unwrap();
    &problems.source().text[bytes]
}

#[test]
fn a_good_stack_is_resolved_with_its_defaults() {
    let stack = load(GOOD, "prod").unwrap();
    assert_eq!(stack.names.endpoint, "news-prod");
    assert_eq!(stack.protection, Protection::Protected);
    assert_eq!(stack.training.volume.to_string(), "50 GiB");
    assert_eq!(stack.function.timeout.seconds(), 25);
    assert_eq!(
        (
            stack.api.routes[0].method.as_str(),
            stack.api.throttle.burst
        ),
        ("POST", 100)
    );
    assert_eq!(stack.logs.retention_days, 30);
    assert!(stack.data.file.is_absolute() && stack.training.code.is_absolute());
    assert!(
        stack
            .training
            .image
            .uri
            .starts_with("763104351884.dkr.ecr.eu-west-1.amazonaws.com/")
    );
    assert!(stack.endpoint.image.uri.contains("-cpu-"));
    assert_eq!(stack.tags["deploy:environment"], "prod");
    let Target::Aws(target) = stack.target else {
        panic!()
    };
    assert_eq!(
        (target.account.as_str(), target.profile),
        ("111122223333", None)
    );
}

#[test]
fn hyperparameters_become_strings() {
    let stack = load(GOOD, "prod").unwrap();
    let given: Vec<(&str, &str)> = stack
        .training
        .hyperparameters
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    let expected = [
        ("epochs", "2"),
        ("fast", "true"),
        ("name", "x y"),
        ("rate", "5e-5"),
    ];
    let rate: f64 = given[3].1.parse().unwrap();
    assert_eq!(given[..3], expected[..3]);
    assert!((rate - 5e-5).abs() < 1e-12);
}

#[test]
fn a_local_environment_needs_no_account_and_no_gpu() {
    let text = changed("instance: ml.g4dn.xlarge", "instance: ml.m5.large");
    let stack = load(&text, "local").unwrap();
    assert_eq!(stack.account.as_str(), "000000000000");
    assert!(stack.training.image.uri.starts_with("local/"));
    let Target::Local(local) = stack.target else {
        panic!()
    };
    assert_eq!(local.port, 4599);
    assert!(matches!(local.python, Python::Interpreter(path) if path.is_absolute()));
}

/// A change of the good stack, what it makes of it, what is underlined, and the words for it.
const SEMANTIC: &str = r#"
stack: news => stack: News => News => `News` is no valid `stack`
rows.csv => none.csv => none.csv => `none.csv` does not exist
rows.csv => code => code => `code` is no file
  code: code =>   code: rows.csv => rows.csv => `rows.csv` is no folder
entry_point: train.py => entry_point: tran.py => tran.py => no `tran.py` in `code`
entry_point: train.py => entry_point: ../t.py => ../t.py => inside the code folder
entry_point: train.py => entry_point: -c.py => -c.py => inside the code folder
ml.g4dn.xlarge => g4dn.xlarge => g4dn.xlarge => no instance type
ml.g4dn.xlarge => ml.m5.large => image => cannot run on `ml.m5.large`
"2.8.0" => "2.8.9" => image => there is no container of PyTorch 2.8.9
pytorch: "2.8.0",  =>  => image => by its versions or by its address
{ pytorch: "2.8.0", transformers: "4.56.2" } => { uri: a/b:1 } => a/b:1 => Amazon ECR
eu-west-1 => eu-south-2 => image => not published in `eu-south-2`
eu-west-1 => eu-west-9 => eu-west-9 => there is no region
"111122223333" => "1111" => "1111" => `1111` is no valid `account`
epochs: 2 => sagemaker_program: x => x => reserved
epochs: 2 => "a b": x => x => no name for a hyperparameter
"x y" => "${deploy:X}" => "${deploy:X}" => cannot be part of a value
loss=([0-9.]+) => loss=([0-9.]+ => 'loss=([0-9.]+' => no regular expression
loss=([0-9.]+) => loss=[0-9.]+ => 'loss=[0-9.]+' => has no group
app.handler } => app } => app => `app` is no handler
app.handler } => apq.handler } => apq.handler => no `apq.py` in `code`
app.handler } => app.handler, timeout: 30s } => 30s => `1s` to `29s`
app.handler } => app.handler, memory: 64 MiB } => 64 MiB => 128 MiB
app.handler } => app.handler, memory: 1 GB } => 1 GB => no valid `memory`
app.handler } => app.handler, runtime: python2.7 } => python2.7 => no runtime
tags: { team: a } => tags: { "aws:x": a } => a => is reserved
tags: { team: a } => tags: { team: "a<b" } => "a<b" => no valid value
tags: { team: a } => logs: { retention: 31d } => 31d => cannot be kept for `31d`
tags: { team: a } => api: { routes: [/x] } => /x => is no route
tags: { team: a } => api: { routes: [post /x] } => post /x => `post` is no method
tags: { team: a } => api: { routes: ['POST /{id}'] } => 'POST /{id}' => no path
ml.m5.large => ml.m5.large⏎  startup_timeout: 5s => 5s => to start
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  max_run: 29d => 29d => `1s` to `28d`
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  volume: 100 MiB => 100 MiB => whole GiB
    protected: true =>     local: { python: { interpreter: code/train.py } } => local => `target: local`
"#;

/// The same for the shape, with the remedy at the end.
const SHAPE: &str = r#"
  instance: ml.g =>   instnce: ml.g => instnce => unknown field `instnce` => `instance`?
tags: => tag: => tag => unknown field `tag` => `tags`?
"4.56.2" => 4.56 => 4.56 => must be a text, not a number => "4.56"
protected: true => protected: "true" => "true" => must be true or false =>
tags: { team: a } => tags: [a] => [ => `tags` must be a map, not a list =>
team: a => team: [a] => [ => must be true or false or a number or a text =>
tags: { team: a } => api: { throttle: { rat: 1 } } => rat => unknown field `rat` => `rate`?
tags: { team: a } => api: { throttle: { rate: 0 } } => 0 => `rate` must be at least 0.1 =>
tags: { team: a } => api: 5 => 5 => `api` must be a map, not a number =>
, region: eu-west-1 } => } => target => `target` lacks `region` => add `region:`
ml.m5.large => ml.m5.large⏎  count: 0 => 0 => `count` must be at least 1 =>
ml.m5.large => ml.m5.large⏎  count: 1.5 => 1.5 => must be a whole number =>
region: eu-west-1 => regon: eu-west-1 => regon => unknown field `regon` => `region`?
{ account: "111122223333", region: eu-west-1 } => cloud => cloud => must be `local` =>
"#;

/// The rows of a table; `⏎` is a line break.
fn rows<const N: usize>(table: &str) -> Vec<[String; N]> {
    let row = |line: &str| {
        let cells: Vec<String> = line
            .split("=>")
            .map(|c| c.trim().replace('⏎', "\n"))
            .collect();
        cells.try_into().unwrap_or_else(|cells| panic!("{cells:?}"))
    };
    table
        .lines()
        .filter(|line| !line.is_empty())
        .map(row)
        .collect()
}

#[test]
fn every_semantic_mistake_is_told_at_its_place() {
    for [from, to, place, summary] in rows(SEMANTIC) {
        let problems = problems(&from, &to);
        let [problem] = problems.list() else {
            panic!("{to}: {problems}")
        };
        assert!(
            problem.summary.contains(&summary),
            "{to}: {}",
            problem.summary
        );
        assert_eq!(
            underlined(&problems, problem),
            place,
            "{to}: {}",
            problem.summary
        );
    }
}

#[test]
fn every_mistake_of_shape_is_told_at_its_place() {
    for [from, to, place, summary, help] in rows(SHAPE) {
        let problems = problems(&from, &to);
        let found = problems
            .list()
            .iter()
            .find(|problem| problem.summary.contains(&summary));
        let problem = found.unwrap_or_else(|| panic!("{to}: {problems}"));
        assert!(
            underlined(&problems, problem).starts_with(&place),
            "{to}: {problems}"
        );
        assert!(
            problem.help.clone().unwrap_or_default().contains(&help),
            "{to}: {problems}"
        );
    }
}

#[test]
fn all_mistakes_are_told_at_once_in_order() {
    let text = changed("ml.g4dn.xlarge", "g4dn")
        .replace("rows.csv", "none.csv")
        .replace("app.handler", "none.handler");
    let problems = load(&text, "prod").unwrap_err();
    let lines: Vec<usize> = problems
        .list()
        .iter()
        .map(|problem| problem.place.clone().unwrap().line)
        .collect();
    assert_eq!(lines.len(), 3, "{problems}");
    assert!(lines.is_sorted(), "{lines:?}");
    let shape = changed("  code: code\n", "  cod: code\n").replace("tags:", "tgs:");
    assert_eq!(load(&shape, "prod").unwrap_err().list().len(), 3);
}

#[test]
fn a_missing_section_is_told_at_the_environment() {
    let problems = problems("function: { code: code, handler: app.handler }\n", "");
    let [problem] = problems.list() else {
        panic!("{problems}")
    };
    assert_eq!(problem.summary, "the stack lacks `function`");
    assert_eq!(underlined(&problems, problem), "prod");
}

#[test]
fn an_unknown_environment_is_told_with_the_known_ones() {
    let error = load(GOOD, "prd").unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("`local`, `prod`") && text.contains("did you mean `prod`?"),
        "{text}"
    );
}

#[test]
fn a_local_environment_without_python_says_what_to_add() {
    let text = changed(", local: { python: { interpreter: code/train.py } }", "");
    let error = load(&text, "local").unwrap_err().to_string();
    assert!(
        error.contains("needs a Python") && error.contains("interpreter"),
        "{error}"
    );
}

#[test]
fn an_environment_lies_over_the_stack() {
    let text = changed(
        "    protected: true",
        "    training: { hyperparameters: { epochs: 9 } }\n    endpoint: { count: 2 }",
    );
    let stack = load(&text, "prod").unwrap();
    assert_eq!(stack.training.hyperparameters["epochs"], "9");
    assert_eq!(stack.training.hyperparameters["name"], "x y");
    let capacity = |stack: Stack| match stack.endpoint.capacity {
        Capacity::Instances(capacity) => capacity,
        Capacity::Serverless(_) => panic!("serverless"),
    };
    let prod = capacity(stack);
    assert_eq!(
        (prod.count, prod.instances),
        (2, vec!["ml.m5.large".to_owned()])
    );
    assert_eq!(capacity(load(&text, "local").unwrap()).count, 1);
}

#[test]
fn fields_of_an_environment_do_not_belong_in_the_stack_nor_the_other_way_round() {
    let text = changed("tags: { team: a }", "protected: true");
    assert!(
        load(&text, "prod")
            .unwrap_err()
            .to_string()
            .contains("belongs in an environment")
    );
    let text = changed("    protected: true", "    stack: other");
    assert!(
        load(&text, "prod")
            .unwrap_err()
            .to_string()
            .contains("cannot change `stack`")
    );
}

#[test]
fn names_are_checked_after_composition() {
    let text = changed("stack: news", &format!("stack: {}", "n".repeat(40)));
    let error = load(&text, "prod").unwrap_err().to_string();
    assert!(error.contains("over the limit of 63"), "{error}");
}

#[test]
fn all_environments_share_a_mistake_only_once() {
    let (_folder, file) = project(&changed("handler: app.handler", "handler: app"));
    let problems = StackFile::read(&file).unwrap().all().unwrap_err();
    assert_eq!(problems.list().len(), 1, "{problems}");
    let (_folder, file) = project(GOOD);
    assert_eq!(StackFile::read(&file).unwrap().all().unwrap().len(), 2);
}

#[test]
fn files_that_are_no_stack_are_refused() {
    for (text, expected) in [
        ("", "is a map"),
        ("- a\n", "is a map"),
        ("stack: x\n", "no environments"),
        ("stack: x\nenvironments: {}\n", "`environments` is empty"),
        ("stack: x\nenvironments: [a]\n", "must be a map"),
        (
            "stack: x\nenvironments: { A: { target: local } }\n",
            "no name for an environment",
        ),
        ("stack: x\nenvironments: { a: local }\n", "must be a map"),
        ("stack: [\n", "not valid YAML"),
    ] {
        let (_folder, file) = project(text);
        let error = StackFile::read(&file).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(expected), "{text:?}: {error}");
    }
    let missing = StackFile::read(Path::new("/nonexistent/stack.yaml")).unwrap_err();
    assert!(
        missing.to_string().contains("cannot read the stack file"),
        "{missing}"
    );
}

#[test]
fn the_content_digest_ignores_comments_and_other_environments() {
    let digest = |text: &str| load(text, "prod").unwrap().content_digest;
    let original = digest(GOOD);
    assert_eq!(original, digest(&changed("tags:", "# why\ntags:")));
    let local = changed("target: local,", "target: local, logs: { retention: 7d },");
    assert_eq!(original, digest(&local));
    assert_ne!(original, digest(&changed("team: a", "team: b")));
}

//! What the SageMaker training toolkit in an image does with a job that has no entry point of its own:
//! it unpacks the archive that a hyperparameter names into `/opt/ml/code`, installs the requirements, and
//! runs the script with the other hyperparameters as options.
//!
//! Source: the package `sagemaker-training`, its modules `environment`, `mapping`, `params`, `process`
//! and `entry_point`.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::super::names::{invalid, unsupported};
use super::super::ports::S3Uri;
use super::hosts::Host;
use super::request::TrainingRequest;
use crate::local::wire::ApiError;

const PROGRAM: &str = "sagemaker_program";
const ARCHIVE: &str = "sagemaker_submit_directory";
/// What the names of hyperparameters begin with, or are, that no script gets.
const RESERVED: &str = "sagemaker_";
const RESERVED_NAMES: [&str; 2] = ["default_user_module_name", "_tuning_objective_metric"];

/// What the toolkit is to run.
#[derive(Debug, Clone)]
pub(super) struct Toolkit {
    /// The script, relative to the archive.
    program: String,
    /// The archive.
    pub(super) archive: S3Uri,
    /// Hyperparameters of the script.
    parameters: BTreeMap<String, Value>,
}

impl Toolkit {
    /// Reads what a job's hyperparameters tell the toolkit; `None` where they tell it nothing.
    pub(super) fn of(hyperparameters: &BTreeMap<String, String>) -> Result<Option<Self>, ApiError> {
        let text = |name: &str| match hyperparameters.get(name).map(|text| read(text)) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        let (Some(program), Some(archive)) = (text(PROGRAM), text(ARCHIVE)) else {
            return Ok(None);
        };
        if Path::new(&program)
            .extension()
            .is_none_or(|end| end != "py")
        {
            return Err(unsupported(format!("the toolkit's program {program}")));
        }
        let archive = S3Uri::parse(&archive)
            .filter(|uri| uri.key.ends_with(".tar.gz"))
            .ok_or_else(|| invalid(format!("{ARCHIVE} {archive} is no archive in S3")))?;
        let of_the_script =
            |name: &str| !name.starts_with(RESERVED) && !RESERVED_NAMES.contains(&name);
        let mut parameters = BTreeMap::new();
        for (name, text) in hyperparameters
            .iter()
            .filter(|(name, _)| of_the_script(name))
        {
            let value = read(text);
            if value.is_array() || value.is_object() {
                return Err(unsupported(format!(
                    "the toolkit's hyperparameter {name}, a list or map"
                )));
            }
            parameters.insert(name.clone(), value);
        }
        Ok(Some(Self {
            program,
            archive,
            parameters,
        }))
    }

    /// The command. The toolkit joins it without quoting and hands it to a shell, so this does too.
    pub(super) fn command(&self) -> Vec<String> {
        let arguments = self.arguments().join(" ");
        let script = format!(
            "cd \"$SAGEMAKER_BASE_DIR/code\" && \
             if [ -f requirements.txt ]; then python -m pip install -r requirements.txt; fi && \
             exec python -u {} {arguments}",
            self.program
        );
        vec!["/bin/sh".to_owned(), "-c".to_owned(), script]
    }

    fn arguments(&self) -> Vec<String> {
        let option = |(name, value): (&String, &Value)| {
            let dashes = if name.len() == 1 { "-" } else { "--" };
            [format!("{dashes}{name}"), word(value)]
        };
        self.parameters.iter().flat_map(option).collect()
    }

    /// The variables that the script gets, under `ml`, what stands for `/opt/ml`.
    pub(super) fn variables(
        &self,
        request: &TrainingRequest,
        host: &Host,
        ml: &Path,
    ) -> Vec<(String, String)> {
        let folder = |below: &str| ml.join(below).display().to_string();
        let channels = request
            .input_data_config
            .iter()
            .map(|channel| &channel.name);
        let mut names: Vec<&String> = channels.collect();
        names.sort();
        let module = self.program.trim_end_matches(".py");
        let parameters: Map<String, Value> = self.parameters.clone().into_iter().collect();
        let mut variables: Vec<(String, String)> = [
            ("SM_CHANNELS", json!(names).to_string()),
            ("SM_CURRENT_HOST", host.name()),
            (
                "SM_CURRENT_INSTANCE_TYPE",
                request.resource_config.instance_type().to_owned(),
            ),
            ("SM_HOSTS", json!(host.names()).to_string()),
            ("SM_HPS", Value::Object(parameters).to_string()),
            ("SM_INPUT_CONFIG_DIR", folder("input/config")),
            ("SM_INPUT_DIR", folder("input")),
            ("SM_LOG_LEVEL", "20".to_owned()),
            ("SM_MODEL_DIR", folder("model")),
            ("SM_MODULE_DIR", self.archive.to_string()),
            ("SM_MODULE_NAME", module.to_owned()),
            ("SM_NETWORK_INTERFACE_NAME", "lo".to_owned()),
            ("SM_NUM_GPUS", "0".to_owned()),
            ("SM_OUTPUT_DATA_DIR", folder("output/data")),
            ("SM_OUTPUT_DIR", folder("output")),
            ("SM_USER_ARGS", json!(self.arguments()).to_string()),
            ("SM_USER_ENTRY_POINT", self.program.clone()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec();
        for name in names {
            let variable = format!("SM_CHANNEL_{}", name.to_uppercase());
            variables.push((variable, folder(&format!("input/data/{name}"))));
        }
        for (name, value) in &self.parameters {
            variables.push((format!("SM_HP_{}", name.to_uppercase()), word(value)));
        }
        variables
    }
}

/// The value of a hyperparameter: JSON where it is JSON, else the text itself.
fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

/// A value as Python's `str` writes it.
fn word(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_f64() => number.as_f64().map_or_else(String::new, float),
        other => other.to_string(),
    }
}

/// A float as Python writes it: `5e-05`, `0.1`, `2.0`, `1e+16`.
fn float(value: f64) -> String {
    let scientific = format!("{value:e}");
    match scientific.split_once('e') {
        Some((digits, exponent)) => match exponent.parse::<i32>() {
            Ok(exponent) if (-4..16).contains(&exponent) => format!("{value:?}"),
            Ok(exponent) => {
                let sign = if exponent < 0 { '-' } else { '+' };
                format!("{digits}e{sign}{:02}", exponent.abs())
            }
            Err(_) => scientific,
        },
        None => scientific,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toolkit(parameters: &[(&str, &str)]) -> Result<Option<Toolkit>, ApiError> {
        let of_the_toolkit = [(PROGRAM, "train.py"), (ARCHIVE, "\"s3://b/code/s.tar.gz\"")];
        let all = of_the_toolkit.iter().chain(parameters);
        Toolkit::of(
            &all.map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect(),
        )
    }

    #[test]
    fn hyperparameters_become_options_as_python_writes_them() {
        let toolkit = toolkit(&[
            ("learning_rate", "5e-5"),
            ("epochs", "2"),
            ("fast", "true"),
            ("name", "minilm-l6"),
            ("n", "1.10"),
            ("quoted", "\"1.10\""),
            ("sagemaker_region", "eu-west-1"),
        ]);
        let toolkit = toolkit.unwrap().unwrap();
        assert_eq!(
            toolkit.arguments().join(" "),
            "--epochs 2 --fast True --learning_rate 5e-05 -n 1.1 --name minilm-l6 --quoted 1.10"
        );
        assert_eq!(toolkit.archive.to_string(), "s3://b/code/s.tar.gz");
        assert_eq!(
            [float(0.0001), float(1e16), float(2.0)],
            ["0.0001", "1e+16", "2.0"]
        );
    }

    #[test]
    fn what_is_not_emulated_is_refused_by_name() {
        assert!(
            toolkit(&[("layers", "[1, 2]")])
                .unwrap_err()
                .message
                .contains("layers")
        );
        let shell = BTreeMap::from([
            (PROGRAM.to_owned(), "run.sh".to_owned()),
            (ARCHIVE.to_owned(), "s3://b/s.tar.gz".to_owned()),
        ]);
        assert!(Toolkit::of(&shell).unwrap_err().message.contains("run.sh"));
        assert!(Toolkit::of(&BTreeMap::new()).unwrap().is_none());
    }
}

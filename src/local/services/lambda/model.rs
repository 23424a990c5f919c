//! What Lambda remembers about functions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::permission::Statement;
use crate::local::default_account;

/// All functions by name.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) functions: BTreeMap<String, Function>,
}

/// A function: one version, `$LATEST`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Function {
    pub(super) name: String,
    /// Absent in states of older engines.
    #[serde(default = "default_account")]
    pub(super) account: String,
    pub(super) region: String,
    pub(super) runtime: String,
    pub(super) handler: String,
    pub(super) role: String,
    pub(super) description: String,
    /// MiB.
    pub(super) memory: u32,
    /// Seconds.
    pub(super) timeout: u32,
    /// Invocations at once that are reserved for it, which is also the most it gets. Absent in states of
    /// older engines.
    #[serde(default)]
    pub(super) reserved: Option<u32>,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) architectures: Vec<String>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) logging: Logging,
    pub(super) code: Code,
    /// Milliseconds since the epoch.
    pub(super) modified: i64,
    /// Changes with every change of the function.
    pub(super) revision: String,
    pub(super) policy: BTreeMap<String, Statement>,
    /// Stack resource that made the function, so that a repeated create is recognised.
    pub(super) owner: String,
}

/// Where a function's output goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Logging {
    pub(super) group: String,
    /// `Text` or `JSON`; kept and told, the lines are text in either case.
    pub(super) format: String,
    /// Level of the handler's own lines, e.g. `INFO`.
    pub(super) level: Option<String>,
}

/// A function's code, unpacked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Code {
    /// SHA-256 of the archive in Base64.
    pub(super) sha256: String,
    /// Bytes of the archive.
    pub(super) size: u64,
    /// Name of the folder below the working folder.
    pub(super) folder: String,
}

/// Returns the ARN of a function.
pub(super) fn function_arn(account: &str, region: &str, name: &str) -> String {
    format!("arn:aws:lambda:{region}:{account}:function:{name}")
}

impl Function {
    /// Returns the function's ARN.
    pub(super) fn arn(&self) -> String {
        function_arn(&self.account, &self.region, &self.name)
    }

    /// Returns the configuration as the API shows it.
    pub(super) fn configuration(&self) -> Value {
        let mut shown = json!({
            "FunctionName": self.name,
            "FunctionArn": self.arn(),
            "Runtime": self.runtime,
            "Role": self.role,
            "Handler": self.handler,
            "CodeSize": self.code.size,
            "CodeSha256": self.code.sha256,
            "Description": self.description,
            "Timeout": self.timeout,
            "MemorySize": self.memory,
            "LastModified": last_modified(self.modified),
            "Version": "$LATEST",
            "TracingConfig": { "Mode": "PassThrough" },
            "RevisionId": self.revision,
            "State": "Active",
            "LastUpdateStatus": "Successful",
            "PackageType": "Zip",
            "Architectures": self.architectures,
            "EphemeralStorage": { "Size": 512 },
            "LoggingConfig": {
                "LogFormat": self.logging.format,
                "LogGroup": self.logging.group,
            },
        });
        if !self.environment.is_empty() {
            shown["Environment"] = json!({ "Variables": self.environment });
        }
        if let Some(level) = &self.logging.level {
            shown["LoggingConfig"]["ApplicationLogLevel"] = json!(level);
        }
        shown
    }
}

/// Writes a time as Lambda does: with the offset and without `Z`.
fn last_modified(epoch_millis: i64) -> String {
    let text = crate::local::clock::iso8601(epoch_millis);
    text.replace('Z', "+0000")
}

//! A function's configuration and the digest of its code.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value, json};

use super::{Services, object};
use crate::aws::fault::fault;
use crate::cloud::CloudFault;

impl Services {
    pub(super) async fn function(&self, name: &str) -> Result<Map<String, Value>, CloudFault> {
        let answer = self
            .lambda
            .get_function_configuration()
            .function_name(name)
            .send()
            .await
            .map_err(|error| fault("GetFunctionConfiguration", &error))?;
        let variables = answer
            .environment
            .and_then(|environment| environment.variables)
            .unwrap_or_default();
        let layers = answer.layers.unwrap_or_default();
        let layers: Vec<String> = layers.into_iter().filter_map(|layer| layer.arn).collect();
        let logging = answer.logging_config;
        let group = logging.as_ref().and_then(|set| set.log_group.clone());
        let format = logging
            .as_ref()
            .and_then(|set| set.log_format.as_ref())
            .map(|format| format.as_str().to_owned());
        let level = logging
            .as_ref()
            .and_then(|set| set.application_log_level.as_ref())
            .map(|level| level.as_str().to_owned());
        Ok(object([
            ("Code", json!({ "Sha256": hexadecimal(answer.code_sha256) })),
            ("Description", json!(answer.description)),
            ("Environment", json!({ "Variables": variables })),
            ("Handler", json!(answer.handler)),
            ("Layers", json!(layers)),
            (
                "LoggingConfig",
                json!({ "LogGroup": group, "LogFormat": format, "ApplicationLogLevel": level }),
            ),
            ("MemorySize", json!(answer.memory_size)),
            ("Role", json!(answer.role)),
            (
                "Runtime",
                json!(answer.runtime.map(|runtime| runtime.as_str().to_owned())),
            ),
            ("Timeout", json!(answer.timeout)),
        ]))
    }
}

/// Lambda tells digests in Base64.
fn hexadecimal(base64: Option<String>) -> Option<String> {
    base64
        .and_then(|text| BASE64.decode(text).ok())
        .map(hex::encode)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_has_one_form() {
        // The digest of `abc` is the example of FIPS 180-2.
        let base64 = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=".to_owned();
        assert_eq!(
            hexadecimal(Some(base64)).unwrap(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(hexadecimal(Some("?".into())), None);
    }
}

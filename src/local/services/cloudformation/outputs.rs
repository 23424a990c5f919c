//! Evaluates the `Outputs` section.

use serde_json::Value;

use super::state::Output;
use super::template::TemplateError;
use super::template::intrinsics::Scope;

/// Evaluates the outputs whose condition holds, in template order.
///
/// # Errors
/// A value cannot be evaluated or is no text.
pub(crate) fn evaluate(scope: &Scope<'_>) -> Result<Vec<Output>, TemplateError> {
    let mut outputs = Vec::new();
    for (key, output) in &scope.template.outputs {
        if output
            .condition
            .as_ref()
            .is_some_and(|name| scope.conditions.get(name) != Some(&true))
        {
            continue;
        }
        let value = match scope.resolve(&output.value)? {
            Some(Value::String(text)) => text,
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Bool(flag)) => flag.to_string(),
            other => {
                return Err(TemplateError::Format(format!(
                    "The Value field of output {key} must evaluate to a string, not {}",
                    other.unwrap_or_default()
                )));
            }
        };
        outputs.push(Output {
            key: key.clone(),
            value,
            description: output.description.clone(),
        });
    }
    Ok(outputs)
}

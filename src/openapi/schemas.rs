//! What requests and answers look like.

use serde_json::{Value, json};

/// Characters that a text may have, as in the function and in the model's own code.
const MOST_CHARACTERS: u32 = 10_000;
/// Texts that one request may have, as there.
const MOST_TEXTS: u32 = 256;

/// All schemas by name.
pub(super) fn all() -> Value {
    json!({
        "Question": question(),
        "Text": {
            "description": "A text; it may not be blank.",
            "type": "string",
            "minLength": 1,
            "maxLength": MOST_CHARACTERS,
            // A character that is no white space, neither here nor in Python.
            "pattern": r"[^\s\u001c-\u001f\u0085]",
            "examples": ["Fed official says weak data caused by weather"],
        },
        "Answer": {
            "description": "As many predictions as texts were asked for.",
            "oneOf": [
                { "$ref": "#/components/schemas/Prediction" },
                { "$ref": "#/components/schemas/Predictions" },
            ],
        },
        "Prediction": prediction(&json!({
            "description": "The probabilities of the classes, in a list of one.",
            "type": "array",
            "minItems": 1,
            "maxItems": 1,
            "items": probabilities(),
        })),
        "Predictions": {
            "description": "The answer to a list: a prediction for each text, in its order.",
            "type": "object",
            "required": ["predictions"],
            "properties": {
                "predictions": {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": MOST_TEXTS,
                    "items": prediction(&probabilities()),
                },
            },
        },
        "Health": {
            "type": "object",
            "required": ["status"],
            "properties": { "status": { "const": "ok" } },
        },
        "Problem": problem(),
        "Message": {
            "description": "A refusal of the API itself: the function did not see the request.",
            "type": "object",
            "required": ["message"],
            "properties": { "message": { "type": ["string", "null"] } },
        },
    })
}

fn question() -> Value {
    let text = || json!({ "$ref": "#/components/schemas/Text" });
    let with = |name: &str, value: Value| {
        json!({
            "type": "object",
            "required": [name],
            "properties": { name: value },
            "additionalProperties": false,
        })
    };
    let list = json!({
        "type": "array",
        "minItems": 1,
        "maxItems": MOST_TEXTS,
        "items": text(),
    });
    json!({
        "description": "One text or a list; a text may be called a headline, also in the form of the \
                        reference project.",
        "oneOf": [
            with("text", text()),
            with("texts", list.clone()),
            with("headline", text()),
            with("query", with("headline", text())),
            with("headlines", list),
        ],
    })
}

fn prediction(probabilities: &Value) -> Value {
    json!({
        "type": "object",
        "required": ["predicted_label", "probabilities"],
        "properties": {
            "predicted_label": {
                "description": "The class with the highest probability.",
                "type": "string",
            },
            "probabilities": probabilities,
            "scores": {
                "description": "The probabilities by class.",
                "type": "object",
                "additionalProperties": { "type": "number", "minimum": 0, "maximum": 1 },
            },
        },
    })
}

fn probabilities() -> Value {
    json!({
        "description": "One probability a class, in the model's own order.",
        "type": "array",
        "minItems": 1,
        "items": { "type": "number", "minimum": 0, "maximum": 1 },
    })
}

fn problem() -> Value {
    json!({
        "description": "What went wrong, as far as the caller can do something about it.",
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {
                "type": "object",
                "required": ["code", "message", "request_id"],
                "properties": {
                    "code": {
                        "description": "One word for programs.",
                        "enum": [
                            "bad_request",
                            "too_large",
                            "too_many_requests",
                            "internal",
                            "bad_model_answer",
                            "unavailable",
                            "timeout",
                        ],
                    },
                    "message": { "description": "A sentence for people.", "type": "string" },
                    "request_id": {
                        "description": "The id by which the request is found in the logs.",
                        "type": "string",
                    },
                },
            },
        },
    })
}

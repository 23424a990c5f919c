//! Codes of what a stack file asks for that cannot be, or that would not do what it seems to.

use crate::code::codes;

codes! {
    /// The codes of what a stack file asks for.
    pub CONTENT
    NO_ENVIRONMENT = "no-environment" {
        title: "The stack has no environment",
        why: "An environment says where the stack is deployed; without one there is nothing to do",
        remedy: "add one under `environments`",
        before: "environments: {}",
        after: "environments:\n  prod:\n    target: { account: \"111122223333\", region: eu-west-1 }",
    }
    UNKNOWN_ENVIRONMENT = "unknown-environment" {
        title: "An environment is named that the stack file does not have",
        why: "A slip in a name must not make a second environment beside the first",
        remedy: "name one of those that are there, or add it under `environments`",
        before: "environments:\n  prod:\n    target: { account: \"111122223333\", region: eu-west-1 }\n    promotes_from: stagin",
        after: "environments:\n  staging:\n    target: { account: \"111122223333\", region: eu-west-1 }\n  prod:\n    target: { account: \"111122223333\", region: eu-west-1 }\n    promotes_from: staging",
    }
    PROMOTION_RING = "promotion-ring" {
        title: "Environments take releases over from each other in a ring",
        why: "None of them trains, so there never is a release to begin with",
        remedy: "let one of them train: remove its `promotes_from`",
        before: "environments:\n  prod:\n    target: { account: \"111122223333\", region: eu-west-1 }\n    promotes_from: prod",
        after: "environments:\n  prod:\n    target: { account: \"111122223333\", region: eu-west-1 }",
    }
    DATA_SOURCE = "data-source" {
        title: "`data` names no source, or several",
        why: "A model is named by the data that it learns from, so there has to be exactly one. An environment lies \
              over the stack: what the stack names stays",
        remedy: "keep one of `file`, `folder` and `s3`; an environment removes the stack's with `file: null`",
        before: "data: { file: rows.csv, folder: code }",
        after: "data: { file: rows.csv }",
    }
    OWN_BUCKET = "own-bucket" {
        title: "The data is in the bucket that belongs to the environment",
        why: "`deploy down` empties that bucket: the data would be gone with the environment",
        remedy: "keep the data in a bucket that outlives the environment",
        before: "data: { s3: \"s3://news-prod-111122223333-eu-west-1/rows/\" }",
        after: "data: { s3: \"s3://news-archive/rows/\" }",
    }
    UNKNOWN_COLUMN = "unknown-column" {
        title: "A column is named that the data does not have",
        why: "Training would stop in its first minute, after the instance was paid for",
        remedy: "name one of `data.format.columns`",
        before: "data:\n  file: rows.csv\n  format: { columns: [title, topic], text: headline, label: topic, classes: [a, b] }",
        after: "data:\n  file: rows.csv\n  format: { columns: [title, topic], text: title, label: topic, classes: [a, b] }",
    }
    UNKNOWN_INSTANCE = "unknown-instance" {
        title: "There is no instance type of this name for this purpose in this region",
        why: "Training, serving, batch jobs and notebooks each have a list of types of their own, and no region has \
              all of them",
        remedy: "choose one of those that the message suggests",
        before: "endpoint:\n  instance: ml.t3.medium",
        after: "endpoint:\n  instance: ml.t2.medium",
    }
    UNKNOWN_IMAGE = "unknown-image" {
        title: "AWS publishes no container of these versions, or not in this region",
        why: "The job or the endpoint would fail after minutes, when the image is pulled",
        remedy: "choose versions that are published together, or give the `uri` of an image of your own",
        before: "endpoint:\n  image: { pytorch: \"2.6.9\", transformers: \"5.5.3\" }",
        after: "endpoint:\n  image: { pytorch: \"2.6.0\", transformers: \"5.5.3\" }",
    }
    WRONG_PROCESSOR = "wrong-processor" {
        title: "The image is for another kind of processor than the instance has",
        why: "A container for a GPU does not run on a machine without one, nor one for x86 on ARM",
        remedy: "choose instances of the kind that the image is for, or another image",
        before: "training:\n  instance: ml.m5.large",
        after: "training:\n  instance: ml.g4dn.xlarge",
    }
    INVALID_GATE = "invalid-gate" {
        title: "A gate is no condition",
        why: "A gate that can be read in two ways would let a bad model pass",
        remedy: "write `>=`, `>`, `<=` or `<` and a number; of `regression`, \"<= 0.01 against serving\"",
        before: "training:\n  metrics: { accuracy: \"accuracy=([0-9.]+)\" }\n  gates: { accuracy: \"0.9\" }",
        after: "training:\n  metrics: { accuracy: \"accuracy=([0-9.]+)\" }\n  gates: { accuracy: \">= 0.9\" }",
    }
    GATE_WITHOUT_METRIC = "gate-without-metric" {
        title: "A gate is on a metric that nobody reports",
        why: "It could never be passed: SageMaker only knows the metrics that `training.metrics` finds in the log",
        remedy: "correct the name, or add the metric to `training.metrics`",
        before: "training:\n  metrics: { accuracy: \"accuracy=([0-9.]+)\" }\n  gates: { acuracy: \">= 0.9\" }",
        after: "training:\n  metrics: { accuracy: \"accuracy=([0-9.]+)\" }\n  gates: { accuracy: \">= 0.9\" }",
    }
    METRIC_PATTERN = "metric-pattern" {
        title: "The expression of a metric cannot find a number",
        why: "SageMaker takes the first group of the expression as the value; without one the metric stays empty",
        remedy: "put the number into parentheses",
        before: "training:\n  metrics: { loss: \"loss=[0-9.]+\" }",
        after: "training:\n  metrics: { loss: \"loss=([0-9.]+)\" }",
    }
    SPOT_WAIT = "spot-wait" {
        title: "A training on spare capacity may wait for less time than it may run",
        why: "`max_wait` counts waiting and running together, so such a job could never run as long as it may",
        remedy: "make `spot.max_wait` at least as long as `max_run`",
        before: "training:\n  max_run: 2h\n  spot: { max_wait: 1h }",
        after: "training:\n  max_run: 2h\n  spot: { max_wait: 4h }",
    }
    TOOLKIT = "toolkit" {
        title: "The SageMaker toolkit in the image cannot start this training",
        why: "With `launch: toolkit` it hands hyperparameters over as words of a shell command, and it starts \
              scripts by their name",
        remedy: "change what the message names, or remove `launch: toolkit`",
        before: "training:\n  launch: toolkit\n  hyperparameters: { name: \"two words\" }",
        after: "training:\n  launch: toolkit\n  hyperparameters: { name: two-words }",
    }
    ROLLOUT_UNGUARDED = "rollout-unguarded" {
        title: "A gradual roll-out has nothing to go by",
        why: "It moves traffic in steps and watches alarms in between: it needs two instances to have steps, and \
              alarms to be stopped by",
        remedy: "add `alarms`, and `count: 2` or more",
        before: "endpoint:\n  count: 2\n  rollout: { canary: { size: 50%, wait: 5m } }",
        after: "endpoint:\n  count: 2\n  rollout: { canary: { size: 50%, wait: 5m } }\nalarms: { errors: 5, latency: 2s }",
    }
    ROLLOUT_TOO_SLOW = "rollout-too-slow" {
        title: "The waits of a roll-out take longer than the roll-out may",
        why: "SageMaker would break it off and take it back, however good the new model is",
        remedy: "wait for less time, take larger steps, or raise `max_duration`",
        before: "endpoint:\n  count: 4\n  rollout: { linear: { step: 10%, wait: 5m, max_duration: 30m } }\nalarms: {}",
        after: "endpoint:\n  count: 4\n  rollout: { linear: { step: 50%, wait: 5m, max_duration: 30m } }\nalarms: {}",
    }
    FIRST_ROUTE = "first-route" {
        title: "The first route of the API cannot take a text",
        why: "The first route is the one that classifies, and the text is in the request's body, which a `GET` \
              has not",
        remedy: "put a route with `POST` first",
        before: "api:\n  routes: [GET /classify]",
        after: "api:\n  routes: [POST /classify]",
    }
    OLD_RUNTIME = "old-runtime" {
        title: "AWS ends, or has ended, the runtime of the function",
        why: "A function on such a runtime runs on for a while but can no longer be changed",
        remedy: "choose one of the runtimes that the message lists",
        before: "function:\n  runtime: python3.9",
        after: "function:\n  runtime: python3.12",
    }
    NO_PYTHON = "no-python" {
        title: "A local environment has no Python to run in",
        why: "Training, serving and the function are Python processes there",
        remedy: "add `local: { python: { project: <folder of pyproject.toml> } }`",
        before: "environments:\n  prod: { target: local }",
        after: "environments:\n  prod: { target: local, local: { python: { interpreter: code/train.py } } }",
    }
    WAIVER_WITHOUT_REASON = "waiver-without-reason" {
        title: "A waiver does not say why",
        why: "Who reads it later has to judge whether the reason still holds",
        remedy: "write the reason behind the policy's id",
        before: "checks:\n  waive: { API-PUBLIC: \"\" }",
        after: "checks:\n  waive: { API-PUBLIC: \"a public demonstration, throttled\" }",
    }
}

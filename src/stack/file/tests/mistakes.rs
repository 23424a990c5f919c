//! Mistakes, and what is said of them, with their places.

use super::*;

/// A change of the good stack, what it makes of it, what is underlined, and the words for it.
const SEMANTIC: &str = r#"
stack: news => stack: News => News => `News` is no valid `stack`
rows.csv => none.csv => none.csv => `none.csv` does not exist
rows.csv => code => code => `code` is no file
{ file: rows.csv } => { folder: rows.csv } => rows.csv => `rows.csv` is no folder
{ file: rows.csv } => {} => data => `data` names no data
{ file: rows.csv } => { file: rows.csv, folder: code } => data => more than one source
{ file: rows.csv } => { s3: "https://b/k" } => "https://b/k" => no place in S3
{ file: rows.csv } => { s3: "s3://b/k" } => "s3://b/k" => no name of a bucket
{ file: rows.csv } => { s3: "s3://bucket/" } => "s3://bucket/" => no place in S3
{ file: rows.csv } => { s3: "s3://bucket/a*" } => "s3://bucket/a*" => cannot be used as a prefix
{ file: rows.csv } => { s3: "s3://news-prod-111122223333-eu-west-1/a" } => "s3: => the bucket is the environment's own
rows.csv } => rows.csv, format: { columns: [a, b], text: a, label: c, classes: [x, y] } } => c => no column `c`
rows.csv } => rows.csv, format: { columns: [a, b], text: a, label: a, classes: [x, y] } } => a => the same column
rows.csv } => rows.csv, format: { columns: [a, b, b], text: a, label: b, classes: [x, y] } } => b => here a second time
rows.csv } => rows.csv, format: { columns: [a, b], text: a, label: b, classes: [x, x] } } => x => here a second time
rows.csv } => rows.csv, format: { columns: [a, b], text: a, label: b, classes: [01, 2] } } => 01 => one number to some readers
rows.csv } => rows.csv, format: { columns: [a, b], text: a, label: b, classes: [x, y], required: [z] } } => z => no column `z`
rows.csv } => rows.csv, format: { columns: [a, b], text: a, label: b, classes: { x: X, y: X } } } => X => here a second time
rows.csv } => rows.csv, format: { columns: [a, b], text: a, label: b, classes: { x: X } } } => classes => 2 to 1000 classes
rows.csv } => rows.csv, format: { columns: [a, b], text: a, label: b, classes: [x, y], group: z } } => z => no column `z`
rows.csv } => rows.csv, format: { columns: [a, b], text: a, label: b, classes: [x, y], time: z } } => z => no column `z`
  entry_point: train.py =>   entry_point: train.py⏎  launch: toolkit => "x y" => cannot be handed the value of `name`
  code: code =>   code: rows.csv => rows.csv => `rows.csv` is no folder
entry_point: train.py => entry_point: tran.py => tran.py => no `tran.py` in `code`
entry_point: train.py => entry_point: ../t.py => ../t.py => inside the code folder
entry_point: train.py => entry_point: -c.py => -c.py => inside the code folder
ml.g4dn.xlarge => g4dn.xlarge => g4dn.xlarge => no instance type
ml.g4dn.xlarge => ml.m5.large => image => cannot run on `ml.m5.large`
"2.8.0" => "2.8.9" => image => there is no container of PyTorch 2.8.9
pytorch: "2.8.0",  =>  => image => by its versions or by its address
{ pytorch: "2.8.0", transformers: "4.56.2" } => { uri: a/b:1 } => a/b:1 => Amazon ECR
transformers: "4.56.2" } => transformers: "4.56.2", digest: "sha256:12" } => "sha256:12" => no digest of an image
{ pytorch: "2.8.0", transformers: "4.56.2" } => { uri: "111122223333.dkr.ecr.eu-west-1.amazonaws.com/a:1", digest: "sha256:0000000000000000000000000000000000000000000000000000000000000000" } => "sha256:0000000000000000000000000000000000000000000000000000000000000000" => goes with versions
eu-west-1 => eu-south-2 => image => not published in `eu-south-2`
eu-west-1 => eu-west-9 => eu-west-9 => there is no region
"111122223333" => "1111" => "1111" => `1111` is no valid `account`
eu-west-1 } => eu-west-1, role: { arn: deployer } } => deployer => no ARN of a role
eu-west-1 } => eu-west-1, role: { arn: "arn:aws:iam::111122223333:role/" } } => "arn => no ARN of a role
eu-west-1 } => eu-west-1, role: { arn: "arn:aws:iam::111122223333:role/a b" } } => "arn => no ARN of a role
eu-west-1 } => eu-west-1, role: { arn: "arn:aws:iam::111122223333:user/a" } } => "arn => no ARN of a role
eu-west-1 } => eu-west-1, role: { arn: "arn:aws:iam::999922223333:role/a" } } => "arn => belongs to the account 999922223333
eu-west-1 } => eu-west-1, role: { arn: "arn:aws-cn:iam::111122223333:role/a" } } => "arn => begins with `arn:aws:`
eu-west-1 } => eu-west-1, role: { arn: "arn:aws:iam::111122223333:role/a", external_id: "a b" } } => "a b" => is no external id
eu-west-1 } => eu-west-1, role: { arn: "arn:aws:iam::111122223333:role/a", external_id: "x" } } => "x" => is no external id
eu-west-1 } => eu-west-1, role: { arn: "arn:aws:iam::111122223333:role/a", session_name: a/b } } => a/b => is no name of a session
eu-west-1 } => eu-west-1, service_role: deployer } => deployer => no ARN of a role
eu-west-1 } => eu-west-1, service_role: "arn:aws:iam::999922223333:role/a" } => "arn => belongs to the account 999922223333
tags: { team: a } => permissions_boundary: boundary => boundary => no ARN of a policy
tags: { team: a } => permissions_boundary: "arn:aws:iam::111122223333:policy/" => "arn => no ARN of a policy
tags: { team: a } => permissions_boundary: "arn:aws:iam::999922223333:policy/a" => "arn => belongs to the account 999922223333
tags: { team: a } => permissions_boundary: "arn:aws-cn:iam::aws:policy/a" => "arn => begins with `arn:aws:`
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
app.handler } => app.handler, runtime: python2.7 } => python2.7 => `python2.7` is too old
tags: { team: a } => tags: { "aws:x": a } => a => is reserved
tags: { team: a } => tags: { team: "a<b" } => "a<b" => no valid value
tags: { team: a } => logs: { retention: 31d } => 31d => cannot be kept for `31d`
tags: { team: a } => api: { routes: [/x] } => /x => is no route
tags: { team: a } => api: { routes: [post /x] } => post /x => `post` is no method
tags: { team: a } => api: { routes: ['POST /{id}'] } => 'POST /{id}' => no path
ml.m5.large => ml.m5.large⏎  startup_timeout: 5s => 5s => to start
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  max_run: 29d => 29d => `1s` to `28d`
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  volume: 100 MiB => 100 MiB => whole GiB
ml.g4dn.xlarge => ml.g4dn.xlrge => ml.g4dn.xlrge => no instance type for training
ml.m5.large => ml.t3.medium => ml.t3.medium => no instance type for serving
ml.m5.large => ml.m6g.large => image => cannot run on `ml.m6g.large`
ml.m5.large => [ml.m5.large, ml.m5.large] => ml.m5.large => here a second time
ml.g4dn.xlarge => [ml.g4dn.xlarge, ml.m5.large] => image => no container runs on both
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  spot: { max_wait: 1h } => 1h => `max_wait` (1h) is shorter than `max_run` (2h)
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  spot: { max_wait: 29d } => 29d => at most `28d`
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  max_pending: 10m => 10m => from `30m` to `28d`
instance: ml.g4dn.xlarge => instance: [ml.g4dn.xlarge, ml.g5.xlarge]⏎  spot: { max_wait: 4h } => spot => cannot be together with a list
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  keep_alive: 7h => 7h => from `1s` to `6h`
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  spot: { max_wait: 4h }⏎  keep_alive: 10m => 10m => cannot be together with `spot`
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  environment: { "A-B": x } => x => no name for a variable
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  environment: { SM_HOST: x } => x => is reserved
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  environment: { A: 1.10 } => 1.10 => is a text, but `1.10` is read as a value
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  environment: { A: 1e3 } => 1e3 => is a text, but `1e3` is read as a value
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  gates: { los: ">= 1" } => ">= 1" => a metric that nobody reports
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  gates: { loss: "0.9" } => "0.9" => no condition of a gate
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  gates: { regression: "<= 0.01" } => "<= 0.01" => how much worse a model may be
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  gates: { regression: "<= 0.01 against serving" } => "<= 0.01 against serving" => there is no metric to compare
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  network: { encrypt_traffic: true } => true => needs a `count` above 1
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  network: { subnets: [subnet-0123456789abcdef0] } => [ => needs `security_groups` too
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  network: { subnets: [subnet-1], security_groups: [sg-01234567] } => subnet-1 => no id of this kind
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  encryption: { output_key: alias/x } => alias/x => no ARN of a KMS key
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  encryption: { output_key: "arn:aws:kms:eu-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab" } => "arn => this is in `eu-west-2`
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  encryption: { output_key: "arn:aws:kms:eu-west-1:999922223333:key/1234abcd-12ab-34cd-56ef-1234567890ab" } => "arn => belongs to the account 999922223333
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  encryption: { output_key: "arn:aws-cn:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab" } => "arn => begins with `arn:aws:`
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  encryption: { volume_key: "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab" } => "arn => takes no key for its disk
"x y" => "x\ny" => "x\ny" => has a line break or control character
ml.m5.large => ml.m5.large⏎  serverless: {} => ml.m5.large => cannot be together with `serverless`
  instance: ml.m5.large =>   startup_timeout: 5m => endpoint => `endpoint` lacks `instance`
  instance: ml.m5.large =>   serverless: { memory: 5 TiB } => 5 TiB => 1 to 6 whole GiB
  instance: ml.m5.large =>   serverless: { provisioned_concurrency: 9 } => 9 => more than `max_concurrency` (5)
ml.m5.large => ml.m5.large⏎  rollout: { canary: { size: 25%, wait: 5m } }⏎  count: 2 => rollout => needs `alarms`
ml.m5.large => ml.m5.large⏎  rollout: { canary: { size: 25%, wait: 5m } }⏎alarms: {} => rollout => at least 2 instances
ml.m5.large => ml.m5.large⏎  count: 2⏎  rollout: { canary: { size: 51%, wait: 5m } }⏎alarms: {} => 51% => `51%` is no valid `size`
ml.m5.large => ml.m5.large⏎  count: 4⏎  rollout: { linear: { step: 5%, wait: 5m } }⏎alarms: {} => 5% => `5%` is no valid `step`
ml.m5.large => ml.m5.large⏎  count: 4⏎  rollout: { rolling: { batch: 3, wait: 5m } }⏎alarms: {} => 3 => 5% to 50% of the fleet
ml.m5.large => ml.m5.large⏎  count: 4⏎  rollout: { linear: { step: 10%, wait: 5m, max_duration: 30m } }⏎alarms: {} => 30m => take longer than `30m`
ml.m5.large => ml.m5.large⏎  count: 4⏎  rollout: { linear: { step: 10%, wait: 2h } }⏎alarms: {} => 2h => at most `1h`
ml.m5.large => ml.m5.large⏎  capture: { sample: 0% } => 0% => no part of a whole
ml.m5.large => ml.m5.large⏎  capture: { retention: 36h } => 36h => whole days
ml.m5.large => ml.m5.large⏎  encryption: { capture_key: x }⏎  capture: {} => x => no ARN of a KMS key
ml.m5.large => ml.m5.large⏎  encryption: { capture_key: "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab" } => "arn => is for `capture`
  instance: ml.m5.large =>   serverless: {}⏎  capture: {} => capture => cannot be together with `serverless`
ml.m5.large => ml.m5.large⏎alarms: { memory: 101% } => 101% => no part of a whole
ml.m5.large => ml.m5.large⏎  autoscaling: { min: 3, max: 2, invocations_per_instance: 9 } => 3 => `min` (3) is more than `max` (2)
ml.m5.large => ml.m5.large⏎  count: 5⏎  autoscaling: { min: 1, max: 2, invocations_per_instance: 9 } => 5 => must be between
ml.m5.large => ml.m5.large⏎  encryption: { volume_key: x } => x => no ARN of a KMS key
app.handler } => app.handler, runtime: python3.9 } => python3.9 => `python3.9` is too old
app.handler } => app.handler, runtime: python3.21 } => python3.21 => no runtime
tags: { team: a } => tags: { version: 1.10 } => 1.10 => is a text, but `1.10` is read as a value
tags: { team: a } => tags: { version: 012 } => 012 => one number to some readers
tags: { team: a } => tags: { answer: no } => no => is a boolean to some readers
tags: { team: a } => api: { routes: [POST /x, POST /x] } => POST /x => here a second time
tags: { team: a } => api: { routes: [GET /x] } => GET /x => the first route cannot be a `GET`
tags: { team: a } => api: { auth: { jwt: { issuer: "http://x.y", audience: [a] } } } => "http://x.y" => no issuer of tokens
tags: { team: a } => api: { auth: { jwt: { issuer: "https://x.y", audience: [a, a] } } } => [ => an audience is
tags: { team: a } => api: { domain: { name: News.example.com, certificate: "arn:aws:acm:eu-west-1:111122223333:certificate/1234abcd-12ab-34cd-56ef-1234567890ab" } } => News.example.com => no name of a domain
tags: { team: a } => api: { domain: { name: "https://x.y", certificate: "arn:aws:acm:eu-west-1:111122223333:certificate/1234abcd-12ab-34cd-56ef-1234567890ab" } } => "https://x.y" => no name of a domain
tags: { team: a } => api: { domain: { name: x.example.com, certificate: "arn:aws:acm:us-east-1:111122223333:certificate/1234abcd-12ab-34cd-56ef-1234567890ab" } } => "arn => this is in `us-east-1`
tags: { team: a } => api: { domain: { name: x.example.com, certificate: mine } } => mine => no ARN of a certificate
tags: { team: a } => api: { cors: { origins: ["https://x.y/z"] } } => "https://x.y/z" => is no origin
tags: { team: a } => api: { cors: { origins: ["https://x.y/"] } } => "https://x.y/" => is no origin
tags: { team: a } => api: { cors: { origins: ["x.y"] } } => "x.y" => is no origin
tags: { team: a } => api: { cors: { origins: ["*"], credentials: true } } => "*" => cannot be together with `credentials: true`
tags: { team: a } => api: { cors: { origins: ["*"], methods: [FETCH] } } => FETCH => is no method
tags: { team: a } => api: { cors: { origins: ["*"], headers: ["a b"] } } => "a b" => is no name of a header
tags: { team: a } => api: { cors: { origins: ["*"], max_age: 2d } } => 2d => at most `1d`
tags: { team: a } => batch: { instance: ml.m5.xlarge, max_payload: 50 MiB, max_concurrency: 3 } => 3 => is 150 MiB
tags: { team: a } => batch: { instance: ml.m5.xlarge, max_payload: 1 GiB } => 1 GiB => `1 MiB` to `100 MiB`
tags: { team: a } => batch: { instance: ml.g4dn.xlarge } => ml.g4dn.xlarge => the image of the endpoint cannot run
tags: { team: a } => batch: { instance: ml.p3.2xlarge } => ml.p3.2xlarge => no instance type for batch jobs
tags: { team: a } => notebook: { instance: ml.x.y } => ml.x.y => no instance type for notebooks
tags: { team: a } => notebook: { volume: 1 GiB } => 1 GiB => 5 to 16384 whole GiB
tags: { team: a } => registry: { group: "a b" } => "a b" => no name of a model package group
tags: { team: a } => registry: { group: news- } => news- => no name of a model package group
tags: { team: a } => alarms: { latency: 2m } => 2m => from `1ms` to `60s`
tags: { team: a } => alarms: { window: 90s } => 90s => whole minutes
tags: { team: a } => alarms: { notify: "arn:aws:sns:eu-west-1:111122223333:a:b" } => "arn => no ARN of an SNS topic
tags: { team: a } => checks: { waive: { api: x } } => x => no id of a policy
tags: { team: a } => checks: { waive: { API-PUBLIC: " " } } => " " => needs a reason
    protected: true =>     promotes_from: stagin => stagin => which is no environment
    protected: true =>     promotes_from: prod => prod => promotes from itself
    protected: true =>     promotion: { bake: 1h } => promotion => takes no release over
    protected: true =>     promotes_from: local⏎    promotion: { gates: { los: ">= 1" } } => ">= 1" => a metric that nobody reports
    protected: true =>     promotes_from: local⏎    promotion: { gates: { loss: "0.9" } } => "0.9" => no condition of a gate
    protected: true =>     promotes_from: local⏎    promotion: { gates: { regression: "<= 0.01 against serving" } } => "<= 0.01 against serving" => there is no metric to compare
    protected: true =>     promotes_from: local⏎    promotion: { bake: soon } => soon => `soon` is no valid `bake`
    protected: true =>     promotes_from: local⏎    promotion: { max_age: 2w } => 2w => `2w` is no valid `max_age`
    protected: true =>     promotes_from: local⏎    promotion: { load: { duration: 11m } } => 11m => `1s` to `10m`
    protected: true =>     promotes_from: local⏎    promotion: { load: { duration: 0s } } => 0s => `1s` to `10m`
    protected: true =>     promotes_from: local⏎    promotion: { load: { p95: fast } } => fast => `fast` is no valid `p95`
    protected: true =>     promotes_from: local⏎    promotion: { approvals: { needed: 2 } } => approvals => nobody can approve
    protected: true =>     promotes_from: local⏎    promotion: { approvals: { signers: none } } => none => `none` does not exist
    protected: true =>     promotes_from: local⏎    promotion: { holdout: { file: rows.csv, accuracy: ">= 0.9" } } => rows.csv => nobody says what the file is like
    protected: true =>     promotes_from: local⏎    promotion: { holdout: { file: none.csv, accuracy: ">= 0.9" } } => none.csv => `none.csv` does not exist
    protected: true =>     local: { python: { interpreter: code/train.py } } => local => `target: local`
    protected: true =>     ttl: soon => soon => `soon` is no valid `ttl`
    protected: true =>     ttl: 59m => 59m => from `1h` to `365d`
    protected: true =>     ttl: 366d => 366d => from `1h` to `365d`
    protected: true =>     protected: true⏎    ttl: 8h => 8h => does not end by itself
tags: { team: a } => prices: none.yaml => none.yaml => `none.yaml` does not exist
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
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  retries: 0 => 0 => `retries` must be at least 1 =>
ml.g4dn.xlarge => ml.g4dn.xlarge⏎  retries: 31 => 31 => `retries` must be at most 30 =>
ml.m5.large => ml.m5.large⏎  count: 1.5 => 1.5 => must be a whole number =>
region: eu-west-1 => regon: eu-west-1 => regon => unknown field `regon` => `region`?
ml.m5.large => ml.m5.large⏎  rollout: all-at-twice => all-at-twice => `rollout` must be `all-at-once` =>
ml.m5.large => ml.m5.large⏎  rollout: {} => rollout => must be exactly one of `canary` =>
ml.m5.large => ml.m5.large⏎  rollout: { canary: { size: 1 } } => canary => `canary` lacks `wait` => add `wait:`
ml.m5.large => ml.m5.large⏎  autoscaling: { min: 1, max: 2 } => autoscaling => lacks `invocations_per_instance` =>
ml.m5.large => [] => [ => at least 1 entries =>
ml.m5.large => [a, b, c, d, e, f] => [ => at most 5 entries =>
tags: { team: a } => api: { auth: iam2 } => iam2 => `iam2` is no valid `auth` => `iam`?
tags: { team: a } => api: { route: POST /x } => route => unknown field `route` => `routes`?
tags: { team: a } => batch: { instance: ml.m5.xlarge, strategy: many } => many => no valid `strategy` => `single-record`, `multi-record`
tags: { team: a } => alarms: { errors: 0 } => 0 => at least 1 =>
rows.csv } => rows.csv, format: { columns: [a, b], text: a, label: b, classes: [x] } } => [ => at least 2 entries =>
rows.csv } => rows.csv, format: { columns: [a, b], text: a, classes: [x, y] } } => format => lacks `label` => add `label:`
rows.csv } => rows.csv, format: { columns: [a, b], text: a, label: b, classes: [x, y], separator: dot } } => dot => no valid `separator` => `comma`
rows.csv } => rows.csv, foldr: x } => foldr => unknown field `foldr` => `folder`?
    protected: true =>     promotes_from: local⏎    promotion: { backe: 1h } => backe => unknown field `backe` => `bake`?
    protected: true =>     promotes_from: local⏎    promotion: { holdout: { accuracy: ">= 0.9" } } => holdout => `holdout` lacks `file` => add `file:`
    protected: true =>     promotes_from: local⏎    promotion: { load: { connections: 0 } } => 0 => `connections` must be at least 1 =>
    protected: true =>     promotes_from: local⏎    promotion: { load: { errors: 101 } } => 101 => `errors` must be at most 100 =>
    protected: true =>     promotes_from: local⏎    promotion: { approvals: { needed: 11, ci: true } } => 11 => `needed` must be at most 10 =>
    protected: true =>     promotes_from: local⏎    promotion: { approvals: { ci: yes } } => yes => must be true or false =>
tags: { team: a } => protected: true => protected => `protected` belongs in an environment => move it
tags: { team: a } => ttl: 8h => ttl => `ttl` belongs in an environment => move it
    protected: true =>     stack: other => stack => cannot change `stack` => remove it
    protected: true =>     training: { code: null } => null => `code` must be a text, not empty =>
    protected: true =>     protected: null => null => must be true or false, not empty =>
    protected: true =>     serverles: null => serverles => unknown field `serverles` =>
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

/// The texts of the tables: those of wrong shape, and those against a rule.
pub(in crate::stack) fn corpus() -> (Vec<String>, Vec<String>) {
    let shape = rows(SHAPE)
        .into_iter()
        .map(|[from, to, ..]: [String; 5]| changed(&from, &to));
    let rules = rows(SEMANTIC)
        .into_iter()
        .map(|[from, to, ..]: [String; 4]| changed(&from, &to));
    (shape.collect(), rules.collect())
}

#[test]
fn every_semantic_mistake_is_told_at_its_place() {
    let mut failures = Vec::new();
    for [from, to, place, summary] in rows(SEMANTIC) {
        let problems = problems(&from, &to);
        let [problem] = problems.list() else {
            failures.push(format!("{to}: {problems}"));
            continue;
        };
        let shown = underlined(&problems, problem);
        let right = shown == place || (place.len() < 5 && shown.starts_with(&place));
        if !right || !problem.summary.contains(&summary) {
            failures.push(format!("{to}: {shown}: {problems}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
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
fn a_mistake_of_shape_hides_no_mistake_of_other_sections_and_environments() {
    let text = changed(
        "tags: { team: a }",
        "logs: { retention: 31d }\napi: { throttle: 5 }",
    )
    .replace("ml.g4dn.xlarge", "ml.g4dn.xlrge")
    .replace(
        "target: local,",
        "target: local, protectd: true, alarms: { window: 90s },",
    )
    .replace("app.handler }", "app.handler, memry: 1 GiB, timeout: 90s }");
    let (_folder, file) = project(&text);
    let problems = StackFile::read(&file).unwrap().all().unwrap_err();
    let told = problems.to_string();
    for expected in [
        "`31d`",
        "`throttle` must be a map",
        "ml.g4dn.xlrge",
        "unknown field `protectd`",
        "whole minutes",
        "unknown field `memry`",
        "`1s` to `29s`",
    ] {
        assert!(told.contains(expected), "{expected} is not in:\n{told}");
    }
    assert_eq!(problems.list().len(), 7, "{told}");
}

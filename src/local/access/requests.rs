//! What requests ask for, by the action, the resource and the condition keys that IAM sees.
//!
//! As the Service Authorization Reference has the actions of each service. S3 asks for itself: its requests are
//! told apart where they are read.

use serde_json::Value;

use super::{Known, Wish, request_tags};
use crate::local::cells::CellId;
use crate::local::wire::query::Parameters;
use crate::local::wire::{ApiRequest, json};

/// Returns everything that a request to a service needs; `None` for one that nothing is known about.
pub(crate) fn wishes(
    service: &str,
    place: &CellId,
    request: &ApiRequest,
    known: &Known,
) -> Option<Vec<Wish>> {
    let parameters = || {
        Parameters::parse(if request.body.is_empty() {
            request.query.as_bytes()
        } else {
            &request.body
        })
    };
    match service {
        // Whoever is somebody may ask who; whether a role may be assumed is its trust's to say.
        "sts" => Some(Vec::new()),
        "cloudformation" => Some(cloudformation(place, &parameters())),
        "iam" => Some(vec![iam(place, &parameters())]),
        "lambda" => lambda(place, request).map(|wish| vec![wish]),
        "apigateway" => {
            let path = request.path.trim_start_matches("/v2");
            let arn = format!("arn:aws:apigateway:{}::{path}", place.region);
            Some(vec![Wish::new(
                format!("apigateway:{}", request.method),
                arn,
            )])
        }
        "sagemaker" if request.path.starts_with("/endpoints/") => {
            let name = request.path.split('/').nth(2)?;
            let arn = at(place, "sagemaker", &format!("endpoint/{name}"));
            Some(vec![Wish::new("sagemaker:InvokeEndpoint", arn)])
        }
        service => {
            let operation = json::operation(&request.headers)?;
            let input = serde_json::from_slice(&request.body).unwrap_or_default();
            target(service, place, operation, &input, known)
        }
    }
}

fn at(place: &CellId, service: &str, resource: &str) -> String {
    let CellId { account, region } = place;
    format!("arn:aws:{service}:{region}:{account}:{resource}")
}

fn cloudformation(place: &CellId, parameters: &Parameters) -> Vec<Wish> {
    let action = parameters.action();
    let stack = match parameters.get("StackName") {
        Some(arn) if arn.starts_with("arn:") => arn.to_owned(),
        Some(name) => at(place, "cloudformation", &format!("stack/{name}/*")),
        None => "*".to_owned(),
    };
    let wish = Wish::new(format!("cloudformation:{action}"), stack);
    let role = parameters.get("RoleARN").map(|role| {
        Wish::new("iam:PassRole", role).with("iam:PassedToService", "cloudformation.amazonaws.com")
    });
    std::iter::once(wish).chain(role).collect()
}

fn iam(place: &CellId, parameters: &Parameters) -> Wish {
    let account = &place.account;
    let name = parameters.get("RoleName").unwrap_or_default();
    let action = parameters.action();
    Wish::new(
        format!("iam:{action}"),
        format!("arn:aws:iam::{account}:role/{name}"),
    )
}

fn lambda(place: &CellId, request: &ApiRequest) -> Option<Wish> {
    let mut path = request.path.trim_matches('/').split('/').skip(2);
    let name = path.next()?;
    let action = match (request.method.as_str(), path.next()) {
        ("GET", None) => "GetFunction",
        ("DELETE", None) => "DeleteFunction",
        ("GET", Some("configuration")) => "GetFunctionConfiguration",
        ("PUT", Some("configuration")) => "UpdateFunctionConfiguration",
        ("PUT", Some("code")) => "UpdateFunctionCode",
        ("POST", Some("invocations")) => "InvokeFunction",
        ("GET", Some("policy")) => "GetPolicy",
        _ => return None,
    };
    let arn = at(place, "lambda", &format!("function:{name}"));
    Some(Wish::new(format!("lambda:{action}"), arn))
}

/// Requests that name their operation in a header.
fn target(
    service: &str,
    place: &CellId,
    operation: &str,
    input: &Value,
    known: &Known,
) -> Option<Vec<Wish>> {
    let everything = |prefix: &str| Some(vec![Wish::new(format!("{prefix}:{operation}"), "*")]);
    match service {
        "sagemaker" => sagemaker(place, operation, input, known),
        "logs" => Some(vec![logs(place, operation, input)]),
        "monitoring" => {
            let alarms = at(place, "cloudwatch", "alarm:*");
            Some(vec![Wish::new(format!("cloudwatch:{operation}"), alarms)])
        }
        "servicequotas" => everything("servicequotas"),
        "application-autoscaling" => everything("application-autoscaling"),
        _ => None,
    }
}

fn logs(place: &CellId, operation: &str, input: &Value) -> Wish {
    let group = input["logGroupName"].as_str().unwrap_or_default();
    let below = match input["logStreamName"].as_str() {
        Some(stream) => format!("log-stream:{stream}"),
        None => "*".to_owned(),
    };
    let resource = match operation {
        "DescribeLogGroups" => "*".to_owned(),
        _ => at(place, "logs", &format!("log-group:{group}:{below}")),
    };
    Wish::new(format!("logs:{operation}"), resource)
}

/// Members of SageMaker's requests that name what they are about, with its place in ARNs.
const SAGEMAKER: [(&str, &str); 7] = [
    ("TrainingJobName", "training-job"),
    ("TransformJobName", "transform-job"),
    ("EndpointName", "endpoint"),
    ("EndpointConfigName", "endpoint-config"),
    ("ModelPackageGroupName", "model-package-group"),
    ("ModelPackageName", "model-package"),
    ("ModelName", "model"),
];

fn sagemaker(place: &CellId, operation: &str, input: &Value, known: &Known) -> Option<Vec<Wish>> {
    // Of most listings nobody can say what they are about.
    let about_all =
        operation.starts_with("List") && !matches!(operation, "ListModelPackages" | "ListTags");
    let named = |(member, kind): (&str, &str)| {
        let name = input[member].as_str()?;
        Some(if name.starts_with("arn:") {
            name.to_owned()
        } else {
            at(place, "sagemaker", &format!("{kind}/{name}"))
        })
    };
    let by_arn = ["ModelPackageArn", "ResourceArn"]
        .into_iter()
        .find_map(|member| input[member].as_str().map(str::to_owned));
    let resource = if about_all {
        "*".to_owned()
    } else {
        by_arn.or_else(|| SAGEMAKER.into_iter().find_map(named))?
    };
    let there = known(&resource);
    let given = request_tags(Some(input));
    let creates = operation.starts_with("Create");
    let on = |action: &str| Wish::new(action, &resource).knowing(&given).knowing(&there);
    let mut wishes = vec![on(&format!("sagemaker:{operation}"))];
    if creates && !given.is_empty() {
        wishes.push(on("sagemaker:AddTags"));
    }
    if creates {
        let roles = ["RoleArn", "ExecutionRoleArn"];
        let role = roles.into_iter().find_map(|member| input[member].as_str());
        wishes.extend(role.map(|role| {
            Wish::new("iam:PassRole", role).with("iam:PassedToService", "sagemaker.amazonaws.com")
        }));
    }
    Some(wishes)
}

//! Resource types whose work is done with the rights of whoever acts.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use super::handlers::{self, Work};
use super::{Authority, Denial, Known, actor, request_tags};
use crate::local::cells::CellId;
use crate::local::resource::{
    Live, Resource, ResourceError, ResourceProvider, ResourceRequest, ResourceType,
};

/// What the types of a cell are guarded with.
pub(crate) struct Guard {
    pub(crate) authority: Authority,
    pub(crate) place: CellId,
    pub(crate) known: Known,
}

/// A resource that is worked on.
pub(super) struct Subject<'a> {
    pub(super) kind: &'a str,
    pub(super) place: &'a CellId,
    /// Its physical id, or the name that it is to get.
    pub(super) id: &'a str,
    /// Its properties; `None` where they are not known, as in a deletion.
    pub(super) properties: Option<&'a Value>,
    /// What conditions can be about of it.
    pub(super) known: BTreeMap<String, String>,
}

impl Subject<'_> {
    /// The ARN by which policies name it.
    pub(super) fn arn(&self) -> String {
        let CellId { account, region } = self.place;
        let named = |property: &str| {
            let name = self.properties.and_then(|all| all[property].as_str());
            name.unwrap_or(self.id).to_owned()
        };
        // Of a part of something the id is that of the whole and its own.
        let whole = |id: String| id.split('|').next().unwrap_or_default().to_owned();
        let at = |service: &str, resource: String| {
            format!("arn:aws:{service}:{region}:{account}:{resource}")
        };
        match self.kind {
            "AWS::S3::Bucket" => format!("arn:aws:s3:::{}", named("BucketName")),
            "AWS::S3::BucketPolicy" => format!("arn:aws:s3:::{}", named("Bucket")),
            "AWS::IAM::Role" => format!("arn:aws:iam::{account}:role/{}", named("RoleName")),
            "AWS::Lambda::Function" | "AWS::Lambda::Permission" => at(
                "lambda",
                format!("function:{}", whole(named("FunctionName"))),
            ),
            "AWS::Logs::LogGroup" => at("logs", format!("log-group:{}", named("LogGroupName"))),
            "AWS::CloudWatch::Alarm" => at("cloudwatch", format!("alarm:{}", named("AlarmName"))),
            kind if kind.starts_with("AWS::ApiGatewayV2::") => {
                format!(
                    "arn:aws:apigateway:{region}::/apis/{}",
                    whole(named("ApiId"))
                )
            }
            kind if kind.starts_with("AWS::ApplicationAutoScaling::") => {
                at("application-autoscaling", "scalable-target/0".to_owned())
            }
            kind => self.sagemaker(kind),
        }
    }

    fn sagemaker(&self, kind: &str) -> String {
        // What is there has its ARN for an id.
        if self.id.starts_with("arn:") {
            return self.id.to_owned();
        }
        let CellId { account, region } = self.place;
        let (path, member) = match kind {
            "AWS::SageMaker::Endpoint" => ("endpoint", "EndpointName"),
            "AWS::SageMaker::EndpointConfig" => ("endpoint-config", "EndpointConfigName"),
            _ => ("model", "ModelName"),
        };
        let name = self.properties.and_then(|all| all[member].as_str());
        let name = name.unwrap_or(self.id);
        format!("arn:aws:sagemaker:{region}:{account}:{path}/{name}")
    }
}

/// Puts providers under a guard.
pub(crate) fn guarded(
    providers: Vec<Arc<dyn ResourceProvider>>,
    guard: &Arc<Guard>,
) -> Vec<Arc<dyn ResourceProvider>> {
    let put = |inner| {
        Arc::new(Guarded {
            inner,
            guard: Arc::clone(guard),
        }) as Arc<dyn ResourceProvider>
    };
    providers.into_iter().map(put).collect()
}

/// A provider under a guard.
struct Guarded {
    inner: Arc<dyn ResourceProvider>,
    guard: Arc<Guard>,
}

impl Guarded {
    fn permit(
        &self,
        work: Work,
        id: &str,
        properties: Option<&Value>,
    ) -> Result<(), ResourceError> {
        let Some(caller) = actor().filter(|caller| caller.session.is_some()) else {
            return Ok(());
        };
        let kind = self.inner.definition().name;
        let subject = Subject {
            kind,
            place: &self.guard.place,
            id,
            properties,
            known: match work {
                // What is not there yet has none but those that it is made with.
                Work::Create => request_tags(properties),
                _ => (self.guard.known)(id),
            },
        };
        let wishes = handlers::wishes(work, &subject).ok_or_else(|| {
            ResourceError::new(format!(
                "the local engine does not emulate rights to work on {kind}"
            ))
        })?;
        self.guard
            .authority
            .permit_all(&caller, &wishes)
            .map_err(|denial| worded(kind, &denial))
    }
}

/// Says it as the handler of a resource type does ("`HandlerErrorCode`" of the CloudFormation CLI user guide).
fn worded(kind: &str, denial: &Denial) -> ResourceError {
    let service = kind.split("::").nth(1).unwrap_or_default();
    ResourceError::new(format!(
        "Resource handler returned message: \"{denial} (Service: {service}, Status Code: 403)\" \
         (HandlerErrorCode: AccessDenied)"
    ))
}

#[async_trait]
impl ResourceProvider for Guarded {
    fn definition(&self) -> ResourceType {
        self.inner.definition()
    }

    async fn create(&self, request: &ResourceRequest) -> Result<Resource, ResourceError> {
        self.permit(
            Work::Create,
            &request.physical_name,
            Some(&request.properties),
        )?;
        self.inner.create(request).await
    }

    async fn update(
        &self,
        physical_id: &str,
        previous: &Value,
        request: &ResourceRequest,
    ) -> Result<Resource, ResourceError> {
        self.permit(Work::Update, physical_id, Some(&request.properties))?;
        self.inner.update(physical_id, previous, request).await
    }

    async fn delete(&self, physical_id: &str) -> Result<(), ResourceError> {
        self.permit(Work::Delete, physical_id, None)?;
        self.inner.delete(physical_id).await
    }

    fn read(&self, physical_id: &str, expected: &Value) -> Result<Live, ResourceError> {
        self.permit(Work::Read, physical_id, Some(expected))?;
        self.inner.read(physical_id, expected)
    }
}

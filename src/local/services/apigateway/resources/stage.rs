//! `AWS::ApiGatewayV2::Stage`.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use super::{Unchanged, api_of, change, flag, number, tags, text_map, whole};
use crate::local::resource::{
    Resource, ResourceError, ResourceProvider, ResourceRequest, ResourceType, TIME_LIMIT,
};
use crate::local::services::apigateway::ApiGateway;
use crate::local::services::apigateway::access_log::AccessLog;
use crate::local::services::apigateway::model::{Api, DEFAULT_STAGE, Stage, Throttle};

/// Makes stages. The physical id is `<api id>|<stage name>`: a stage's name alone, which is what the
/// real service has here, would not say whose it is.
pub(super) struct StageProvider(pub(super) Arc<ApiGateway>);

const STAGE: ResourceType = ResourceType {
    name: "AWS::ApiGatewayV2::Stage",
    properties: &[
        "AccessLogSettings",
        "ApiId",
        "AutoDeploy",
        "DefaultRouteSettings",
        "Description",
        "RouteSettings",
        "StageName",
        "StageVariables",
        "Tags",
    ],
    required: &["ApiId", "StageName"],
    create_only: &["ApiId", "StageName"],
    time_limit: TIME_LIMIT,
};

#[async_trait]
impl ResourceProvider for StageProvider {
    fn definition(&self) -> ResourceType {
        STAGE
    }

    async fn create(&self, request: &ResourceRequest) -> Result<Resource, ResourceError> {
        self.put(request)
    }

    async fn update(
        &self,
        _physical_id: &str,
        _previous: &Value,
        request: &ResourceRequest,
    ) -> Result<Resource, ResourceError> {
        self.put(request)
    }

    async fn delete(&self, physical_id: &str) -> Result<(), ResourceError> {
        let Some((api, name)) = physical_id.split_once('|') else {
            return Ok(());
        };
        change(&self.0, |state| {
            if let Some(api) = state.apis.get_mut(api) {
                api.stages.remove(name);
            }
            Ok(())
        })
    }
}

impl StageProvider {
    fn put(&self, request: &ResourceRequest) -> Result<Resource, ResourceError> {
        let name = request.string("StageName").unwrap_or_default().to_owned();
        check_name(&name)?;
        let mut wanted = stage(request)?;
        wanted.created = self.0.clock.epoch_millis();
        change(&self.0, |state| {
            let api = api_of(state, request)?;
            check_routes(api, &wanted)?;
            let stages = &mut api.stages;
            if let Some(there) = stages.get(&name) {
                wanted.created = there.created;
            }
            stages.insert(name.clone(), wanted);
            Ok(())
        })?;
        let api = request.string("ApiId").unwrap_or_default();
        Ok(Resource {
            physical_id: format!("{api}|{name}"),
            attributes: BTreeMap::new(),
        })
    }
}

/// Refuses settings of routes that are not there, as the real service does.
pub(in super::super) fn check_routes(api: &Api, stage: &Stage) -> Result<(), Unchanged> {
    let there: Vec<String> = api
        .routes
        .values()
        .map(|route| route.key.to_string())
        .collect();
    match stage
        .route_throttles
        .keys()
        .find(|key| !there.contains(key))
    {
        None => Ok(()),
        Some(key) => Err(Unchanged::Refused(format!(
            "Unable to find Route by key {key} within the provided RouteSettings"
        ))),
    }
}

fn check_name(name: &str) -> Result<(), ResourceError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if name == DEFAULT_STAGE || (!name.is_empty() && name.bytes().all(allowed)) {
        return Ok(());
    }
    Err(ResourceError::new(
        "Stage name only allows a-zA-Z0-9_- or $default",
    ))
}

pub(in super::super) fn stage(request: &ResourceRequest) -> Result<Stage, ResourceError> {
    let given = &request.properties;
    if !flag(&given["AutoDeploy"]) {
        return Err(ResourceError::new(
            "the local engine does not emulate stages without AutoDeploy",
        ));
    }
    let settings = &given["DefaultRouteSettings"];
    known("DefaultRouteSettings", settings)?;
    let usual = throttle(settings, Throttle::default())?;
    let mut route_throttles = BTreeMap::new();
    let own = given["RouteSettings"].as_object();
    for (key, settings) in own.into_iter().flatten() {
        known("RouteSettings", settings)?;
        route_throttles.insert(key.clone(), throttle(settings, usual)?);
    }
    let access_log = given
        .get("AccessLogSettings")
        .filter(|given| !given.is_null());
    if let Some(settings) = access_log {
        AccessLog::parse(settings).map_err(ResourceError::new)?;
    }
    Ok(Stage {
        auto_deploy: true,
        description: request.string("Description").map(str::to_owned),
        throttle: usual,
        route_throttles,
        detailed_metrics: flag(&settings["DetailedMetricsEnabled"]),
        access_log: access_log.cloned(),
        variables: text_map(&given["StageVariables"]),
        tags: tags(request),
        created: 0,
    })
}

/// Refuses settings that are not emulated.
fn known(property: &str, settings: &Value) -> Result<(), ResourceError> {
    let known = [
        "DetailedMetricsEnabled",
        "ThrottlingBurstLimit",
        "ThrottlingRateLimit",
    ];
    let mut names = settings.as_object().into_iter().flatten();
    match names.find(|(name, _)| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some((name, _)) => Err(ResourceError::new(format!(
            "the local engine does not emulate {property}.{name}"
        ))),
    }
}

/// Reads a throttle; what it leaves open is as `usual`.
fn throttle(settings: &Value, usual: Throttle) -> Result<Throttle, ResourceError> {
    let account = Throttle::default();
    let refused = |name: &str, most: String| {
        ResourceError::new(format!(
            "{name} must be a number from 0 to the account's {most}"
        ))
    };
    let burst = match &settings["ThrottlingBurstLimit"] {
        Value::Null => Some(usual.burst),
        value => whole(value)
            .and_then(|burst| u32::try_from(burst).ok())
            .filter(|burst| *burst <= account.burst),
    };
    let rate = match &settings["ThrottlingRateLimit"] {
        Value::Null => Some(usual.rate),
        value => number(value).filter(|rate| (0.0..=account.rate).contains(rate)),
    };
    Ok(Throttle {
        rate: rate.ok_or_else(|| refused("ThrottlingRateLimit", account.rate.to_string()))?,
        burst: burst.ok_or_else(|| refused("ThrottlingBurstLimit", account.burst.to_string()))?,
    })
}

//! An HTTP API and its parts.

use serde_json::{Map, Value, json};

use super::{Services, object};
use crate::aws::fault::{fault, incomplete};
use crate::cloud::CloudFault;

/// Pages of routes that are read at most.
const PAGES: usize = 20;

impl Services {
    /// Tells the API and, so that a route that nobody expects is seen, the keys of all routes by their ids.
    pub(super) async fn api(&self, id: &str) -> Result<Map<String, Value>, CloudFault> {
        let answer = self.apis.get_api().api_id(id).send().await;
        let answer = answer.map_err(|error| fault("GetApi", &error))?;
        let cors = answer.cors_configuration.map(|cors| {
            json!({
                "AllowCredentials": cors.allow_credentials.unwrap_or(false),
                "AllowHeaders": cors.allow_headers.unwrap_or_default(),
                "AllowMethods": cors.allow_methods.unwrap_or_default(),
                "AllowOrigins": cors.allow_origins.unwrap_or_default(),
                "ExposeHeaders": cors.expose_headers.unwrap_or_default(),
                "MaxAge": cors.max_age,
            })
        });
        Ok(object([
            ("CorsConfiguration", json!(cors)),
            ("Description", json!(answer.description)),
            (
                "DisableExecuteApiEndpoint",
                json!(answer.disable_execute_api_endpoint.unwrap_or(false)),
            ),
            ("Name", json!(answer.name)),
            ("Routes", self.routes(id).await?),
        ]))
    }

    async fn routes(&self, api: &str) -> Result<Value, CloudFault> {
        let mut found = Map::new();
        let mut token = None;
        for _ in 0..PAGES {
            let answer = self
                .apis
                .get_routes()
                .api_id(api)
                .set_next_token(token)
                .send()
                .await
                .map_err(|error| fault("GetRoutes", &error))?;
            let routes = answer.items.unwrap_or_default();
            found.extend(
                routes
                    .into_iter()
                    .filter_map(|route| Some((route.route_id?, json!(route.route_key?)))),
            );
            token = answer.next_token;
            if token.is_none() {
                return Ok(Value::Object(found));
            }
        }
        Err(incomplete("GetRoutes", "an end"))
    }

    pub(super) async fn route(
        &self,
        api: &str,
        id: &str,
    ) -> Result<Map<String, Value>, CloudFault> {
        let answer = self.apis.get_route().api_id(api).route_id(id).send().await;
        let answer = answer.map_err(|error| fault("GetRoute", &error))?;
        let authorization = answer.authorization_type;
        Ok(object([
            (
                "AuthorizationType",
                json!(authorization.map(|kind| kind.as_str().to_owned())),
            ),
            ("RouteKey", json!(answer.route_key)),
            ("Target", json!(answer.target)),
        ]))
    }

    pub(super) async fn integration(
        &self,
        api: &str,
        id: &str,
    ) -> Result<Map<String, Value>, CloudFault> {
        let answer = self
            .apis
            .get_integration()
            .api_id(api)
            .integration_id(id)
            .send()
            .await
            .map_err(|error| fault("GetIntegration", &error))?;
        let kind = answer.integration_type.map(|kind| kind.as_str().to_owned());
        Ok(object([
            ("IntegrationType", json!(kind)),
            ("IntegrationUri", json!(answer.integration_uri)),
            ("PayloadFormatVersion", json!(answer.payload_format_version)),
            ("TimeoutInMillis", json!(answer.timeout_in_millis)),
        ]))
    }

    pub(super) async fn stage(
        &self,
        api: &str,
        name: &str,
    ) -> Result<Map<String, Value>, CloudFault> {
        let answer = self
            .apis
            .get_stage()
            .api_id(api)
            .stage_name(name)
            .send()
            .await;
        let answer = answer.map_err(|error| fault("GetStage", &error))?;
        let routes = answer.default_route_settings.map(|set| {
            json!({
                "DetailedMetricsEnabled": set.detailed_metrics_enabled.unwrap_or(false),
                "ThrottlingBurstLimit": set.throttling_burst_limit,
                "ThrottlingRateLimit": set.throttling_rate_limit,
            })
        });
        let logs = answer
            .access_log_settings
            .map(|set| json!({ "DestinationArn": set.destination_arn, "Format": set.format }));
        Ok(object([
            ("AccessLogSettings", json!(logs)),
            ("AutoDeploy", json!(answer.auto_deploy.unwrap_or(false))),
            ("DefaultRouteSettings", json!(routes)),
            (
                "StageVariables",
                json!(answer.stage_variables.unwrap_or_default()),
            ),
        ]))
    }
}

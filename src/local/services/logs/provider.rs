//! `AWS::Logs::LogGroup`.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::store::Group;
use super::{Logs, LogsFault};
use crate::local::resource::{
    Live, Resource, ResourceError, ResourceProvider, ResourceRequest, ResourceType, TIME_LIMIT,
};

/// Provider of log groups.
pub(super) struct Groups(pub(super) Arc<Logs>);

const LOG_GROUP: ResourceType = ResourceType {
    name: "AWS::Logs::LogGroup",
    properties: &["LogGroupName", "RetentionInDays", "Tags"],
    required: &[],
    create_only: &["LogGroupName"],
    time_limit: TIME_LIMIT,
};

#[async_trait]
impl ResourceProvider for Groups {
    fn definition(&self) -> ResourceType {
        LOG_GROUP
    }

    async fn create(&self, request: &ResourceRequest) -> Result<Resource, ResourceError> {
        let name = request
            .string("LogGroupName")
            .unwrap_or(&request.physical_name);
        let owner = format!(
            "{}/{}/{}",
            request.stack_id, request.logical_id, request.physical_name
        );
        let store = &self.0.store;
        match store.create_group(name, &owner, self.0.clock.epoch_millis()) {
            Err(LogsFault::Exists(_))
                if store.group(name).is_ok_and(|group| group.owner == owner) => {}
            Err(LogsFault::Exists(_)) => {
                return Err(ResourceError::new(format!(
                    "Resource of type 'AWS::Logs::LogGroup' with identifier '{{\"/properties/LogGroupName\":\"{name}\"}}' already exists."
                )));
            }
            other => other.map_err(reason)?,
        }
        let applied = store.change_group(name, |group| apply(group, request));
        if let Err(fault) = applied {
            // A group that could not be made as wanted must not stay.
            store.delete_group(name).map_err(reason)?;
            return Err(reason(fault));
        }
        Ok(resource(name, request))
    }

    async fn update(
        &self,
        physical_id: &str,
        _previous: &Value,
        request: &ResourceRequest,
    ) -> Result<Resource, ResourceError> {
        self.0
            .store
            .change_group(physical_id, |group| apply(group, request))
            .map_err(reason)?;
        Ok(resource(physical_id, request))
    }

    async fn delete(&self, physical_id: &str) -> Result<(), ResourceError> {
        match self.0.store.delete_group(physical_id) {
            Ok(()) | Err(LogsFault::Missing(_)) => Ok(()),
            Err(fault) => Err(reason(fault)),
        }
    }

    fn read(&self, physical_id: &str, expected: &Value) -> Result<Live, ResourceError> {
        match self.0.store.group(physical_id) {
            Ok(group) => Ok(Live::over(
                expected,
                [("RetentionInDays", json!(group.retention_days))],
            )),
            Err(LogsFault::Missing(_)) => Ok(Live::Missing),
            Err(fault) => Err(reason(fault)),
        }
    }
}

fn apply(group: &mut Group, request: &ResourceRequest) {
    let days = request.properties.get("RetentionInDays");
    // What is no number becomes one that no retention has, and is refused as such.
    group.retention_days = days.map(|days| {
        days.as_u64()
            .or_else(|| days.as_str()?.parse().ok())
            .unwrap_or_default()
    });
    group.tags.clone_from(&request.tags);
    for tag in request
        .properties
        .get("Tags")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        if let (Some(key), Some(value)) = (tag["Key"].as_str(), tag["Value"].as_str()) {
            group.tags.insert(key.to_owned(), value.to_owned());
        }
    }
}

fn resource(name: &str, request: &ResourceRequest) -> Resource {
    let arn = format!(
        "arn:aws:logs:{}:{}:log-group:{name}:*",
        request.region, request.account
    );
    Resource {
        physical_id: name.to_owned(),
        attributes: [("Arn".to_owned(), json!(arn))].into(),
    }
}

fn reason(fault: LogsFault) -> ResourceError {
    match fault {
        LogsFault::Files(error) => ResourceError::new(format!(
            "the local engine cannot use its log files: {error}"
        )),
        other => ResourceError::new(format!(
            "{other} (Service: CloudWatchLogs, Status Code: 400)"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::clock::Clock;

    fn request(physical_name: &str, properties: Value) -> ResourceRequest {
        ResourceRequest {
            stack_name: "app".into(),
            stack_id: "arn:stack".into(),
            logical_id: "Group".into(),
            physical_name: physical_name.into(),
            region: "eu-west-1".into(),
            account: "000000000000".into(),
            properties,
            tags: [("team".to_owned(), "news".to_owned())].into(),
        }
    }

    #[tokio::test]
    async fn a_group_belongs_to_its_resource() {
        let folder = tempfile::tempdir().unwrap();
        let logs = Arc::new(
            Logs::open(
                folder.path().join("logs"),
                "000000000000".into(),
                Clock::start(),
            )
            .unwrap(),
        );
        let groups = Groups(Arc::clone(&logs));
        let fixed = json!({ "LogGroupName": "/aws/lambda/f", "RetentionInDays": 14 });
        let made = groups.create(&request("one", fixed.clone())).await.unwrap();
        assert_eq!(
            made.attributes["Arn"],
            "arn:aws:logs:eu-west-1:000000000000:log-group:/aws/lambda/f:*"
        );
        assert_eq!(
            groups.create(&request("one", fixed.clone())).await.unwrap(),
            made
        );
        let error = groups.create(&request("two", fixed)).await.unwrap_err();
        assert!(error.message.contains("already exists"), "{error}");
        let retention = json!({ "LogGroupName": "/aws/lambda/f", "RetentionInDays": "30" });
        groups
            .update("/aws/lambda/f", &Value::Null, &request("one", retention))
            .await
            .unwrap();
        let group = logs.store.group("/aws/lambda/f").unwrap();
        assert_eq!(
            (group.retention_days, group.tags["team"].as_str()),
            (Some(30), "news")
        );
        groups.delete("/aws/lambda/f").await.unwrap();
        groups.delete("/aws/lambda/f").await.unwrap();
        let error = groups
            .create(&request("x", json!({ "RetentionInDays": 2 })))
            .await
            .unwrap_err();
        assert!(error.message.contains("2 days"), "{error}");
        assert!(logs.store.groups("").unwrap().is_empty());
    }
}

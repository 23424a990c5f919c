//! A cloud in which nothing is, and in which nothing can be changed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;

use super::fault;
use crate::cloud::alarms::{Alarm, Alarms};
use crate::cloud::artifacts::{
    Artifacts, ObjectPage, Place, Refusal, Sent, Source, Version, VersionPage,
};
use crate::cloud::checkup::{BucketOwner, Checkup, CredentialSource, Question, Refused};
use crate::cloud::copies::{Arrival, At, Content, Copied, Copies, Found, Origin};
use crate::cloud::drift::{
    Deployed, DeployedResource, Detected, Detection, Live, ReadBack, StackDrift,
};
use crate::cloud::endpoints::{EndpointState, Endpoints};
use crate::cloud::functions::{FunctionAnswer, Functions};
use crate::cloud::identity::{Caller, Identity};
use crate::cloud::inventory::{Inventory, Item, Scope};
use crate::cloud::logs::{LogEvents, LogPage, Logs, Search, Streams};
use crate::cloud::prices::PriceList;
use crate::cloud::quotas::Quotas;
use crate::cloud::records::{Expected, Record, Records, Written};
use crate::cloud::registry::{NewVersion, Registry, Version as ModelVersion};
use crate::cloud::stacks::{
    ChangeRequest, ChangeStatus, Changes, Operation, StackEvent, StackResource, StackState, Stacks,
    Withdrawals,
};
use crate::cloud::training::{Training, TrainingRequest, TrainingState};
use crate::cloud::transform::{TransformRequest, TransformState, Transforms};
use crate::cloud::web::{Credential, Web, WebAnswer};
use crate::cloud::{CloudFault, FaultKind};

/// A cloud in which nothing is.
pub(super) struct Nothing;

fn refused<T>() -> Result<T, CloudFault> {
    Err(fault(FaultKind::Rejected))
}

#[async_trait]
impl Identity for Nothing {
    async fn caller(&self) -> Result<Caller, CloudFault> {
        refused()
    }
}

#[async_trait]
impl Stacks for Nothing {
    async fn describe(&self, _: &str) -> Result<Option<StackState>, CloudFault> {
        Ok(None)
    }

    async fn list(&self) -> Result<Vec<String>, CloudFault> {
        Ok(Vec::new())
    }

    async fn resources(&self, _: &str) -> Result<Vec<StackResource>, CloudFault> {
        Ok(Vec::new())
    }

    async fn events(
        &self,
        _: &str,
        _: &str,
        _: Option<&str>,
    ) -> Result<Vec<StackEvent>, CloudFault> {
        Ok(Vec::new())
    }

    async fn objections(&self, _: &str, _: &str) -> Result<Vec<StackEvent>, CloudFault> {
        Ok(Vec::new())
    }

    async fn newest_event(&self, _: &str) -> Result<Option<StackEvent>, CloudFault> {
        Ok(None)
    }
}

#[async_trait]
impl Changes for Nothing {
    async fn submit(&self, _: &ChangeRequest) -> Result<(), CloudFault> {
        refused()
    }

    async fn look(&self, _: &str, _: &str) -> Result<ChangeStatus, CloudFault> {
        refused()
    }

    async fn waiting(&self, _: &str) -> Result<Vec<String>, CloudFault> {
        Ok(Vec::new())
    }

    async fn execute(&self, _: &str, _: &str) -> Result<(), CloudFault> {
        refused()
    }

    async fn discard(&self, _: &str, _: &str) -> Result<(), CloudFault> {
        Ok(())
    }
}

#[async_trait]
impl Withdrawals for Nothing {
    async fn delete(&self, _: &str, _: &Operation) -> Result<(), CloudFault> {
        Ok(())
    }

    async fn roll_back(&self, _: &str, _: &Operation) -> Result<(), CloudFault> {
        refused()
    }

    async fn continue_roll_back(&self, _: &str, _: &Operation) -> Result<(), CloudFault> {
        refused()
    }
}

#[async_trait]
impl Artifacts for Nothing {
    async fn size(&self, _: &str, _: &str) -> Result<Option<u64>, CloudFault> {
        Ok(None)
    }

    async fn get(&self, _: &str, _: &str, _: u64) -> Result<Option<Bytes>, CloudFault> {
        Ok(None)
    }

    async fn download(&self, _: &str, _: &str, _: &Path) -> Result<Option<u64>, CloudFault> {
        Ok(None)
    }

    async fn put(&self, _: &str, _: &str, _: &Source, _: Sent<'_>) -> Result<(), CloudFault> {
        refused()
    }

    async fn list(&self, _: &str, _: &str, _: Option<&str>) -> Result<ObjectPage, CloudFault> {
        Ok(ObjectPage::default())
    }

    async fn versions(&self, _: &str, _: Option<&Place>) -> Result<VersionPage, CloudFault> {
        Ok(VersionPage::default())
    }

    async fn remove(&self, _: &str, _: &[Version]) -> Result<Vec<Refusal>, CloudFault> {
        Ok(Vec::new())
    }

    async fn abort_uploads(&self, _: &str) -> Result<usize, CloudFault> {
        Ok(0)
    }
}

#[async_trait]
impl Copies for Nothing {
    async fn find(&self, _: &At) -> Result<Option<Found>, CloudFault> {
        Ok(None)
    }

    async fn read(&self, _: &At, _: &str, _: u64, _: &mut [u8]) -> Result<(), CloudFault> {
        refused()
    }

    async fn digest(&self, _: &At) -> Result<Option<Content>, CloudFault> {
        Ok(None)
    }

    async fn copy(&self, _: &At, _: &str, _: &At) -> Result<Copied, CloudFault> {
        refused()
    }

    async fn receive(
        &self,
        _: Origin<'_>,
        _: &At,
        _: &str,
        _: Sent<'_>,
    ) -> Result<Arrival, CloudFault> {
        refused()
    }
}

#[async_trait]
impl Records for Nothing {
    async fn read(&self, _: &str, _: &str) -> Result<Option<Record>, CloudFault> {
        Err(fault(FaultKind::NotFound))
    }

    async fn write(
        &self,
        _: &str,
        _: &str,
        _: &str,
        _: Expected<'_>,
    ) -> Result<Written, CloudFault> {
        Err(fault(FaultKind::NotFound))
    }

    async fn remove(&self, _: &str, _: &str, _: &str) -> Result<Written, CloudFault> {
        Err(fault(FaultKind::NotFound))
    }
}

#[async_trait]
impl Training for Nothing {
    async fn start(&self, _: &TrainingRequest) -> Result<(), CloudFault> {
        refused()
    }

    async fn describe(&self, _: &str) -> Result<Option<TrainingState>, CloudFault> {
        Ok(None)
    }

    async fn list(&self, _: &str) -> Result<Vec<String>, CloudFault> {
        Ok(Vec::new())
    }

    async fn stop(&self, _: &str) -> Result<(), CloudFault> {
        Ok(())
    }

    async fn delete(&self, _: &str) -> Result<(), CloudFault> {
        Ok(())
    }
}

#[async_trait]
impl Transforms for Nothing {
    async fn start(&self, _: &TransformRequest) -> Result<(), CloudFault> {
        refused()
    }

    async fn describe(&self, _: &str) -> Result<Option<TransformState>, CloudFault> {
        Ok(None)
    }

    async fn list(&self, _: &str) -> Result<Vec<TransformState>, CloudFault> {
        Ok(Vec::new())
    }

    async fn stop(&self, _: &str) -> Result<(), CloudFault> {
        Ok(())
    }
}

#[async_trait]
impl Registry for Nothing {
    async fn versions(&self, _: &str) -> Result<Vec<ModelVersion>, CloudFault> {
        Ok(Vec::new())
    }

    async fn register(&self, _: &NewVersion) -> Result<String, CloudFault> {
        refused()
    }

    async fn approve(&self, _: &str, _: &str) -> Result<(), CloudFault> {
        refused()
    }

    async fn remove(&self, _: &str) -> Result<(), CloudFault> {
        Ok(())
    }

    async fn remove_group(&self, _: &str) -> Result<(), CloudFault> {
        Ok(())
    }
}

#[async_trait]
impl Checkup for Nothing {
    async fn credentials(&self) -> Result<CredentialSource, CloudFault> {
        refused()
    }

    async fn knock(&self, _: &str, _: Duration) -> Result<Option<Timestamp>, CloudFault> {
        refused()
    }

    async fn refused(&self, _: &str, _: &[Question]) -> Result<Vec<Refused>, CloudFault> {
        refused()
    }

    async fn bucket(&self, _: &str, _: &str) -> Result<BucketOwner, CloudFault> {
        Ok(BucketOwner::Free)
    }
}

#[async_trait]
impl PriceList for Nothing {
    async fn products(&self, _: &str, _: &[(&str, String)]) -> Result<Vec<Value>, CloudFault> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl Quotas for Nothing {
    async fn values(
        &self,
        _: &str,
        _: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, f64>, CloudFault> {
        Ok(BTreeMap::new())
    }
}

#[async_trait]
impl Logs for Nothing {
    async fn read(
        &self,
        _: &str,
        _: &str,
        _: Option<&str>,
        _: Streams,
    ) -> Result<LogPage, CloudFault> {
        Ok(LogPage::default())
    }

    async fn search(&self, _: &Search<'_>, _: Option<&str>) -> Result<LogEvents, CloudFault> {
        Ok(LogEvents::default())
    }

    async fn delete_streams(&self, _: &str, _: &str) -> Result<(), CloudFault> {
        Ok(())
    }
}

#[async_trait]
impl Alarms for Nothing {
    async fn list(&self, _: &str) -> Result<Vec<Alarm>, CloudFault> {
        refused()
    }
}

#[async_trait]
impl Functions for Nothing {
    async fn code_sha256(&self, _: &str) -> Result<Option<String>, CloudFault> {
        Ok(None)
    }

    async fn call(&self, _: &str, _: &str) -> Result<FunctionAnswer, CloudFault> {
        refused()
    }
}

#[async_trait]
impl Endpoints for Nothing {
    async fn describe(&self, _: &str) -> Result<Option<EndpointState>, CloudFault> {
        Ok(None)
    }

    async fn invoke(&self, _: &str, _: &str) -> Result<String, CloudFault> {
        refused()
    }
}

#[async_trait]
impl StackDrift for Nothing {
    async fn deployed(&self, _: &str) -> Result<Deployed, CloudFault> {
        refused()
    }

    async fn start(&self, _: &str) -> Result<String, CloudFault> {
        refused()
    }

    async fn progress(&self, _: &str) -> Result<Detection, CloudFault> {
        refused()
    }

    async fn found(&self, _: &str) -> Result<Vec<Detected>, CloudFault> {
        refused()
    }
}

#[async_trait]
impl ReadBack for Nothing {
    async fn read(&self, _: &DeployedResource, _: &Value) -> Result<Live, CloudFault> {
        Ok(Live::NotRead)
    }
}

#[async_trait]
impl Inventory for Nothing {
    async fn items(&self, _: &Scope) -> Result<Vec<Item>, CloudFault> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl Web for Nothing {
    async fn post_json(&self, _: &str, _: &str) -> Result<WebAnswer, CloudFault> {
        refused()
    }

    async fn post_json_as(
        &self,
        _: &str,
        _: &str,
        _: &Credential,
    ) -> Result<WebAnswer, CloudFault> {
        refused()
    }

    async fn get(&self, _: &str, _: Duration) -> Result<WebAnswer, CloudFault> {
        refused()
    }

    async fn sign_post(&self, _: &str, _: &str) -> Result<Vec<(String, String)>, CloudFault> {
        refused()
    }
}

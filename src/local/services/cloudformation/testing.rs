//! A scripted provider, and a service on it, for tests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::http::{HeaderMap, Method};
use serde_json::{Value, json};

use super::registry::Registry;
use super::{CloudFormation, CloudFormationParts};
use crate::local::auth::Caller;
use crate::local::clock::Clock;
use crate::local::journal::Journal;
use crate::local::resource::{
    Live, Resource, ResourceError, ResourceProvider, ResourceRequest, ResourceType, TIME_LIMIT,
};
use crate::local::wire::ApiRequest;

/// What a test's cloud holds and how it behaves; it outlives the engine, as a real one does.
#[derive(Default)]
pub(crate) struct World {
    /// Calls in order, e.g. `create A`.
    pub(crate) calls: Vec<String>,
    /// Physical ids of what exists, with properties.
    pub(crate) exists: BTreeMap<String, Value>,
    /// Calls that fail, e.g. `create A`.
    pub(crate) fails: BTreeSet<String>,
    /// Calls that never end.
    pub(crate) hangs: BTreeSet<String>,
    owners: BTreeMap<String, String>,
}

/// Makes things of one type, each in ten seconds.
pub(crate) struct Things {
    pub(crate) kind: &'static str,
    pub(crate) world: Arc<Mutex<World>>,
}

impl Things {
    async fn call(&self, verb: &str, logical_id: &str) -> Result<(), ResourceError> {
        let call = format!("{verb} {logical_id}");
        let (fails, hangs) = {
            let mut world = self.world.lock().unwrap();
            world.calls.push(call.clone());
            (world.fails.contains(&call), world.hangs.contains(&call))
        };
        if hangs {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(Duration::from_secs(10)).await;
        if fails {
            Err(ResourceError::new(format!("scripted: {call}")))
        } else {
            Ok(())
        }
    }
}

#[async_trait]
impl ResourceProvider for Things {
    fn definition(&self) -> ResourceType {
        let (properties, create_only): (&[&str], &[&str]) = match self.kind {
            "Test::Plain" => (&["Size"], &[]),
            _ => (&["Name", "Size", "Fixed", "Tags"], &["Name", "Fixed"]),
        };
        ResourceType {
            name: self.kind,
            properties,
            required: match self.kind {
                "Test::Needy" => &["Size"],
                _ => &[],
            },
            create_only,
            time_limit: TIME_LIMIT,
        }
    }

    async fn create(&self, request: &ResourceRequest) -> Result<Resource, ResourceError> {
        self.call("create", &request.logical_id).await?;
        let id = request
            .string("Name")
            .unwrap_or(&request.physical_name)
            .to_owned();
        let mut world = self.world.lock().unwrap();
        match world.owners.get(&id) {
            Some(owner) if *owner != request.physical_name => {
                return Err(ResourceError::new(format!("{id} already exists")));
            }
            _ => {}
        }
        world
            .owners
            .insert(id.clone(), request.physical_name.clone());
        world.exists.insert(id.clone(), request.properties.clone());
        Ok(Resource {
            attributes: [("Arn".to_owned(), json!(format!("arn:{id}")))].into(),
            physical_id: id,
        })
    }

    async fn update(
        &self,
        id: &str,
        _: &Value,
        request: &ResourceRequest,
    ) -> Result<Resource, ResourceError> {
        self.call("update", &request.logical_id).await?;
        self.world
            .lock()
            .unwrap()
            .exists
            .insert(id.to_owned(), request.properties.clone());
        Ok(Resource {
            attributes: [("Arn".to_owned(), json!(format!("arn:{id}")))].into(),
            physical_id: id.into(),
        })
    }

    async fn delete(&self, id: &str) -> Result<(), ResourceError> {
        let logical_id = id.split('-').nth(1).unwrap_or(id).to_owned();
        self.call("delete", &logical_id).await?;
        let mut world = self.world.lock().unwrap();
        world.exists.remove(id);
        world.owners.remove(id);
        Ok(())
    }

    fn read(&self, id: &str, _: &Value) -> Result<Live, ResourceError> {
        let world = self.world.lock().unwrap();
        Ok(match world.exists.get(id) {
            _ if self.kind == "Test::Plain" => Live::Unsupported,
            Some(properties) => Live::Properties(properties.clone()),
            None => Live::Missing,
        })
    }
}

/// Providers of the types of tests.
pub(crate) fn providers(world: &Arc<Mutex<World>>) -> Vec<Arc<dyn ResourceProvider>> {
    [
        "Test::Thing",
        "Test::Needy",
        "Test::Plain",
        "AWS::IAM::Role",
    ]
    .map(|kind| {
        Arc::new(Things {
            kind,
            world: Arc::clone(world),
        }) as Arc<dyn ResourceProvider>
    })
    .into()
}

/// The registry of those types.
pub(crate) fn registry() -> Registry {
    Registry::new(providers(&Arc::default()))
}

/// A service over a folder and a world.
pub(crate) struct Bed {
    pub(crate) service: Arc<CloudFormation>,
    pub(crate) world: Arc<Mutex<World>>,
}

impl Bed {
    /// Opens the service in `folder` and carries on what was in flight.
    pub(crate) fn open(folder: &Path, world: &Arc<Mutex<World>>) -> Self {
        let clock = Clock::start();
        let service = CloudFormation::open(CloudFormationParts {
            path: folder.join("cloudformation.json").into(),
            clock,
            account: "000000000000".into(),
            journal: Arc::new(Journal::open(folder.join("engine.log"), clock).unwrap()),
            providers: providers(world),
        })
        .unwrap();
        service.resume();
        Self {
            service,
            world: Arc::clone(world),
        }
    }

    /// Sends a request; returns the XML, or the code and message of the error.
    pub(crate) async fn call(
        &self,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Result<String, String> {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", action).extend_pairs(parameters);
        let response = self.service.handle(&ApiRequest {
            method: Method::POST,
            path: "/".into(),
            query: String::new(),
            headers: HeaderMap::new(),
            body: form.finish().into(),
            region: "us-east-1".into(),
            caller: Caller::root("000000000000"),
        });
        let good = response.status().is_success();
        let body = axum::body::to_bytes(response.into_body(), 10_000_000)
            .await
            .unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        if good {
            Ok(text)
        } else {
            Err(format!(
                "{}: {}",
                first(&text, "Code"),
                first(&text, "Message")
            ))
        }
    }

    /// Creates and executes a change set and waits for the stack's end.
    pub(crate) async fn deploy(&self, kind: &str, template: &str, more: &[(&str, &str)]) -> String {
        let name = format!("set-{}", crate::local::ids::suffix(6));
        let mut parameters = vec![
            ("StackName", "app"),
            ("ChangeSetName", &name),
            ("ChangeSetType", kind),
            ("TemplateBody", template),
        ];
        parameters.extend_from_slice(more);
        self.call("CreateChangeSet", &parameters).await.unwrap();
        self.call(
            "ExecuteChangeSet",
            &[("StackName", "app"), ("ChangeSetName", &name)],
        )
        .await
        .unwrap();
        self.settled().await
    }

    /// Waits until the stack is at rest and returns its status.
    pub(crate) async fn settled(&self) -> String {
        for _ in 0..10_000 {
            let status = self.status();
            if !status.ends_with("_IN_PROGRESS") {
                return status;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        panic!("still {}", self.status());
    }

    /// Returns the status of the newest stack.
    pub(crate) fn status(&self) -> String {
        self.service.state.read(|state| {
            state
                .stacks
                .values()
                .next_back()
                .unwrap()
                .status
                .name()
                .to_owned()
        })
    }

    /// Takes the calls that were made since the last time.
    pub(crate) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.world.lock().unwrap().calls)
    }

    /// Returns the resource and stack events of the newest stack, oldest first, as `A CREATE_COMPLETE`.
    pub(crate) fn events(&self) -> Vec<String> {
        self.service.state.read(|state| {
            let stack = state.stacks.values().next_back().unwrap();
            stack
                .events
                .iter()
                .map(|event| format!("{} {}", event.logical_id, event.status))
                .collect()
        })
    }
}

/// Returns the text of the first element `tag`.
pub(crate) fn first(xml: &str, tag: &str) -> String {
    let start = format!("<{tag}>");
    xml.split_once(&start)
        .and_then(|(_, rest)| rest.split_once("</"))
        .map(|(text, _)| text.to_owned())
        .unwrap_or_default()
}

//! Notebooks: people's own code, next to the data, with credentials of a role.

use crate::code::Example;
use crate::policy::finding::{Policy, Severity, Sighting};
use crate::policy::subject::{Subject, is_or_may_be};

const NOTEBOOK: &str = "AWS::SageMaker::NotebookInstance";

pub(super) const POLICIES: &[Policy] = &[
    Policy {
        id: "NOTEBOOK-IMDS",
        severity: Severity::Error,
        title: "Notebooks take version 2 of the metadata service only",
        reason: "version 1 hands the role's credentials to any code that can be made to fetch a URL",
        remedy: "set `InstanceMetadataServiceConfiguration` to the minimum version `2`",
        example: Example {
            before: "\
Notebook:
  Type: AWS::SageMaker::NotebookInstance",
            after: "\
Notebook:
  Type: AWS::SageMaker::NotebookInstance
  Properties:
    InstanceMetadataServiceConfiguration:
      MinimumInstanceMetadataServiceVersion: '2'",
        },
        check: metadata_service,
    },
    Policy {
        id: "NOTEBOOK-ROOT-INTERNET",
        severity: Severity::Warning,
        title: "No notebook has both root and the open internet",
        reason: "an installed package can then change the machine and send the data away",
        remedy: "disable `RootAccess`, or put the notebook into a VPC and disable `DirectInternetAccess`",
        example: Example {
            before: "\
Notebook:
  Type: AWS::SageMaker::NotebookInstance",
            after: "\
Notebook:
  Type: AWS::SageMaker::NotebookInstance
  Properties:
    RootAccess: Disabled",
        },
        check: root_and_internet,
    },
];

fn metadata_service(subject: &Subject<'_>) -> Vec<Sighting> {
    const VERSION: &str =
        "/InstanceMetadataServiceConfiguration/MinimumInstanceMetadataServiceVersion";
    subject
        .of_type(NOTEBOOK)
        .filter(|notebook| {
            let version = notebook.property(VERSION);
            !is_or_may_be(version, "2") && version != Some(&2.into())
        })
        .map(|notebook| {
            notebook.sighting(
                VERSION,
                "the notebook answers version 1 of the metadata service",
            )
        })
        .collect()
}

fn root_and_internet(subject: &Subject<'_>) -> Vec<Sighting> {
    subject
        .of_type(NOTEBOOK)
        .filter(|notebook| {
            !is_or_may_be(notebook.property("/RootAccess"), "Disabled")
                && !is_or_may_be(notebook.property("/DirectInternetAccess"), "Disabled")
        })
        .map(|notebook| notebook.sighting("/RootAccess", "the notebook has root and the internet"))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::on_resource;
    use super::*;

    #[test]
    fn the_first_metadata_service_is_off() {
        let find = |version: &str| {
            let service = json!({"MinimumInstanceMetadataServiceVersion": version});
            let notebook = json!({"InstanceMetadataServiceConfiguration": service});
            on_resource("NOTEBOOK-IMDS", NOTEBOOK, notebook)
        };
        assert!(find("2").is_empty());
        assert_eq!(find("1").len(), 1);
        assert_eq!(on_resource("NOTEBOOK-IMDS", NOTEBOOK, json!({})).len(), 1);
    }

    #[test]
    fn root_or_internet_but_not_both() {
        let find = |notebook| on_resource("NOTEBOOK-ROOT-INTERNET", NOTEBOOK, notebook);
        assert_eq!(find(json!({})).len(), 1);
        assert!(find(json!({"RootAccess": "Disabled"})).is_empty());
        assert!(find(json!({"DirectInternetAccess": "Disabled"})).is_empty());
    }
}

//! The regions of AWS, the domain of each, and the account that holds its container images.

use std::sync::LazyLock;

use indexmap::IndexMap;
use serde::Deserialize;

/// What is known of a region.
#[derive(Debug, Deserialize)]
pub(in crate::stack) struct RegionFacts {
    /// What the names of its hosts end with, such as `amazonaws.com`.
    pub(in crate::stack) dns_suffix: String,
    /// The account whose registry has the Hugging Face containers, where there are any.
    pub(in crate::stack) registry: Option<String>,
}

#[derive(Deserialize)]
struct Table {
    regions: IndexMap<String, RegionFacts>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    serde_json::from_str(include_str!("regions.json")).expect("the embedded table is tested")
});

/// Looks a region up.
pub(in crate::stack) fn region(name: &str) -> Option<&'static RegionFacts> {
    TABLE.regions.get(name)
}

/// What the names of a region's hosts end with; `amazonaws.com` for one that is not known.
pub fn dns_suffix(name: &str) -> &'static str {
    region(name).map_or("amazonaws.com", |facts| &facts.dns_suffix)
}

/// The host of the registry with AWS's containers in a region, where there is one.
pub fn registry_host(name: &str) -> Option<String> {
    let facts = region(name)?;
    let account = facts.registry.as_ref()?;
    Some(format!("{account}.dkr.ecr.{name}.{}", facts.dns_suffix))
}

/// The partition of a region, as ARNs begin with it.
pub fn partition(name: &str) -> Option<&'static str> {
    Some(match region(name)?.dns_suffix.as_str() {
        "amazonaws.com.cn" => "aws-cn",
        "c2s.ic.gov" => "aws-iso",
        "sc2s.sgov.gov" => "aws-iso-b",
        "cloud.adc-e.uk" => "aws-iso-e",
        "csp.hci.ic.gov" => "aws-iso-f",
        "amazonaws.eu" => "aws-eusc",
        _ if name.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    })
}

/// The names of all regions.
pub(in crate::stack) fn region_names() -> Vec<&'static str> {
    TABLE.regions.keys().map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_can_be_read_and_knows_the_partitions() {
        let ireland = region("eu-west-1").unwrap();
        assert_eq!(ireland.registry.as_deref(), Some("763104351884"));
        assert_eq!(region("cn-north-1").unwrap().dns_suffix, "amazonaws.com.cn");
        assert!(region("eu-west-9").is_none());
        assert_eq!(partition("us-gov-west-1"), Some("aws-us-gov"));
        assert_eq!(partition("cn-north-1"), Some("aws-cn"));
        assert_eq!(partition("eu-west-1"), Some("aws"));
        assert!(region_names().len() > 40);
        assert_eq!(
            registry_host("eu-west-1").as_deref(),
            Some("763104351884.dkr.ecr.eu-west-1.amazonaws.com")
        );
        assert_eq!(registry_host("eu-west-9"), None);
    }
}

//! What one resource's word must be compared with others of its stack for. Pure.

use serde_json::{Map, Value};

use super::compare::{Difference, text};
use super::expected::Expected;
use crate::cloud::drift::DeployedResource;

/// Finds routes that are no resources of the stack.
pub(super) fn routes(live: &Map<String, Value>, resources: &[DeployedResource]) -> Vec<Difference> {
    let there = live.get("Routes").and_then(Value::as_object);
    there
        .into_iter()
        .flatten()
        .filter(|(id, _)| {
            !resources.iter().any(|resource| {
                resource.kind == "AWS::ApiGatewayV2::Route" && resource.physical_id == **id
            })
        })
        .map(|(_, key)| Difference {
            path: format!("/Routes/{}", text(key)),
            expected: None,
            actual: Some("a route that is not in the template".to_owned()),
        })
        .collect()
}

/// The bounds within which autoscaling may move the number of instances of a variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) variant: String,
    pub(super) least: i64,
    pub(super) most: i64,
}

impl Bounds {
    /// Reads the properties of an `AWS::ApplicationAutoScaling::ScalableTarget`, whose id is
    /// `endpoint/<endpoint>/variant/<variant>`.
    pub(super) fn of(target: &Expected) -> Option<Self> {
        let known = |name: &str| target.get(name)?.known().ok();
        let id = text(&known("ResourceId")?);
        let (_, variant) = id.rsplit_once("/variant/")?;
        Some(Self {
            variant: variant.to_owned(),
            least: whole(&known("MinCapacity")?)?,
            most: whole(&known("MaxCapacity")?)?,
        })
    }
}

/// Finds variants whose number of instances is neither that of the configuration nor one that autoscaling
/// may have set.
pub(super) fn counts(
    live: &Map<String, Value>,
    config: &Expected,
    bounds: &[Bounds],
) -> Vec<Difference> {
    let variants = match config.get("ProductionVariants") {
        Some(Expected::List(variants)) => variants.as_slice(),
        _ => &[],
    };
    let wanted = variants.iter().filter_map(|variant| {
        let known = |name: &str| variant.get(name)?.known().ok();
        Some((
            text(&known("VariantName")?),
            whole(&known("InitialInstanceCount")?)?,
        ))
    });
    wanted
        .filter_map(|(variant, wanted)| {
            let there = live.get("InstanceCounts")?.get(&variant)?.as_i64()?;
            let scaled = bounds
                .iter()
                .find(|bounds| bounds.variant == variant)
                .filter(|bounds| (bounds.least..=bounds.most).contains(&there));
            (there != wanted && scaled.is_none()).then(|| Difference {
                path: format!("/InstanceCounts/{variant}"),
                expected: Some(wanted.to_string()),
                actual: Some(there.to_string()),
            })
        })
        .collect()
}

fn whole(value: &Value) -> Option<i64> {
    text(value).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn map(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn counts_that_autoscaling_moved_within_its_bounds_are_no_drift() {
        let config = Expected::of(&json!({ "ProductionVariants": [
            { "VariantName": "AllTraffic", "InitialInstanceCount": "2" },
        ]}));
        let bounds = Bounds::of(&Expected::of(&json!({
            "ResourceId": "endpoint/news/variant/AllTraffic", "MinCapacity": 2, "MaxCapacity": "4",
        })))
        .unwrap();
        let live = |count: i64| map(&json!({ "InstanceCounts": { "AllTraffic": count } }));
        assert_eq!(counts(&live(2), &config, &[]), []);
        assert_eq!(counts(&live(3), &config, &[]).len(), 1);
        assert_eq!(counts(&live(3), &config, std::slice::from_ref(&bounds)), []);
        let found = counts(&live(5), &config, &[bounds]);
        assert_eq!(found[0].path, "/InstanceCounts/AllTraffic");
    }

    #[test]
    fn a_route_that_is_no_resource_is_found() {
        let ours = DeployedResource {
            logical_id: "Route".into(),
            kind: "AWS::ApiGatewayV2::Route".into(),
            physical_id: "r1".into(),
        };
        let live = map(&json!({ "Routes": { "r1": "POST /classify", "r2": "GET /evil" } }));
        let found = routes(&live, &[ours]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path, "/Routes/GET /evil");
    }
}

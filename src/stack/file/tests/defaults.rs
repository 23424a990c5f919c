//! The defaults that the schema tells are those that are taken.

use super::super::super::schema::MERGED;
use super::*;

/// Every field that has a default: its path, and the default.
fn defaults(
    schema: &serde_json::Value,
    path: &[String],
    out: &mut Vec<(Vec<String>, serde_json::Value)>,
) {
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let mut inner = path.to_vec();
        inner.push(name.clone());
        if let Some(default) = field.get("default").filter(|default| !default.is_null()) {
            out.push((inner.clone(), default.clone()));
        }
        defaults(field, &inner, out);
    }
}

/// What the schema says is the default must be what is taken where a field is left out.
#[test]
fn the_defaults_of_the_schema_are_those_of_the_parser() {
    let instances = changed(
        "tags: { team: a }",
        "batch: { instance: ml.m5.xlarge }\nnotebook: {}\nalarms: {}\nchecks: {}\nlogs: {}\n\
         api: { cors: { origins: [\"*\"] }, throttle: {} }",
    )
    .replace(
        "  instance: ml.m5.large",
        "  instance: ml.m5.large\n  encryption: {}\n  \
         autoscaling: { min: 1, max: 2, invocations_per_instance: 9 }",
    )
    .replace(
        "ml.g4dn.xlarge",
        "ml.g4dn.xlarge\n  network: {}\n  encryption: {}",
    );
    let serverless = changed("instance: ml.m5.large", "serverless: {}");
    let mut all = Vec::new();
    defaults(&MERGED, &[], &mut all);
    let mut tried = std::collections::BTreeSet::new();
    for base in [instances, serverless] {
        let (_folder, file) = project(&base);
        let read = |value: &serde_json::Value| {
            fs::write(&file, value.to_string()).unwrap();
            let stack = StackFile::read(&file).and_then(|file| file.environment("prod"));
            let mut stack = stack.unwrap_or_else(|problems| panic!("{problems}"));
            stack.content_digest.clear();
            stack
        };
        let before = value(&base);
        let expected = read(&before);
        for (path, default) in &all {
            let (last, parents) = path.split_last().unwrap();
            let pointer: String = parents.iter().flat_map(|step| ["/", step]).collect();
            let mut changed = before.clone();
            let parent =
                if parents.is_empty() && matches!(last.as_str(), "protected" | "local" | "ttl") {
                    changed.pointer_mut("/environments/prod")
                } else {
                    changed.pointer_mut(&pointer)
                };
            let Some(serde_json::Value::Object(map)) = parent else {
                continue;
            };
            // The number to start with is the smallest where the number follows the load.
            let other = map.contains_key(last)
                || (last == "rollout" || last == "count") && map.contains_key("serverless");
            if other {
                continue;
            }
            map.insert(last.clone(), default.clone());
            assert_eq!(read(&changed), expected, "{path:?}");
            tried.insert(path.join("."));
        }
    }
    assert!(tried.len() > 35, "{}: {tried:?}", tried.len());
}

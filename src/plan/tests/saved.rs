//! Plans that are saved, and carried out later.

use super::*;

#[test]
fn a_saved_plan_knows_what_moved_since() {
    let desired = desired();
    let made = plan(&desired, &nothing(), Choices::default());
    let saved = SavedPlan::new(&made, &desired, "now".into());
    let text = serde_json::to_string(&saved).unwrap();
    let saved = SavedPlan::read(&text).unwrap();
    assert_eq!(saved.differences(&made, &desired), [""; 0]);
    // Somebody has brought it up meanwhile.
    let now = plan(&desired, &applied(&desired), Choices::default());
    let moved = saved.differences(&now, &desired).join("\n");
    assert!(
        moved.contains("foundation status: was not there, is CREATE_COMPLETE"),
        "{moved}"
    );
    // The project has changed meanwhile.
    let mut other = desired.clone();
    other.training_key = Digest::of_bytes(b"another");
    let moved = saved.differences(&plan(&other, &nothing(), Choices::default()), &other);
    assert_eq!(moved, ["the training key in the project is another one"]);
    // Neither holds a template, a parameter's value or a secret.
    assert!(!text.contains("Resources"), "{text}");
    for bad in ["", "{}", r#"{"version": 2}"#] {
        assert!(SavedPlan::read(bad).is_err(), "{bad}");
    }
}

//! Requests that are refused before anything is done.

use super::{THREE, scene};

#[tokio::test(start_paused = true)]
async fn requests_that_do_not_fit_are_refused() {
    let scene = scene();
    let role = "Resources:\n  R: {Type: AWS::IAM::Role}\n";
    for (more, reason) in [
        (
            vec![("TemplateBody", role)],
            "InsufficientCapabilitiesException: Requires capabilities : [CAPABILITY_IAM]",
        ),
        (
            vec![("TemplateBody", "Resources:\n  A: {Type: No::Such}\n")],
            "Unrecognized resource types: [No::Such]",
        ),
        (
            vec![],
            "Either Template URL or Template Body must be specified.",
        ),
        (vec![("TemplateURL", "http://x")], "NotEmulated"),
        (
            vec![
                ("TemplateBody", THREE),
                ("Parameters.member.1.ParameterKey", "Nope"),
            ],
            "Parameters: [Nope] do not exist",
        ),
        (
            vec![("TemplateBody", THREE), ("StackName", "1x")],
            "at 'stackName'",
        ),
        (
            vec![("TemplateBody", THREE), ("ChangeSetType", "UPDATE")],
            "Stack [app] does not exist",
        ),
        (
            vec![("TemplateBody", THREE), ("ChangeSetType", "IMPORT")],
            "does not emulate cloudformation change sets of type IMPORT",
        ),
    ] {
        let mut parameters = vec![
            ("StackName", "app"),
            ("ChangeSetName", "one"),
            ("ChangeSetType", "CREATE"),
        ];
        parameters.extend(more);
        let error = scene
            .bed
            .call("CreateChangeSet", &parameters)
            .await
            .unwrap_err();
        assert!(error.contains(reason), "{error}");
    }
    let error = scene.bed.call("DescribeStacks", &[]).await.unwrap();
    assert!(
        !error.contains("<member>"),
        "nothing was left behind: {error}"
    );
    let error = scene
        .bed
        .call("SetStackPolicy", &[("StackName", "app")])
        .await
        .unwrap_err();
    assert_eq!(
        error,
        "NotEmulated: the local engine does not emulate cloudformation SetStackPolicy"
    );
}

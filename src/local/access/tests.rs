//! Policies against wishes.

use serde_json::json;

use super::*;
use crate::local::auth::Session;

const ROLE: &str = "arn:aws:iam::111122223333:role/ci";

fn caller() -> Caller {
    Caller {
        account: "111122223333".to_owned(),
        session: Some(Session {
            role_arn: ROLE.to_owned(),
            role_id: "AROA1".to_owned(),
            name: "run".to_owned(),
        }),
    }
}

fn authority(statement: &Value, managed: &[&str]) -> Authority {
    bounded(statement, managed, None)
}

fn bounded(statement: &Value, managed: &[&str], boundary: Option<&str>) -> Authority {
    let found = RolePolicies {
        documents: vec![json!({ "Statement": statement })],
        managed: managed.iter().map(|arn| (*arn).to_owned()).collect(),
        boundary: boundary.map(str::to_owned),
    };
    Authority::new(Arc::new(move |_, arn| {
        Ok((arn == ROLE).then(|| found.clone()))
    }))
}

fn ask(statement: &Value, wish: &Wish) -> Result<(), Denial> {
    authority(statement, &[]).permit(&caller(), wish)
}

fn stack() -> Wish {
    Wish::new(
        "cloudformation:CreateChangeSet",
        "arn:aws:cloudformation:r:1:stack/app/*",
    )
}

#[test]
fn a_session_may_do_what_a_statement_allows_and_nothing_else() {
    let allow = json!([{ "Effect": "Allow", "Action": ["cloudformation:create*"],
        "Resource": "arn:aws:cloudformation:*:stack/app/*" }]);
    ask(&allow, &stack()).unwrap();
    let other = Wish::new(
        "cloudformation:DeleteStack",
        "arn:aws:cloudformation:r:1:stack/app/*",
    );
    assert_eq!(
        ask(&allow, &other).unwrap_err().to_string(),
        "User: arn:aws:sts::111122223333:assumed-role/ci/run is not authorized to perform: \
         cloudformation:DeleteStack on resource: arn:aws:cloudformation:r:1:stack/app/* because no \
         identity-based policy allows the cloudformation:DeleteStack action"
    );
    let elsewhere = Wish::new(
        "cloudformation:CreateChangeSet",
        "arn:aws:cloudformation:r:1:stack/b/*",
    );
    assert!(ask(&allow, &elsewhere).is_err());
    // The account's own key needs no policy; a role that is gone has none.
    let nothing = json!([]);
    authority(&nothing, &[])
        .permit(&Caller::root("111122223333"), &other)
        .unwrap();
    let gone = Authority::new(Arc::new(|_, _| Ok(None)));
    assert!(gone.permit(&caller(), &other).is_err());
}

#[test]
fn a_denial_wins_and_says_so() {
    let both = json!([
        { "Effect": "Allow", "Action": "*", "Resource": "*" },
        { "Effect": "Deny", "NotAction": "cloudformation:Describe*", "Resource": "*" },
    ]);
    let reason = ask(&both, &stack()).unwrap_err().to_string();
    assert!(
        reason.ends_with("with an explicit deny in an identity-based policy"),
        "{reason}"
    );
    ask(&both, &Wish::new("cloudformation:DescribeStacks", "*")).unwrap();
    let outside = json!({ "Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::*" });
    ask(&outside, &stack()).unwrap();
    let object = ask(&outside, &Wish::new("s3:GetObject", "arn:aws:s3:::b/k")).unwrap_err();
    assert!(
        object
            .to_string()
            .contains("on resource: \"arn:aws:s3:::b/k\" because"),
        "{object}"
    );
}

#[test]
fn conditions_are_about_keys_that_the_request_has_or_lacks() {
    let wish = Wish::new("iam:PassRole", ROLE).with("iam:PassedToService", "lambda.amazonaws.com");
    let bare = Wish::new("iam:PassRole", ROLE);
    let may = |condition: Value, wish: &Wish| {
        ask(
            &json!({ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition }),
            wish,
        )
    };
    let key = |operator: &str, value: Value| json!({ operator: { "iam:passedtoservice": value } });
    let both = json!(["sagemaker.amazonaws.com", "lambda.amazonaws.com"]);
    for (operator, value, has, lacks) in [
        ("StringEquals", both.clone(), true, false),
        (
            "StringEquals",
            json!("sagemaker.amazonaws.com"),
            false,
            false,
        ),
        (
            "StringNotEquals",
            json!("sagemaker.amazonaws.com"),
            true,
            true,
        ),
        ("StringNotEquals", both.clone(), false, true),
        ("StringLike", json!("lambda.*"), true, false),
        ("StringEqualsIfExists", both.clone(), true, true),
        ("ForAllValues:StringEquals", both.clone(), true, true),
        ("ForAnyValue:StringEquals", both, true, false),
        ("Null", json!("true"), false, true),
        ("Null", json!(false), true, false),
    ] {
        let condition = key(operator, value);
        assert_eq!(may(condition.clone(), &wish).is_ok(), has, "{condition}");
        assert_eq!(may(condition.clone(), &bare).is_ok(), lacks, "{condition}");
    }
    let own = json!({ "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/c?" },
        "Bool": { "aws:SecureTransport": "true" } });
    may(own, &bare).unwrap();
}

#[test]
fn what_is_not_understood_is_refused_by_name() {
    let allow = |more: Value| {
        let mut statement = json!({ "Effect": "Allow", "Action": "*", "Resource": "*" });
        statement
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        ask(&statement, &stack()).unwrap_err()
    };
    for (more, name) in [
        (
            json!({ "Condition": { "IpAddress": { "aws:PrincipalArn": "10.0.0.0/8" } } }),
            "IpAddress",
        ),
        (
            json!({ "Condition": { "Bool": { "aws:ViaAWSService": "true" } } }),
            "aws:ViaAWSService",
        ),
        (
            json!({ "Resource": "arn:aws:s3:::${aws:username}" }),
            "${aws:username}",
        ),
    ] {
        let denial = allow(more);
        assert!(matches!(denial, Denial::Unclear(_)), "{denial:?}");
        assert!(denial.to_string().contains(name), "{denial}");
    }
    let strange = authority(&json!([]), &["arn:aws:iam::aws:policy/ReadOnlyAccess"]);
    let denial = strange.permit(&caller(), &stack()).unwrap_err();
    assert!(denial.to_string().contains("ReadOnlyAccess"), "{denial}");
    let admin = authority(&json!([]), &["arn:aws:iam::aws:policy/AdministratorAccess"]);
    admin.permit(&caller(), &stack()).unwrap();
}

#[test]
fn a_boundary_limits_what_policies_allow_and_allows_nothing_itself() {
    let boundary = Some("arn:aws:iam::aws:policy/PowerUserAccess");
    let all = json!({ "Effect": "Allow", "Action": "*", "Resource": "*" });
    let role = Wish::new("iam:CreateRole", ROLE);
    let roles = Wish::new("iam:ListRoles", "*");
    authority(&all, &[]).permit(&caller(), &role).unwrap();
    let free = bounded(&all, &[], boundary);
    free.permit(&caller(), &stack()).unwrap();
    free.permit(&caller(), &roles).unwrap();
    let denial = free.permit(&caller(), &role).unwrap_err().to_string();
    assert!(
        denial.ends_with("because no permissions boundary allows the iam:CreateRole action"),
        "{denial}"
    );
    // Also a managed policy is limited, and one that is a boundary only is none that was attached.
    let admin = ["arn:aws:iam::aws:policy/AdministratorAccess"];
    let limited = bounded(&json!([]), &admin, boundary);
    assert!(limited.permit(&caller(), &role).is_err());
    let nothing = bounded(&json!([]), &[], boundary);
    let denial = nothing.permit(&caller(), &stack()).unwrap_err().to_string();
    assert!(denial.contains("no identity-based policy"), "{denial}");
    // A denial comes first, whatever the boundary says.
    let deny = json!({ "Effect": "Deny", "Action": "iam:*", "Resource": "*" });
    let both = bounded(&deny, &admin, boundary);
    let denial = both.permit(&caller(), &role).unwrap_err().to_string();
    assert!(
        denial.contains("explicit deny in an identity-based"),
        "{denial}"
    );
}

#[test]
fn a_boundary_that_the_engine_does_not_hold_is_refused_by_name() {
    let all = json!({ "Effect": "Allow", "Action": "*", "Resource": "*" });
    let own = "arn:aws:iam::111122223333:policy/limit";
    let denial = bounded(&all, &[], Some(own)).permit(&caller(), &stack());
    let denial = denial.unwrap_err();
    assert!(matches!(denial, Denial::Unclear(_)), "{denial:?}");
    assert!(denial.to_string().contains(own), "{denial}");
}

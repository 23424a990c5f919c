//! Who is calling.

use super::server::{ministack, moto};
use serde_json::json;

#[tokio::test]
async fn both_say_who_is_calling() {
    let account = "100000000001";
    for (stand_in, expected) in [(ministack(), account), (moto(), "123456789012")] {
        let caller = stand_in
            .cloud(account)
            .await
            .identity
            .caller()
            .await
            .unwrap();
        assert_eq!(caller.account, expected);
        let calls = [("sts", "get_caller_identity", json!({}))];
        let seen = &stand_in.second_client(account, &calls)[0];
        assert_eq!(
            (&seen["Account"], &seen["Arn"]),
            (&caller.account.into(), &caller.arn.into())
        );
    }
}

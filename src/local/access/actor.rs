//! With whose rights the present task works: a request's caller, or for what CloudFormation does by itself whoever
//! began the operation.

use std::future::Future;

use crate::local::auth::Caller;

tokio::task_local! {
    static ACTOR: Caller;
}

/// Does something with the rights of a caller.
pub(crate) async fn acting<T>(caller: Caller, work: impl Future<Output = T>) -> T {
    ACTOR.scope(caller, work).await
}

/// With whose rights the present task works; `None` for the engine's own work.
pub(crate) fn actor() -> Option<Caller> {
    ACTOR.try_with(Clone::clone).ok()
}

//! Several server processes of one endpoint, and what happens when one of them is killed.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use super::super::super::runtime::InvokeError;
use super::super::super::testing::{Bed, REGION};
use super::{answer, configure, inference, invoke, processes, serve, vary};
use crate::local::metrics::{Series, Statistic};

async fn two_workers() -> Bed {
    let bed = Bed::new();
    configure(&bed, "one", &inference("one")).await;
    vary(&bed, "pair", "one", json!({ "InitialInstanceCount": 2 })).await;
    serve(&bed, "pair").await;
    bed
}

/// Waits until so many processes run.
async fn until_running(bed: &Bed, count: usize) -> BTreeSet<u32> {
    for _ in 0..1000 {
        let running: BTreeSet<u32> = processes(bed).into_iter().collect();
        if running.len() == count {
            return running;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("there were never {count} processes: {:?}", processes(bed));
}

#[tokio::test]
async fn a_killed_worker_fails_its_request_the_other_answers_and_it_comes_back() {
    let bed = two_workers().await;
    let before = until_running(&bed, 2).await;
    let error = invoke(&bed, "die").await.unwrap_err();
    assert!(
        matches!(error, InvokeError::Model { status: 0, .. }),
        "{error:?}"
    );
    for _ in 0..20 {
        assert_eq!(answer(&bed, "x").await["model"], "one");
    }
    let after = until_running(&bed, 2).await;
    assert_eq!(
        before.intersection(&after).count(),
        1,
        "{before:?} {after:?}"
    );
}

#[tokio::test]
async fn what_the_workers_use_is_measured() {
    let bed = two_workers().await;
    until_running(&bed, 2).await;
    let metrics = &bed.service.parts.metrics;
    let measured = |name: &str| {
        let dimensions = [("EndpointName", "e"), ("VariantName", "AllTraffic")];
        let series = Series::new("/aws/sagemaker/Endpoints", name, &dimensions);
        let summary = metrics.over(&series, metrics.minute() - 1, 2);
        summary.map(|summary| {
            let most = summary.of(Statistic::Maximum);
            (summary.of(Statistic::SampleCount), most)
        })
    };
    let first = bed.service.look_at_servers(&HashMap::new(), Duration::ZERO);
    if !cfg!(target_os = "linux") {
        assert_eq!((first.len(), measured("MemoryUtilization")), (0, None));
        return;
    }
    let (count, most) = measured("MemoryUtilization").unwrap();
    assert!(
        (count - 2.0).abs() < 1e-9 && most > 0.0 && most < 50.0,
        "{count} {most}"
    );
    // Of a processor there is no figure before there are two looks.
    assert_eq!(measured("CPUUtilization"), None);
    let idle = first
        .keys()
        .map(|process| (*process, Duration::ZERO))
        .collect();
    bed.service.look_at_servers(&idle, Duration::from_secs(10));
    let (count, most) = measured("CPUUtilization").unwrap();
    assert!(
        (count - 2.0).abs() < 1e-9 && most > 0.0 && most < 1000.0,
        "{count} {most}"
    );
}

#[tokio::test]
async fn requests_wait_for_the_first_worker_that_is_back() {
    let bed = two_workers().await;
    let before = until_running(&bed, 2).await;
    for process in &before {
        let id = process.to_string();
        let killed = std::process::Command::new("kill")
            .args(["-9", &id])
            .status();
        assert!(killed.unwrap().success());
    }
    while processes(&bed)
        .iter()
        .any(|process| before.contains(process))
    {
        sleep(Duration::from_millis(1)).await;
    }
    for _ in 0..20 {
        assert_eq!(answer(&bed, "x").await["model"], "one");
    }
    let after = until_running(&bed, 2).await;
    assert!(before.is_disjoint(&after), "{before:?} {after:?}");
}

#[tokio::test]
async fn the_number_of_workers_follows_that_of_instances() {
    let bed = two_workers().await;
    let scale = |count| {
        bed.service
            .set_instances(REGION, "e", &[("AllTraffic".to_owned(), count)])
    };
    scale(3).unwrap();
    until_running(&bed, 3).await;
    scale(1).unwrap();
    until_running(&bed, 1).await;
    assert_eq!(answer(&bed, "x").await["model"], "one");
}

//! Lists of resources: filters, order, pages.

use serde_json::{Value, json};
use stripe_xdm_sandbox::platform::Options;

use crate::client::{Client, PROFILE, REGISTRY, SHORT, open, start, text_field};

async fn groups(client: &Client, titles: &[&str]) {
    for title in titles {
        client.group(title, json!({"a": text_field()})).await;
    }
}

fn titles(page: &Value) -> Vec<&str> {
    page["results"].as_array().expect("results").iter().filter_map(|entry| entry["title"].as_str()).collect()
}

#[tokio::test]
async fn filters_are_all_to_be_met() {
    let client = open().await;
    groups(&client, &["Stripe Charge", "Stripe Refund", "Other"]).await;
    for (query, wanted) in [
        ("property=title%3D%3DOther", vec!["Other"]),
        ("property=title~stripe", vec!["Stripe Charge", "Stripe Refund"]),
        ("property=title~stripe&property=title!%3DStripe%20Charge", vec!["Stripe Refund"]),
        ("property=title&property=title~other", vec!["Other"]),
        ("property=meta:class", vec![]),
        (
            &format!("property=meta:intendedToExtend%3D%3D{PROFILE}&property=title~char"),
            vec!["Stripe Charge"],
        ),
    ] {
        let (status, page) = client.get(&format!("/tenant/fieldgroups?{query}"), SHORT).await;
        assert_eq!((status, titles(&page)), (200, wanted), "{query}");
    }
    let (_, page) = client.get("/tenant/mixins", SHORT).await;
    let first = page["results"][0].as_object().expect("an entry");
    let keys: Vec<&str> = first.keys().map(String::as_str).collect();
    assert_eq!(keys, ["$id", "meta:altId", "title", "version"]);
    let (_, page) = client.get("/tenant/fieldgroups", "application/vnd.adobe.xed+json").await;
    assert!(page["results"][0].get("definitions").is_some());
}

#[tokio::test]
async fn pages_begin_behind_the_last_value_and_do_not_part_equal_ones() {
    let client = open().await;
    groups(&client, &["B", "A", "D", "C"]).await;
    let (_, page) = client.get("/tenant/fieldgroups?orderby=title&limit=2", SHORT).await;
    assert_eq!(titles(&page), ["A", "B"]);
    assert_eq!((&page["_page"]["next"], &page["_page"]["count"]), (&json!("B"), &json!(2)));
    let next = page["_links"]["next"]["href"].as_str().expect("a link").to_owned();
    let (_, page) = client.get(next.strip_prefix(REGISTRY).expect("a path"), SHORT).await;
    assert_eq!((titles(&page), &page["_page"]["next"]), (vec!["C", "D"], &Value::Null));
    let (_, page) = client.get("/tenant/fieldgroups?orderby=-title&start=C", SHORT).await;
    assert_eq!(titles(&page), ["B", "A"]);
    // All have the same version: none may be lost between pages.
    let (_, page) = client.get("/tenant/fieldgroups?orderby=version,title&limit=1", SHORT).await;
    assert_eq!(titles(&page), ["A", "B", "C", "D"]);
    for query in ["limit=2", "start=A", "orderby=title&limit=501", "orderby=title&limit=0", "page=2"] {
        assert_eq!(client.get(&format!("/tenant/fieldgroups?{query}"), SHORT).await.0, 400, "{query}");
    }
}

#[tokio::test]
async fn long_lists_come_in_pages_even_when_no_limit_is_asked_for() {
    let client = start(Options { page_size: 2, ..Options::default() }).await;
    groups(&client, &["B", "A", "C"]).await;
    let (_, page) = client.get("/tenant/fieldgroups", SHORT).await;
    assert_eq!((titles(&page), &page["_page"]["orderby"]), (vec!["B", "A"], &json!("updated")));
    let next = page["_links"]["next"]["href"].as_str().expect("a link").to_owned();
    let (_, page) = client.get(next.strip_prefix(REGISTRY).expect("a path"), SHORT).await;
    assert_eq!(titles(&page), ["C"]);
}

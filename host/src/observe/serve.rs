//! `--metrics ADDR`: the numbers over HTTP, for whoever may reach the address; there is nothing secret in them.

use super::Metrics;
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Where to serve. A port alone is on this machine only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListenAddress(pub SocketAddr);

impl ListenAddress {
    /// Takes `9464`, `:9464`, `127.0.0.1:9464` or `0.0.0.0:9464`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let port = text.strip_prefix(':').unwrap_or(text);
        if let Ok(port) = port.parse::<u16>() {
            return Ok(Self(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)));
        }
        let address = text.parse().map_err(|_| "expected a port, or an address such as 127.0.0.1:9464");
        Ok(Self(address?))
    }
}

/// A server at work; it ends with this.
#[derive(Debug)]
pub struct Served {
    /// Where it is.
    pub address: SocketAddr,
    task: JoinHandle<()>,
}

impl Served {
    /// Begins to serve `/metrics` and `/healthz`.
    pub async fn start(address: ListenAddress, metrics: Arc<Metrics>) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address.0).await?;
        let address = listener.local_addr()?;
        let text = move || {
            let text = metrics.text();
            async { ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text) }
        };
        let healthy = || async { ([(CONTENT_TYPE, "application/json")], r#"{"status":"ok"}"#) };
        let router = Router::new().route("/metrics", get(text)).route("/healthz", get(healthy));
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::warn!(%error, "the metrics are served no longer");
            }
        });
        tracing::info!(%address, "metrics are served at /metrics");
        Ok(Self { address, task })
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_alone_is_for_this_machine() {
        let at = |text| ListenAddress::parse(text).map(|at| at.0.to_string());
        assert_eq!(at("9464").unwrap(), "127.0.0.1:9464");
        assert_eq!(at(":9464").unwrap(), "127.0.0.1:9464");
        assert_eq!(at("0.0.0.0:1").unwrap(), "0.0.0.0:1");
        assert!(at("example.com:1").is_err());
    }

    #[tokio::test]
    async fn metrics_and_health_are_served_until_the_end() {
        let metrics = Metrics::new().unwrap();
        metrics.retried("/v1/prices");
        let served = Served::start(ListenAddress::parse("0").unwrap(), metrics).await.unwrap();
        let at = |path: &str| format!("http://{}{path}", served.address);
        let text = reqwest::get(at("/metrics")).await.unwrap().text().await.unwrap();
        assert!(text.contains(r#"stripe_xdm_retries_total{endpoint="/v1/prices"} 1"#), "{text}");
        assert_eq!(reqwest::get(at("/healthz")).await.unwrap().status(), 200);
        assert_eq!(reqwest::get(at("/")).await.unwrap().status(), 404);
    }
}

//! Who sends webhooks to `serve`, as Stripe does: signed, over connections that stay open.

use crate::program::{self, Running};
use crate::stand_in::now;
use anyhow::{Context, ensure};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use stripe_xdm::webhook::sign;

/// The signing secret of the endpoint.
pub const SECRET: &str = "whsec_n0b0dyMayEverReadThisEither42";

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A `serve` that runs.
#[derive(Debug)]
pub struct Serving {
    /// The program.
    pub running: Running,
    /// Where it takes webhooks.
    pub address: SocketAddr,
}

/// `serve` over a lake at a free port, which syncs nothing by itself and puts what comes into the lake within seconds.
pub fn serve(lake: &Path, base_url: &str, key: &str) -> anyhow::Result<Command> {
    let mut command = program::command()?;
    command.args(["serve", "--tenant", "acme", "--rate-limit", "100000", "--api-base", base_url]);
    command.args(["--listen", "0", "--sync-every", "0", "--settle-every", "1", "--json"]);
    command.arg("--lake").arg(lake).env("STRIPE_API_KEY", key).env("STRIPE_WEBHOOK_SECRET", SECRET);
    Ok(command)
}

impl Serving {
    /// Starts it and waits until it listens. `said` is where its standard error goes.
    pub fn start(mut command: Command, said: &Path, bound: Duration) -> anyhow::Result<Self> {
        command.stderr(std::fs::File::create(said)?);
        let mut running = Running::start(command, bound)?;
        let mut address = None;
        let ended = running.look(|| {
            let text = std::fs::read_to_string(said)?;
            let first = text.split_once('\n').map(|(first, _)| first);
            let listening = first.and_then(|line| serde_json::from_str::<serde_json::Value>(line).ok());
            let url = listening.as_ref().and_then(|line| line["url"].as_str());
            let authority = url.and_then(|url| url.strip_prefix("http://")?.split('/').next());
            address = authority.and_then(|authority| authority.parse().ok());
            Ok(address.is_some())
        })?;
        ensure!(!ended, "it ended: {}", std::fs::read_to_string(said)?);
        Ok(Self { running, address: address.context("an address")? })
    }

    /// Asks it to stop and waits for its end.
    pub fn stop(mut self) -> anyhow::Result<program::Ended> {
        let process = self.running.child().id().to_string();
        ensure!(Command::new("sh").args(["-c", "kill -s TERM \"$0\"", &process]).status()?.success());
        self.running.end()
    }
}

/// A connection that stays open.
#[derive(Debug)]
pub struct Connection {
    stream: BufReader<TcpStream>,
    request: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream: BufReader::new(stream), request: Vec::new() })
    }

    /// Sends a body, signed now, and gives the status of the answer.
    pub fn send(&mut self, body: &[u8]) -> anyhow::Result<u16> {
        self.send_signed(body, &sign(SECRET, body, now()))
    }

    /// Sends a body with a signature.
    pub fn send_signed(&mut self, body: &[u8], signature: &str) -> anyhow::Result<u16> {
        self.send_with(body, &[("Stripe-Signature", signature)])
    }

    /// Sends a body with headers.
    pub fn send_with(&mut self, body: &[u8], headers: &[(&str, &str)]) -> anyhow::Result<u16> {
        self.request.clear();
        let length = body.len();
        write!(
            self.request,
            "POST /webhook HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n"
        )?;
        for (name, value) in headers {
            write!(self.request, "{name}: {value}\r\n")?;
        }
        self.request.extend_from_slice(b"\r\n");
        self.request.extend_from_slice(body);
        self.stream.get_mut().write_all(&self.request)?;
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line.split(' ').nth(1).context("a status")?.parse()?;
        let mut length = 0;
        loop {
            line.clear();
            ensure!(self.stream.read_line(&mut line)? > 0, "the answer was cut");
            match line.trim_end().split_once(": ") {
                None => break,
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.parse()?
                }
                Some(_) => {}
            }
        }
        self.stream.read_exact(&mut vec![0; length])?;
        Ok(status)
    }
}

//! `stripe-xdm preview`: serves the preview page on this machine, and lets it have objects of the accounts in the
//! settings.

use super::settings::MappingArgs;
use super::signals::stop_on_signals;
use super::stripe::{StripeArgs, Target};
use super::sync::{module_takes, runtime};
use super::{Global, SITE};
use anyhow::{Context, bail};
use clap::Args;
use serde_json::{Map, Value, json};
use std::io::Write;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use stripe_xdm::config::mapping_file;
use stripe_xdm::observe::ListenAddress;
use stripe_xdm::preview::{Account, Bounds, Preview, Site, Token};
use stripe_xdm::stripe::KeyError;
use tempfile::NamedTempFile;

/// Whose records the page shows while nobody has said.
const TENANT: &str = "acme";
/// What the page has in the place of a salt, and says so.
const SALT: &str = "for-this-preview-only";
/// Someone waits for the answers: so many seconds for each, and so many requests after the first.
const LONGEST: u32 = 30;
const RETRIES: u32 = 3;

#[derive(Debug, Args)]
pub(super) struct PreviewArgs {
    /// Where the page is: a port of this machine, or a loopback address; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0", value_parser = ListenAddress::parse)]
    listen: ListenAddress,
    /// Open the page in the browser
    #[arg(long)]
    open: bool,
    /// The tenant id of the Experience Platform sandbox, without the leading underscore
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
    #[command(flatten)]
    stripe: StripeArgs,
    #[command(flatten)]
    mapping: MappingArgs,
}

pub(super) fn run(global: &Global, args: &PreviewArgs) -> anyhow::Result<ExitCode> {
    if SITE.is_empty() {
        bail!(
            "this program was built without the preview page: install Node.js 20.19 or newer and run `cargo xtask \
             build`, which builds the page and then the program"
        );
    }
    let module = global.load_module()?;
    let settings = args.mapping.settings(args.tenant.as_deref().unwrap_or(TENANT), 0)?;
    module_takes(&module, settings.clone(), args.stripe.version())?;
    let (accounts, lacking) = accounts(global, args, &settings)?;
    let mut about = about(args, &settings);
    if let Some(lacking) = &lacking {
        about.insert("lacking".to_owned(), lacking.as_str().into());
    }
    let told: Vec<String> = accounts.iter().map(|account| account.to_string()).collect();
    let preview = Preview {
        site: Site(SITE),
        token: Token::new().context("the system gives no random numbers")?,
        accounts,
        about,
        module,
        bounds: Bounds::default(),
    };
    runtime()?.block_on(async {
        let previewing = preview.bind(args.listen.0).await.context("--listen")?;
        let stop = stop_on_signals();
        let url = previewing.url();
        if global.json {
            say!("{}", json!({ "url": url }));
        } else {
            say!("{url}");
        }
        if !global.quiet && !global.json {
            let with = match &lacking {
                Some(lacking) => format!("without an account ({lacking})"),
                None => format!("with {}", told.join(", ")),
            };
            stripe_xdm::tell!("the preview {with}; for this machine alone, until control-C");
        }
        // Kept until the end: the browser may be slow to start.
        let _page = if args.open { open(&url) } else { None };
        previewing.serve(&stop).await;
        Ok(ExitCode::SUCCESS)
    })
}

/// The accounts of the settings; or, where no key is given, why there are none. The page works without.
fn accounts(
    global: &Global,
    args: &PreviewArgs,
    settings: &Map<String, Value>,
) -> anyhow::Result<(Vec<Arc<Account>>, Option<String>)> {
    let targets = match args.stripe.clone().impatient(LONGEST).targets(global) {
        Ok(targets) => targets,
        Err(error) if matches!(error.downcast_ref(), Some(KeyError::Empty)) => {
            return Ok((Vec::new(), Some(format!("{error:#}"))));
        }
        Err(error) => return Err(error),
    };
    let account = |target: Target| {
        let mut settings = settings.clone();
        if let Some(namespace) = target.customer_namespace {
            settings.insert("customer_namespace".to_owned(), namespace.into());
        }
        let name =
            target.name.or_else(|| target.account.clone()).unwrap_or_else(|| "your account".to_owned());
        let client = target.client.called(&name).with_retries(RETRIES);
        Arc::new(Account::new(name, client, target.account, target.resources, settings))
    };
    Ok((targets.into_iter().map(account).collect(), None))
}

/// What the page is told of the settings: all that its module needs to make the same records, but the salt, in whose
/// place it has one that is worth nothing. Its hashes are not those of a sync.
fn about(args: &PreviewArgs, settings: &Map<String, Value>) -> Map<String, Value> {
    let mut settings = settings.clone();
    if let Some(salt) = settings.get_mut("privacy").and_then(|privacy| privacy.get_mut("salt")) {
        *salt = SALT.into();
    }
    let given = args.mapping.mapping_only.iter().chain(&args.mapping.mapping);
    let mappings: Vec<&str> = given.map(|given| mapping_file(given).1).collect();
    Map::from_iter([
        ("settings".to_owned(), Value::Object(settings)),
        ("mappings".to_owned(), json!(mappings)),
    ])
}

/// Opens the page by way of a file that only this user can read: command lines, where the address would be seen, can be
/// read by all users of the machine.
fn open(url: &str) -> Option<NamedTempFile> {
    let opened = (|| {
        let mut page = tempfile::Builder::new().prefix("stripe-xdm-preview-").suffix(".html").tempfile()?;
        write!(page, "<!doctype html><meta http-equiv=\"refresh\" content=\"0; url={url}\">")?;
        page.flush()?;
        let program = match std::env::consts::OS {
            "macos" => "open",
            "windows" => "explorer",
            _ => "xdg-open",
        };
        let mut browser = Command::new(program);
        browser.arg(page.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut browser = browser.spawn()?;
        std::thread::spawn(move || browser.wait());
        std::io::Result::Ok(page)
    })();
    match opened {
        Ok(page) => Some(page),
        Err(error) => {
            stripe_xdm::tell!("the browser cannot be opened ({error}); open the address above");
            None
        }
    }
}

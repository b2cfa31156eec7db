//! The flags that become the module's settings. Their meaning is the module's; here they are only
//! given their JSON form, and the module checks them.

use super::privacy::policy;
use super::user_models::user_models;
use anyhow::{Context, bail};
use clap::Args;
use serde_json::{Map, Value, json};

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Mapping")]
pub(super) struct SettingsArgs {
    /// The tenant id of the Experience Platform sandbox, without the leading underscore
    #[arg(long, value_name = "TENANT")]
    tenant: String,
    #[command(flatten)]
    mapping: MappingArgs,
    /// What uuid() and the like in your mappings are made from, together with the object
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Mapping")]
pub(super) struct MappingArgs {
    /// Do not emit the purchase measure: another source already sends commerce.purchases
    #[arg(long)]
    no_purchase_measure: bool,
    /// Make the e-mail address an identity (Stripe does not verify addresses)
    #[arg(long)]
    email_identity: bool,
    /// Identity namespace of Stripe customer ids; one per account when the sandbox holds several
    #[arg(long, value_name = "CODE")]
    customer_namespace: Option<String>,
    /// A metadata key whose value identifies the person in a namespace of your own
    #[arg(long, value_name = "KEY=NAMESPACE")]
    metadata_identity: Option<String>,
    /// Where a customer's phone number goes
    #[arg(long, value_name = "FIELD", value_parser = ["mobilePhone", "homePhone", "billingAddressPhone"])]
    phone_target: Option<String>,
    /// The metadata key that holds the shop's order number
    #[arg(long, value_name = "KEY")]
    order_key: Option<String>,
    /// Emit receipt_url, which opens the receipt without a login: short for a privacy rule that keeps it
    #[arg(long)]
    receipt_url: bool,
    /// Emit only these metadata keys
    #[arg(long, value_name = "KEY", value_delimiter = ',')]
    metadata_allow: Option<Vec<String>>,
    /// Never emit these metadata keys
    #[arg(long, value_name = "KEY", value_delimiter = ',')]
    metadata_deny: Vec<String>,
    /// Metadata keys to keep longest when a record must shed some
    #[arg(long, value_name = "KEY", value_delimiter = ',')]
    metadata_priority: Vec<String>,
    /// What becomes of personal data: a JSON file {"rules":[{"label":"I1","action":"hash"}, …]}; labels or
    /// paths are kept, dropped, hashed or masked
    #[arg(long, value_name = "FILE")]
    privacy: Option<String>,
    /// A file that holds the salt of hashes; default the environment variable STRIPE_XDM_PRIVACY_SALT
    #[arg(long, value_name = "FILE")]
    privacy_salt_file: Option<String>,
    /// The environment variable that holds the salt, when it is another one
    #[arg(long, value_name = "NAME", conflicts_with = "privacy_salt_file")]
    privacy_salt_env: Option<String>,
    /// The exponent of a currency that Stripe's table lacks
    #[arg(long, value_name = "CODE=N")]
    currency_exponent: Vec<String>,
    /// The kind of schemas that the records are for; default standard
    #[arg(long, value_name = "KIND", value_parser = ["standard", "relational"])]
    model: Option<String>,
    /// Do not check records against their schemas
    #[arg(long)]
    no_check: bool,
    /// What to do about a rule that a record breaks: NAME=refuse, =warn or =off
    #[arg(long, value_name = "NAME=LEVEL", conflicts_with = "no_check")]
    rule: Vec<String>,
    /// Change the default mapping by a set of Adobe's or a model: fields added, changed and dropped
    #[arg(long, value_name = "[RESOURCE=]FILE", alias = "models")]
    pub(super) mapping: Vec<String>,
    /// Put a set of Adobe's or a model in the place of the default mapping
    #[arg(long, value_name = "[RESOURCE=]FILE")]
    pub(super) mapping_only: Vec<String>,
}

impl SettingsArgs {
    pub(super) fn settings(&self) -> anyhow::Result<Map<String, Value>> {
        self.mapping.settings(&self.tenant, self.seed)
    }
}

impl MappingArgs {
    pub(super) fn settings(&self, tenant: &str, seed: u64) -> anyhow::Result<Map<String, Value>> {
        let mut settings = Map::new();
        let mut set = |name: &str, value: Value| {
            settings.insert(name.to_owned(), value);
        };
        set("tenant", tenant.into());
        set("purchase_measure", (!self.no_purchase_measure).into());
        set("email_identity", self.email_identity.into());
        set("receipt_url", self.receipt_url.into());
        if let Some(identity) = &self.metadata_identity {
            let (key, namespace) = pair("--metadata-identity", identity)?;
            set("metadata_identity", json!({ "key": key, "namespace": namespace }));
        }
        if let Some(code) = &self.customer_namespace {
            set("customer_namespace", code.as_str().into());
        }
        if let Some(target) = &self.phone_target {
            set("phone_target", target.as_str().into());
        }
        if let Some(key) = &self.order_key {
            set("order_metadata_key", key.as_str().into());
        }
        if let Some(allow) = &self.metadata_allow {
            set("metadata_allow", json!(allow));
        }
        set("metadata_deny", json!(self.metadata_deny));
        set("metadata_priority", json!(self.metadata_priority));
        let mut exponents = Map::new();
        for given in &self.currency_exponent {
            let (code, exponent) = pair("--currency-exponent", given)?;
            let exponent: u8 = exponent
                .parse()
                .with_context(|| format!("--currency-exponent {given}: {exponent} is no small number"))?;
            exponents.insert(code.to_ascii_lowercase(), exponent.into());
        }
        set("currency_exponents", exponents.into());
        set("seed", seed.into());
        if let Some(model) = &self.model {
            set("model", model.as_str().into());
        }
        let mut rules = Map::new();
        for given in &self.rule {
            let (name, level) = pair("--rule", given)?;
            if !["refuse", "warn", "off"].contains(&level) {
                bail!("--rule {given}: a rule is set to refuse, warn or off, not to {level}");
            }
            rules.insert(name.to_owned(), level.into());
        }
        set("check", json!({ "enabled": !self.no_check, "rules": rules }));
        let salt = (self.privacy_salt_file.as_deref(), self.privacy_salt_env.as_deref());
        if let Some(policy) = policy(self.privacy.as_deref(), salt.0, salt.1)? {
            set("privacy", policy);
        }
        // What is put in a default's place comes first, so that the others change it.
        let mut models = Vec::new();
        for (flag, replace, given) in
            [("--mapping-only", true, &self.mapping_only), ("--mapping", false, &self.mapping)]
        {
            for given in given {
                models.extend(user_models(given, replace).with_context(|| format!("{flag} {given}"))?);
            }
        }
        set("models", models.into());
        Ok(settings)
    }
}

fn pair<'a>(flag: &str, text: &'a str) -> anyhow::Result<(&'a str, &'a str)> {
    match text.split_once('=') {
        Some((left, right)) if !left.is_empty() && !right.is_empty() => Ok((left, right)),
        _ => bail!("{flag} {text}: expected two words joined by ="),
    }
}

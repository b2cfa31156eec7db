//! Everything a transform depends on besides the object: given, never looked up.

use crate::privacy::Privacy;
use crate::user_model::UserModel;
use dataprep::date::Moment;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The settings of a [`crate::Transformer`].
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Tenant id without the leading underscore, as `GET /stats` of the Schema Registry gives it.
    pub tenant: String,
    /// The Stripe account (`acct_…`) that the objects belong to; an Event's `account` wins over it.
    #[serde(default)]
    pub account: Option<String>,
    /// Live or test mode, for objects that do not say (refunds, balance transactions).
    #[serde(default)]
    pub livemode: Option<bool>,
    /// Stripe API version of bare objects; an Event's `api_version` wins over it.
    #[serde(default)]
    pub api_version: Option<String>,
    /// When the objects were read, in epoch seconds.
    #[serde(default)]
    pub observed_at: Option<i64>,
    /// Whether a paid and captured charge carries the purchase measure and order amounts. Turn off
    /// when the web shop already sends `commerce.purchases` to the same sandbox.
    #[serde(default = "yes")]
    pub purchase_measure: bool,
    /// Whether the e-mail address becomes an identity. Stripe does not verify addresses.
    #[serde(default)]
    pub email_identity: bool,
    /// A second identity taken from a metadata key.
    #[serde(default)]
    pub metadata_identity: Option<MetadataIdentity>,
    /// Namespace code of Stripe customer ids.
    #[serde(default = "customer_namespace")]
    pub customer_namespace: String,
    /// Where a customer's phone number goes: Stripe does not say what kind of number it is.
    #[serde(default)]
    pub phone_target: PhoneTarget,
    /// Metadata key that holds the shop's order number, for `commerce.order.purchaseID`.
    #[serde(default)]
    pub order_metadata_key: Option<String>,
    /// Whether `receipt_url` is emitted, which opens the receipt without a login: short for a rule of
    /// [`Settings::privacy`] that keeps `_{TENANT_ID}.stripe.charge.receiptURL`.
    #[serde(default)]
    pub receipt_url: bool,
    /// When given, only these metadata keys are emitted.
    #[serde(default)]
    pub metadata_allow: Option<Vec<String>>,
    /// Metadata keys that are never emitted.
    #[serde(default)]
    pub metadata_deny: Vec<String>,
    /// Metadata keys to keep longest when an event must shed metadata.
    #[serde(default)]
    pub metadata_priority: Vec<String>,
    /// Exponents of currencies that Stripe's table lacks, or that override it (`{"usdc": 6}`).
    #[serde(default)]
    pub currency_exponents: BTreeMap<String, u8>,
    /// What `uuid()` and the like are made from, together with the object: another seed, other values.
    #[serde(default)]
    pub seed: u64,
    /// What the user changes in the default models, in this order.
    #[serde(default)]
    pub models: Vec<UserModel>,
    /// The kind of schemas that the records are for.
    #[serde(default)]
    pub model: ModelKind,
    /// How records are checked against their schemas.
    #[serde(default)]
    pub check: Check,
    /// What becomes of personal and secret data.
    #[serde(default)]
    pub privacy: Privacy,
}

/// The kind of schemas that records are for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelKind {
    /// Classes and field groups; events and profiles.
    #[default]
    Standard,
    /// Relational ("model-based") schemas: rows with a key and a version.
    Relational,
}

/// How records are checked against their schemas.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// Whether they are.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Rules of [`xdm::check::RULES`] whose level differs from the default.
    #[serde(default)]
    pub rules: xdm::check::Levels,
}

impl Default for Check {
    fn default() -> Self {
        Self { enabled: yes(), rules: xdm::check::Levels::new() }
    }
}

/// A metadata key whose value identifies the person in the organisation's own namespace.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MetadataIdentity {
    /// The metadata key, for example `crm_id`.
    pub key: String,
    /// The namespace code, for example `CRMID`.
    pub namespace: String,
}

/// The standard field that a customer's phone number goes to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum PhoneTarget {
    /// `mobilePhone.number`
    #[default]
    MobilePhone,
    /// `homePhone.number`
    HomePhone,
    /// `billingAddressPhone.number`
    BillingAddressPhone,
}

/// What may change from one call to the next; each field that is set wins over [`Settings`].
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// See [`Settings::account`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// See [`Settings::livemode`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub livemode: Option<bool>,
    /// See [`Settings::api_version`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// See [`Settings::observed_at`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_at: Option<i64>,
    /// The time that `now()` tells, in RFC 3339; without it the time that the objects were read at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<Moment>,
    /// Resource of objects that carry no `object` field (`charge`, `refund`, …).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
}

/// Why settings were refused; all problems, not the first.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .problems.join("\n"))]
pub struct OpenError {
    /// One sentence each.
    pub problems: Vec<String>,
}

impl Settings {
    /// The settings of a tenant, everything else as it is by default.
    pub fn of_tenant(tenant: impl Into<String>) -> Self {
        Self {
            tenant: tenant.into(),
            account: None,
            livemode: None,
            api_version: None,
            observed_at: None,
            purchase_measure: yes(),
            email_identity: false,
            metadata_identity: None,
            customer_namespace: customer_namespace(),
            phone_target: PhoneTarget::default(),
            order_metadata_key: None,
            receipt_url: false,
            metadata_allow: None,
            metadata_deny: Vec::new(),
            metadata_priority: Vec::new(),
            currency_exponents: BTreeMap::new(),
            seed: 0,
            models: Vec::new(),
            model: ModelKind::default(),
            check: Check::default(),
            privacy: Privacy::default(),
        }
    }

    /// Checks what types cannot say; all problems, not the first.
    pub(crate) fn check(&self) -> Result<(), OpenError> {
        let mut problems = Vec::new();
        if self.tenant.is_empty() || !self.tenant.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            problems.push(
                "tenant must be the tenant id without its leading underscore: letters and digits".to_owned(),
            );
        }
        let namespaces = self.metadata_identity.iter().map(|identity| identity.namespace.as_str());
        for namespace in namespaces.chain([self.customer_namespace.as_str()]) {
            if namespace.is_empty()
                || !namespace.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            {
                problems
                    .push("an identity namespace code must be letters, digits and underscores".to_owned());
            }
        }
        for (currency, exponent) in &self.currency_exponents {
            if currency.is_empty()
                || currency.len() > 16
                || *currency != currency.to_ascii_lowercase()
                || *exponent > 18
            {
                problems.push(format!(
                    "currency_exponents: {currency:?} must be a lower-case code with an exponent of at most 18"
                ));
            }
        }
        problems.extend(self.privacy.problems());
        if problems.is_empty() { Ok(()) } else { Err(OpenError { problems }) }
    }
}

fn yes() -> bool {
    true
}

fn customer_namespace() -> String {
    "StripeCustomerID".to_owned()
}

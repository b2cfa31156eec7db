//! Identity namespaces: ours, Adobe's, the organisation's.

use super::places::{Step, steps};
use crate::models::Model;
use crate::settings::Settings;
use xdm::{IdentityType, Namespace};

/// Adobe's namespace of e-mail addresses.
pub(super) const EMAIL: &str = "Email";

/// What is known about the namespace of a code.
pub(super) fn of(code: &str, settings: &Settings) -> Namespace {
    let made = |name: &str, description: &str, id_type, create, prefix: &str| Namespace {
        code: code.to_owned(),
        name: name.to_owned(),
        description: description.to_owned(),
        id_type,
        create,
        prefix: prefix.to_owned(),
    };
    match code {
        // First: it may be called anything.
        code if code == settings.customer_namespace => made(
            "Stripe customer ID",
            "Customers of one Stripe account (cus_…).",
            IdentityType::CrossDevice,
            true,
            "cus_",
        ),
        "StripeSubscriptionID" => made(
            "Stripe subscription ID",
            "Subscriptions (sub_…): keys of lookups, not of persons.",
            IdentityType::NonPeople,
            true,
            "sub_",
        ),
        "StripePriceID" => made(
            "Stripe price ID",
            "Prices (price_…): keys of lookups, not of persons.",
            IdentityType::NonPeople,
            true,
            // Prices that were made as plans keep the plan's id, which may be anything.
            "",
        ),
        "StripeProductID" => made(
            "Stripe product ID",
            "Products: keys of lookups, not of persons.",
            IdentityType::NonPeople,
            true,
            // Users may choose the ids of products.
            "",
        ),
        "StripeCouponID" => made(
            "Stripe coupon ID",
            "Coupons: keys of lookups, not of persons.",
            IdentityType::NonPeople,
            true,
            // Users may choose the ids of coupons.
            "",
        ),
        "StripeInvoiceID" => made(
            "Stripe invoice ID",
            "Invoices (in_…): keys of lookups, not of persons.",
            IdentityType::NonPeople,
            true,
            "in_",
        ),
        EMAIL => made("Email", "", IdentityType::Email, false, ""),
        // The organisation's own; what kind it is was settled when it was made.
        other => made(other, "", IdentityType::CrossDevice, false, ""),
    }
}

/// The namespaces that a model's records may hold in `identityMap`.
pub(super) fn of_map(model: &Model, settings: &Settings) -> Vec<Namespace> {
    let mut namespaces: Vec<Namespace> = Vec::new();
    for mapping in &model.mapping_set.mappings {
        let is_off = !settings.email_identity && mapping.source.contains("_settings.emailIdentity");
        if is_off || !mapping.destination.starts_with("identityMap") {
            continue;
        }
        if let Ok([Step::Name(root), Step::Name(code), ..]) = steps(&mapping.destination).as_deref()
            && root == "identityMap"
            && !namespaces.iter().any(|known| known.code == *code)
        {
            namespaces.push(of(code, settings));
        }
    }
    namespaces
}

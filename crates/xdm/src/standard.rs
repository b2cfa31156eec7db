//! The classes, field groups and data types of Adobe's XDM library that the models use.
//!
//! One file each, below `standard/`; its [README](../standard/README.md) says where they come from and how they
//! are written.

use crate::definition::Definition;

/// The files, what one refers to before it.
const FILES: [&str; 37] = [
    include_str!("../standard/datatypes/measure.json"),
    include_str!("../standard/datatypes/currency.json"),
    include_str!("../standard/datatypes/payment-item.json"),
    include_str!("../standard/datatypes/refund-item.json"),
    include_str!("../standard/datatypes/return.json"),
    include_str!("../standard/datatypes/return-item.json"),
    include_str!("../standard/datatypes/category-data.json"),
    include_str!("../standard/datatypes/cart.json"),
    include_str!("../standard/datatypes/requisition-list.json"),
    include_str!("../standard/datatypes/commerce-scope.json"),
    include_str!("../standard/datatypes/address.json"),
    include_str!("../standard/datatypes/shipping.json"),
    include_str!("../standard/datatypes/billing.json"),
    include_str!("../standard/datatypes/order.json"),
    include_str!("../standard/datatypes/product-list-item.json"),
    include_str!("../standard/datatypes/commerce.json"),
    include_str!("../standard/datatypes/identity-item.json"),
    include_str!("../standard/datatypes/email-address.json"),
    include_str!("../standard/datatypes/phone-number.json"),
    include_str!("../standard/datatypes/person-name.json"),
    include_str!("../standard/datatypes/person.json"),
    include_str!("../standard/datatypes/b2b-source.json"),
    include_str!("../standard/datatypes/external-source-system-audit.json"),
    include_str!("../standard/datatypes/transaction.json"),
    include_str!("../standard/datatypes/subscription.json"),
    include_str!("../standard/classes/experienceevent.json"),
    include_str!("../standard/classes/profile.json"),
    include_str!("../standard/classes/product.json"),
    include_str!("../standard/fieldgroups/commerce.json"),
    include_str!("../standard/fieldgroups/person-details.json"),
    include_str!("../standard/fieldgroups/personal-details.json"),
    include_str!("../standard/fieldgroups/preferences-details.json"),
    include_str!("../standard/fieldgroups/external-source-system-audit-details.json"),
    include_str!("../standard/fieldgroups/test-profile.json"),
    include_str!("../standard/fieldgroups/identity-map.json"),
    include_str!("../standard/fieldgroups/product-identifiers.json"),
    include_str!("../standard/fieldgroups/subscriptions.json"),
];

/// Every standard definition, what one refers to before it.
pub fn definitions() -> Result<Vec<Definition>, serde_json::Error> {
    FILES.iter().map(|text| serde_json::from_str(text)).collect()
}

/// The standard definition of an `$id`.
pub fn definition(id: &str) -> Result<Option<Definition>, serde_json::Error> {
    Ok(definitions()?.into_iter().find(|definition| definition.id == id))
}

//! The resources the sandbox serves: names, ids' owners and permissions in one table.

use std::fmt;
use std::str::FromStr;

/// A resource with a list and a retrieve endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Resource {
    Charges,
    Refunds,
    BalanceTransactions,
    Subscriptions,
    SubscriptionItems,
    Customers,
    Prices,
    Events,
    Products,
    Coupons,
    Invoices,
    /// Served below their invoice only.
    InvoiceLines,
    PaymentIntents,
    Disputes,
    Payouts,
}

/// What is known of a resource.
struct Row {
    resource: Resource,
    /// The path segment after `/v1/`.
    name: &'static str,
    /// The value of `object` in its objects.
    object: &'static str,
    /// Restricted-key permissions that open it, without `rak_`, the usual one first. Refunds have none of
    /// their own: Stripe reads them with the charge permission.
    permissions: &'static [&'static str],
}

const fn row(
    resource: Resource,
    name: &'static str,
    object: &'static str,
    permissions: &'static [&'static str],
) -> Row {
    Row { resource, name, object, permissions }
}

/// In the order of [`Resource`].
const TABLE: [Row; 15] = [
    row(Resource::Charges, "charges", "charge", &["charge_read"]),
    row(Resource::Refunds, "refunds", "refund", &["charge_read"]),
    row(
        Resource::BalanceTransactions,
        "balance_transactions",
        "balance_transaction",
        &["balance_read", "balance_transaction_source_read"],
    ),
    row(Resource::Subscriptions, "subscriptions", "subscription", &["subscription_read"]),
    row(Resource::SubscriptionItems, "subscription_items", "subscription_item", &["subscription_read"]),
    row(Resource::Customers, "customers", "customer", &["customer_read"]),
    row(Resource::Prices, "prices", "price", &["plan_read"]),
    row(Resource::Events, "events", "event", &["event_read"]),
    row(Resource::Products, "products", "product", &["product_read"]),
    row(Resource::Coupons, "coupons", "coupon", &["coupon_read"]),
    row(Resource::Invoices, "invoices", "invoice", &["invoice_read"]),
    row(Resource::InvoiceLines, "invoice_lines", "line_item", &["invoice_read"]),
    row(Resource::PaymentIntents, "payment_intents", "payment_intent", &["payment_intent_read"]),
    row(Resource::Disputes, "disputes", "dispute", &["dispute_read"]),
    row(Resource::Payouts, "payouts", "payout", &["payout_read"]),
];

impl Resource {
    pub const ALL: [Self; TABLE.len()] = {
        let mut all = [Self::Charges; TABLE.len()];
        let mut at = 0;
        while at < all.len() {
            all[at] = TABLE[at].resource;
            at += 1;
        }
        all
    };

    fn row(self) -> &'static Row {
        &TABLE[self.index()]
    }

    /// The path segment after `/v1/`.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The value of `object` in this resource's objects.
    pub fn object(self) -> &'static str {
        self.row().object
    }

    pub(crate) fn of_object(object: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|resource| resource.object() == object)
    }

    pub(crate) fn permissions(self) -> &'static [&'static str] {
        self.row().permissions
    }

    /// Whether it has a list and objects of its own below `/v1/`.
    pub(crate) fn has_endpoints(self) -> bool {
        self != Self::InvoiceLines
    }

    /// Whether its objects say when they were created, which orders their list and can be asked for.
    pub(crate) fn lists_by_time(self) -> bool {
        !matches!(self, Self::SubscriptionItems | Self::InvoiceLines)
    }

    pub(crate) fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no resource of the sandbox.
#[derive(Debug, thiserror::Error)]
#[error("unknown resource; use one of {}", names())]
pub struct UnknownResource;

fn names() -> String {
    Resource::ALL.map(Resource::name).join(", ")
}

impl FromStr for Resource {
    type Err = UnknownResource;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|resource| resource.name() == text).ok_or(UnknownResource)
    }
}

#[cfg(test)]
mod tests {
    use super::Resource;

    #[test]
    fn every_resource_is_its_own_row() {
        for (index, resource) in Resource::ALL.into_iter().enumerate() {
            assert_eq!(resource.index(), index);
            assert_eq!(resource.name().parse::<Resource>().ok(), Some(resource));
            assert_eq!(Resource::of_object(resource.object()), Some(resource));
        }
    }
}

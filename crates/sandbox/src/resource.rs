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
}

impl Resource {
    pub const ALL: [Self; 8] = [
        Self::Charges,
        Self::Refunds,
        Self::BalanceTransactions,
        Self::Subscriptions,
        Self::SubscriptionItems,
        Self::Customers,
        Self::Prices,
        Self::Events,
    ];

    /// The path segment after `/v1/`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Charges => "charges",
            Self::Refunds => "refunds",
            Self::BalanceTransactions => "balance_transactions",
            Self::Subscriptions => "subscriptions",
            Self::SubscriptionItems => "subscription_items",
            Self::Customers => "customers",
            Self::Prices => "prices",
            Self::Events => "events",
        }
    }

    /// The value of `object` in this resource's objects.
    pub fn object(self) -> &'static str {
        match self {
            Self::Charges => "charge",
            Self::Refunds => "refund",
            Self::BalanceTransactions => "balance_transaction",
            Self::Subscriptions => "subscription",
            Self::SubscriptionItems => "subscription_item",
            Self::Customers => "customer",
            Self::Prices => "price",
            Self::Events => "event",
        }
    }

    pub(crate) fn of_object(object: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|resource| resource.object() == object)
    }

    /// Restricted-key permissions that open this resource, without `rak_`, the usual one first.
    /// Refunds have none of their own: Stripe reads them with the charge permission.
    pub(crate) fn permissions(self) -> &'static [&'static str] {
        match self {
            Self::Charges | Self::Refunds => &["charge_read"],
            Self::BalanceTransactions => &["balance_read", "balance_transaction_source_read"],
            Self::Subscriptions | Self::SubscriptionItems => &["subscription_read"],
            Self::Customers => &["customer_read"],
            Self::Prices => &["plan_read"],
            Self::Events => &["event_read"],
        }
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
#[error(
    "unknown resource; use one of charges, refunds, balance_transactions, subscriptions, subscription_items, customers, prices, events"
)]
pub struct UnknownResource;

impl FromStr for Resource {
    type Err = UnknownResource;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|resource| resource.name() == text).ok_or(UnknownResource)
    }
}

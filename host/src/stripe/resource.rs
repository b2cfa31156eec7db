//! The lists that a sync walks, and the filters that defeat the lists' defaults: without them canceled
//! subscriptions and inactive prices would be missing without a word.

/// A Stripe resource that can be listed by creation time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Resource {
    /// `GET /v1/charges`
    Charges,
    /// `GET /v1/refunds`
    Refunds,
    /// `GET /v1/balance_transactions`
    BalanceTransactions,
    /// `GET /v1/subscriptions`
    Subscriptions,
    /// `GET /v1/customers`
    Customers,
    /// `GET /v1/prices`
    Prices,
}

/// One walk over a resource's list. Some resources need two, because no single filter shows everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pass {
    /// The resource.
    pub resource: Resource,
    /// The pass's name within its resource; part of the ledger's keys, so never renamed.
    pub name: &'static str,
    /// The filters to send, besides the time window.
    pub filters: &'static [(&'static str, &'static str)],
}

impl Resource {
    /// All resources, in the order in which they are reported.
    pub const ALL: [Self; 6] = [
        Self::Charges,
        Self::Refunds,
        Self::BalanceTransactions,
        Self::Subscriptions,
        Self::Customers,
        Self::Prices,
    ];

    /// The resource's name in Stripe's paths.
    pub fn name(self) -> &'static str {
        match self {
            Self::Charges => "charges",
            Self::Refunds => "refunds",
            Self::BalanceTransactions => "balance_transactions",
            Self::Subscriptions => "subscriptions",
            Self::Customers => "customers",
            Self::Prices => "prices",
        }
    }

    /// Where its list is.
    pub fn path(self) -> &'static str {
        match self {
            Self::Charges => "/v1/charges",
            Self::Refunds => "/v1/refunds",
            Self::BalanceTransactions => "/v1/balance_transactions",
            Self::Subscriptions => "/v1/subscriptions",
            Self::Customers => "/v1/customers",
            Self::Prices => "/v1/prices",
        }
    }

    /// Whether its list can be asked for a range of creation times. Others are walked whole.
    pub fn has_created(self) -> bool {
        true
    }

    /// The resource of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.name() == name)
    }

    /// The `object` of its objects.
    pub fn object(self) -> &'static str {
        match self {
            Self::Charges => "charge",
            Self::Refunds => "refund",
            Self::BalanceTransactions => "balance_transaction",
            Self::Subscriptions => "subscription",
            Self::Customers => "customer",
            Self::Prices => "price",
        }
    }

    /// The walks that together show every object of the resource.
    pub fn passes(self) -> Vec<Pass> {
        let pass = |name, filters| Pass { resource: self, name, filters };
        match self {
            Self::Subscriptions => vec![pass("all", &[("status", "all")])],
            Self::Prices => {
                vec![pass("active", &[("active", "true")]), pass("inactive", &[("active", "false")])]
            }
            _ => vec![pass("all", &[])],
        }
    }

    /// How far a run looks back behind the bound of the run before, in seconds. Rows appear in lists
    /// shortly after their `created`; a balance transaction changes its status within days and no
    /// event tells.
    pub fn overlap(self) -> i64 {
        match self {
            Self::BalanceTransactions => 7 * 86_400,
            _ => 600,
        }
    }
}

impl std::fmt::Display for Pass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.name {
            "all" => f.write_str(self.resource.name()),
            name => write!(f, "{} ({name})", self.resource.name()),
        }
    }
}

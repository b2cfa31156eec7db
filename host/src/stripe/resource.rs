//! The table of the resources that a sync walks: where their lists are, which filters defeat the lists' defaults
//! (without them canceled subscriptions and inactive prices would be missing without a word), which events tell
//! of their changes, and what a key needs to read them. A resource more is a row more.

/// A Stripe resource that can be listed.
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
    /// `GET /v1/products`
    Products,
    /// `GET /v1/coupons`
    Coupons,
    /// `GET /v1/invoices`
    Invoices,
    /// `GET /v1/payment_intents`
    PaymentIntents,
    /// `GET /v1/disputes`
    Disputes,
    /// `GET /v1/payouts`
    Payouts,
}

/// What is known of a resource: a row of the table.
#[derive(Debug, Clone, Copy)]
struct Row {
    resource: Resource,
    /// The list, as a path. Its last part is the resource's name.
    path: &'static str,
    /// The `object` of its objects.
    object: &'static str,
    /// Name and filters of each pass.
    passes: &'static [(&'static str, &'static [(&'static str, &'static str)])],
    /// Whether the list can be asked for a range of creation times; others are walked whole.
    has_created: bool,
    /// Types of the events whose object is one of this resource, `*` standing for anything at the end. Other
    /// events may fit them too (`charge.*` has disputes): the event's own `data.object` decides.
    events: &'static [&'static str],
    /// What a restricted key must be permitted.
    permission: &'static str,
    /// Seconds.
    overlap: i64,
    nested: &'static [Nested],
    /// Parts of an object that Stripe shows only when `expand[]` names them. References to other objects are none
    /// of these: those have lists of their own.
    expand: &'static [&'static str],
}

/// A list inside an object, of which Stripe shows only the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nested {
    /// The object's key that holds the list.
    pub key: &'static str,
    /// The list by itself; `{id}` stands for the object's id.
    pub path: &'static str,
    /// The parameter that names the object, when the path does not.
    pub parameter: Option<&'static str>,
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

/// Rows appear in lists shortly after their `created`.
const LATE: i64 = 600;

/// What most resources are.
const PLAIN: Row = Row {
    resource: Resource::Charges,
    path: "",
    object: "",
    passes: &[("all", &[])],
    has_created: true,
    events: &[],
    permission: "",
    overlap: LATE,
    nested: &[],
    expand: &[],
};

/// The table, in the order of [`Resource`], which is the order of reports.
const TABLE: [Row; 12] = [
    Row {
        resource: Resource::Charges,
        path: "/v1/charges",
        object: "charge",
        events: &["charge.*"],
        permission: "rak_charge_read",
        nested: &[Nested { key: "refunds", path: "/v1/refunds", parameter: Some("charge") }],
        ..PLAIN
    },
    Row {
        resource: Resource::Refunds,
        path: "/v1/refunds",
        object: "refund",
        events: &["refund.*", "charge.refund.updated"],
        // Refunds have no permission of their own.
        permission: "rak_charge_read",
        ..PLAIN
    },
    Row {
        resource: Resource::BalanceTransactions,
        path: "/v1/balance_transactions",
        object: "balance_transaction",
        permission: "rak_balance_read",
        // A balance transaction changes its status within days, and no event tells.
        overlap: 7 * 86_400,
        ..PLAIN
    },
    Row {
        resource: Resource::Subscriptions,
        path: "/v1/subscriptions",
        object: "subscription",
        passes: &[("all", &[("status", "all")])],
        events: &["customer.subscription.*"],
        permission: "rak_subscription_read",
        nested: &[Nested { key: "items", path: "/v1/subscription_items", parameter: Some("subscription") }],
        ..PLAIN
    },
    Row {
        resource: Resource::Customers,
        path: "/v1/customers",
        object: "customer",
        events: &["customer.created", "customer.updated", "customer.deleted"],
        permission: "rak_customer_read",
        ..PLAIN
    },
    Row {
        resource: Resource::Prices,
        path: "/v1/prices",
        object: "price",
        passes: &[("active", &[("active", "true")]), ("inactive", &[("active", "false")])],
        events: &["price.*"],
        permission: "rak_plan_read",
        // Without them a tiered price has no amount at all.
        expand: &["tiers", "currency_options"],
        ..PLAIN
    },
    Row {
        resource: Resource::Products,
        path: "/v1/products",
        object: "product",
        events: &["product.*"],
        permission: "rak_product_read",
        ..PLAIN
    },
    Row {
        resource: Resource::Coupons,
        path: "/v1/coupons",
        object: "coupon",
        events: &["coupon.*"],
        permission: "rak_coupon_read",
        expand: &["applies_to", "currency_options"],
        ..PLAIN
    },
    Row {
        resource: Resource::Invoices,
        path: "/v1/invoices",
        object: "invoice",
        events: &["invoice.*"],
        permission: "rak_invoice_read",
        nested: &[
            Nested { key: "lines", path: "/v1/invoices/{id}/lines", parameter: None },
            Nested { key: "payments", path: "/v1/invoice_payments", parameter: Some("invoice") },
        ],
        // Since basil nothing else says what paid an invoice.
        expand: &["payments"],
        ..PLAIN
    },
    Row {
        resource: Resource::PaymentIntents,
        path: "/v1/payment_intents",
        object: "payment_intent",
        events: &["payment_intent.*"],
        permission: "rak_payment_intent_read",
        ..PLAIN
    },
    Row {
        resource: Resource::Disputes,
        path: "/v1/disputes",
        object: "dispute",
        events: &["charge.dispute.*"],
        permission: "rak_dispute_read",
        ..PLAIN
    },
    Row {
        resource: Resource::Payouts,
        path: "/v1/payouts",
        object: "payout",
        events: &["payout.*"],
        permission: "rak_payout_read",
        ..PLAIN
    },
];

impl Resource {
    /// All resources, in the order in which they are reported.
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
        &TABLE[self as usize]
    }

    /// The resource's name in Stripe's paths.
    pub fn name(self) -> &'static str {
        self.path().trim_start_matches("/v1/")
    }

    /// The path of its list.
    pub fn path(self) -> &'static str {
        self.row().path
    }

    /// The resource of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.name() == name)
    }

    /// The `object` of its objects.
    pub fn object(self) -> &'static str {
        self.row().object
    }

    /// The resource whose objects say that of themselves.
    pub fn from_object(object: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.object() == object)
    }

    /// The walks that together show every object of the resource.
    pub fn passes(self) -> Vec<Pass> {
        let passes = self.row().passes.iter();
        passes.map(|(name, filters)| Pass { resource: self, name, filters }).collect()
    }

    /// Whether its list can be asked for a range of creation times. Others are walked whole.
    pub fn has_created(self) -> bool {
        self.row().has_created
    }

    /// Types of events about its objects, `*` at the end standing for anything; none when no event tells.
    /// Events about other objects may fit them too: the event's own object decides.
    pub fn events(self) -> &'static [&'static str] {
        self.row().events
    }

    /// What a restricted key must be permitted to read it, as Stripe's dashboard links and errors call it.
    /// Stripe's list has gaps: a refusal's own message goes before it.
    pub fn permission(self) -> &'static str {
        self.row().permission
    }

    /// How far a run looks back behind the bound of the run before, in seconds.
    pub fn overlap(self) -> i64 {
        self.row().overlap
    }

    /// The lists inside its objects that may have to be completed.
    pub fn nested(self) -> &'static [Nested] {
        self.row().nested
    }

    /// The parts of its objects that are shown only when `expand[]` names them.
    pub fn expand(self) -> &'static [&'static str] {
        self.row().expand
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resource_is_its_own_row() {
        for (index, resource) in Resource::ALL.into_iter().enumerate() {
            assert_eq!(resource as usize, index);
            assert_eq!(Resource::from_name(resource.name()), Some(resource));
            assert_eq!(Resource::from_object(resource.object()), Some(resource));
            assert!(resource.permission().starts_with("rak_") && resource.permission().ends_with("_read"));
            assert_eq!(resource.path(), format!("/v1/{}", resource.name()));
            assert!(!resource.passes().is_empty());
        }
        let silent: Vec<_> = Resource::ALL.into_iter().filter(|r| r.events().is_empty()).collect();
        assert_eq!(silent, [Resource::BalanceTransactions]);
    }
}

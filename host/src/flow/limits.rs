//! What Adobe's managed source cannot have of what a sync of ours does, however it is set up.

/// Each thing, and why.
pub const LIMITS: [(&str, &str); 10] = [
    (
        "deletions",
        "a poll does not show what is gone: deleted customers and prices stay as they were last seen",
    ),
    (
        "changes of old objects",
        "how it finds what is new is not documented; by creation time it would miss refunds, status and edits of \
         what it has read already",
    ),
    ("updates in place", "each run appends: an object that is read again is one more row under the same _id"),
    (
        "exact money",
        "amounts are divided as doubles, exact up to 2^53 minor units; what else differs, each mapping's line in \
         `mapping export` says",
    ),
    (
        "checked records and a quarantine",
        "a mapping that fails leaves its field out, a row without a required field is dropped; a run is a success all \
         the same, `flow runs` counts what failed",
    ),
    (
        "API versions",
        "the version of Stripe's API is not pinned and not told: objects come in the account's default version",
    ),
    (
        "connected accounts",
        "it sends no Stripe-Account header: one connection reads one account, with a key of its own",
    ),
    (
        "more than six resources",
        "charges, refunds, balance transactions, subscriptions, customers, prices; no invoices, payment intents, \
         disputes, payouts, products, coupons, events",
    ),
    ("lists in objects", "what Stripe cuts from a list inside an object (has_more) is not asked for"),
    ("less than 15 minutes", "the shortest schedule; there is no way in for webhooks"),
];

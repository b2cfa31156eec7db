//! A local stand-in for Stripe's API with fault injection, for demos and tests.

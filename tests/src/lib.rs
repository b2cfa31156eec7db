//! End-to-end tests that cross crates, runtimes and processes.

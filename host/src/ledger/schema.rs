//! The ledger's tables, as a list of migrations that only ever grows; `user_version` counts those done.
//!
//! `quarantine_stale` names the datasets whose file in `_quarantine` is not what the table holds; triggers
//! keep it, so that no way of changing the table forgets it.

pub(super) const MIGRATIONS: &[&str] = &[
    "
CREATE TABLE pinned (what TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE account (
    id INTEGER PRIMARY KEY, stripe_id TEXT NOT NULL, livemode INTEGER NOT NULL,
    UNIQUE (stripe_id, livemode)
) STRICT;
CREATE TABLE run (
    id INTEGER PRIMARY KEY, account INTEGER NOT NULL REFERENCES account, started INTEGER NOT NULL,
    module TEXT NOT NULL, outcome TEXT
) STRICT;
CREATE TABLE unit (
    id INTEGER PRIMARY KEY, account INTEGER NOT NULL REFERENCES account, resource TEXT NOT NULL,
    pass TEXT NOT NULL, gte INTEGER, lt INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done')),
    cursor TEXT, cursor_created INTEGER,
    parts INTEGER NOT NULL DEFAULT 0, pages INTEGER NOT NULL DEFAULT 0,
    objects INTEGER NOT NULL DEFAULT 0, records INTEGER NOT NULL DEFAULT 0,
    id_hash BLOB NOT NULL DEFAULT (zeroblob(16)),
    attempts INTEGER NOT NULL DEFAULT 0, last_error TEXT
) STRICT;
CREATE INDEX unit_open ON unit (account, resource, pass) WHERE state = 'open';
CREATE TABLE boundary (
    unit INTEGER NOT NULL REFERENCES unit, created INTEGER NOT NULL, id TEXT NOT NULL,
    PRIMARY KEY (unit, created, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE part (
    unit INTEGER NOT NULL REFERENCES unit, seq INTEGER NOT NULL, dataset TEXT NOT NULL,
    path TEXT NOT NULL PRIMARY KEY, records INTEGER NOT NULL, bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE dataset (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE delivered (
    dataset INTEGER NOT NULL, record_id BLOB NOT NULL, digest BLOB NOT NULL,
    PRIMARY KEY (dataset, record_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE pending_embedded (
    dataset INTEGER NOT NULL, record_id BLOB NOT NULL, bytes BLOB NOT NULL,
    PRIMARY KEY (dataset, record_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE bookmark (
    account INTEGER NOT NULL REFERENCES account, resource TEXT NOT NULL, pass TEXT NOT NULL,
    upper INTEGER NOT NULL, PRIMARY KEY (account, resource, pass)
) STRICT, WITHOUT ROWID;
",
    "
ALTER TABLE delivered ADD COLUMN seen INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pending_embedded ADD COLUMN seen INTEGER NOT NULL DEFAULT 0;
CREATE TABLE quarantine (
    number INTEGER PRIMARY KEY AUTOINCREMENT, dataset INTEGER NOT NULL, record_id BLOB NOT NULL,
    embedded INTEGER NOT NULL, seen INTEGER NOT NULL, about TEXT NOT NULL,
    record BLOB NOT NULL, source BLOB NOT NULL,
    UNIQUE (dataset, record_id)
) STRICT;
CREATE INDEX quarantine_order ON quarantine (dataset, number);
CREATE TABLE quarantine_stale (dataset INTEGER PRIMARY KEY) STRICT;
CREATE TRIGGER quarantine_inserted AFTER INSERT ON quarantine BEGIN
    INSERT INTO quarantine_stale SELECT new.dataset
    WHERE NOT EXISTS (SELECT 1 FROM quarantine_stale WHERE dataset = new.dataset);
END;
CREATE TRIGGER quarantine_updated AFTER UPDATE ON quarantine BEGIN
    INSERT INTO quarantine_stale SELECT new.dataset
    WHERE NOT EXISTS (SELECT 1 FROM quarantine_stale WHERE dataset = new.dataset);
END;
CREATE TRIGGER quarantine_deleted AFTER DELETE ON quarantine BEGIN
    INSERT INTO quarantine_stale SELECT old.dataset
    WHERE NOT EXISTS (SELECT 1 FROM quarantine_stale WHERE dataset = old.dataset);
END;
",
    // Before there were two kinds of records, all were of one.
    "
INSERT OR IGNORE INTO pinned SELECT 'model', 'standard' WHERE EXISTS (SELECT 1 FROM run);
",
    // Objects are known one by one, files belong to runs, and a list's units touch one another. What older
    // programs noted of their walks says less, so everything is listed once more.
    "
CREATE TABLE list (
    id INTEGER PRIMARY KEY, account INTEGER NOT NULL REFERENCES account, resource TEXT NOT NULL,
    UNIQUE (account, resource)
) STRICT;
CREATE TABLE object (
    list INTEGER NOT NULL, created INTEGER NOT NULL, id TEXT NOT NULL, seen INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    PRIMARY KEY (list, created, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE mark (
    account INTEGER NOT NULL REFERENCES account, name TEXT NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (account, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE fact (
    account INTEGER NOT NULL REFERENCES account, key TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (account, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE file (
    path TEXT PRIMARY KEY, dataset TEXT NOT NULL, run INTEGER, records INTEGER NOT NULL,
    bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO file (path, dataset, records, bytes) SELECT path, dataset, records, bytes FROM part;
DROP TABLE part;
DROP TABLE boundary;
DROP TABLE bookmark;
DROP TABLE unit;
CREATE TABLE unit (
    id INTEGER PRIMARY KEY, account INTEGER NOT NULL REFERENCES account, resource TEXT NOT NULL,
    pass TEXT NOT NULL, gte INTEGER, lt INTEGER NOT NULL, done INTEGER NOT NULL DEFAULT 0,
    cursor TEXT, cursor_created INTEGER,
    pages INTEGER NOT NULL DEFAULT 0, objects INTEGER NOT NULL DEFAULT 0,
    records INTEGER NOT NULL DEFAULT 0, id_hash BLOB NOT NULL DEFAULT (zeroblob(16)),
    walked INTEGER, error TEXT
) STRICT;
CREATE INDEX unit_list ON unit (account, resource, pass, lt);
CREATE TABLE boundary (
    unit INTEGER NOT NULL REFERENCES unit, created INTEGER NOT NULL, id TEXT NOT NULL,
    PRIMARY KEY (unit, created, id)
) STRICT, WITHOUT ROWID;
ALTER TABLE delivered ADD COLUMN event INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pending_embedded ADD COLUMN account INTEGER NOT NULL DEFAULT 0;
",
    // What following the changes needs: Events that were taken, so that none is taken twice; objects that change
    // without an Event; lists that are walked once more, with the time since when.
    "
CREATE TABLE heard (
    account INTEGER NOT NULL REFERENCES account, id TEXT NOT NULL, at INTEGER NOT NULL, fact BLOB NOT NULL,
    PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX heard_fact ON heard (account, fact);
CREATE INDEX heard_at ON heard (account, at);
CREATE TABLE unsettled (
    account INTEGER NOT NULL REFERENCES account, resource TEXT NOT NULL, created INTEGER NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (account, resource, created, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE relisted (
    account INTEGER NOT NULL REFERENCES account, resource TEXT NOT NULL, since INTEGER NOT NULL,
    PRIMARY KEY (account, resource)
) STRICT, WITHOUT ROWID;
",
    // The outbox: which files went where. A file is in at most one batch of a target, so that its key alone keeps
    // it from being sent twice; a batch that failed gives its files to the one that takes its place.
    "
CREATE TABLE target (
    id INTEGER PRIMARY KEY, org TEXT NOT NULL, sandbox TEXT NOT NULL, dataset_id TEXT NOT NULL,
    dataset TEXT NOT NULL,
    UNIQUE (org, sandbox, dataset_id)
) STRICT;
CREATE TABLE batch (
    id INTEGER PRIMARY KEY, target INTEGER NOT NULL REFERENCES target, external_id TEXT NOT NULL,
    aep_id TEXT,
    state TEXT NOT NULL DEFAULT 'planned'
        CHECK (state IN ('planned', 'created', 'uploaded', 'completed', 'active', 'failed', 'replaced')),
    attempt INTEGER NOT NULL, uploads INTEGER NOT NULL DEFAULT 0,
    records INTEGER NOT NULL, bytes INTEGER NOT NULL, refused INTEGER NOT NULL DEFAULT 0,
    status TEXT NOT NULL DEFAULT '', error TEXT, planned INTEGER NOT NULL, changed INTEGER NOT NULL,
    UNIQUE (target, external_id)
) STRICT;
CREATE INDEX batch_open ON batch (target) WHERE state IN ('planned', 'created', 'uploaded', 'completed');
CREATE TABLE outgoing (
    target INTEGER NOT NULL REFERENCES target, path TEXT NOT NULL, batch INTEGER NOT NULL REFERENCES batch,
    upload INTEGER NOT NULL, place INTEGER NOT NULL,
    PRIMARY KEY (target, path)
) STRICT, WITHOUT ROWID;
CREATE INDEX outgoing_batch ON outgoing (batch, upload, place);
CREATE TABLE streamed (
    target INTEGER NOT NULL REFERENCES target, path TEXT NOT NULL, bytes INTEGER NOT NULL, lines INTEGER NOT NULL,
    PRIMARY KEY (target, path)
) STRICT, WITHOUT ROWID;
",
    // What the files of a batch are: until here all were JSON lines.
    "
ALTER TABLE batch ADD COLUMN format TEXT NOT NULL DEFAULT 'json' CHECK (format IN ('json', 'parquet'));
",
    // Which batch's rows a batch takes the place of.
    "
ALTER TABLE batch ADD COLUMN replays INTEGER REFERENCES batch;
",
];

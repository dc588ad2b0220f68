-- Webhooks and their outbox. A delivery is derived from what is stored already (an update, a window, a run), so a crash
-- loses none; and one event is queued once for each webhook, so a crash doubles none. The secret of a webhook is not
-- here: it is derived from a key that is no part of this database.

CREATE TABLE webhooks (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    system TEXT NOT NULL,
    address TEXT NOT NULL,
    label TEXT NOT NULL,
    by TEXT NOT NULL,
    created INTEGER NOT NULL
) STRICT;
CREATE INDEX webhooks_of_system ON webhooks (system);

CREATE TABLE deliveries (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    webhook INTEGER NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event TEXT NOT NULL, -- stable name, such as update-12
    body TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'dead')),
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER NOT NULL,
    error TEXT,
    created INTEGER NOT NULL,
    finished INTEGER,
    UNIQUE (webhook, event)
) STRICT;
CREATE INDEX deliveries_waiting ON deliveries (webhook, id) WHERE state = 'waiting';

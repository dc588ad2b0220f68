-- One outbox with two carriers. An event is written down once, and in the same transaction queued for everybody who is to
-- be told: webhooks and subscribers by mail. So a crash loses none, and queues none twice.

-- Moves of organizations between stages, written by the change itself: several may move at once, and back again.
CREATE TABLE organization_moves (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    system TEXT NOT NULL,
    code TEXT NOT NULL,
    stage TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX organization_moves_of_system ON organization_moves (system, at);
CREATE TRIGGER organization_comes AFTER INSERT ON organizations
BEGIN
    INSERT INTO organization_moves (system, code, stage, at) VALUES (NEW.system, NEW.code, NEW.stage, NEW.changed);
END;
CREATE TRIGGER organization_moves_on AFTER UPDATE OF stage ON organizations WHEN OLD.stage <> NEW.stage
BEGIN
    INSERT INTO organization_moves (system, code, stage, at) VALUES (NEW.system, NEW.code, NEW.stage, NEW.changed);
END;

-- People who asked to be told by mail. An address that nobody confirmed is forgotten after two days.
CREATE TABLE subscribers (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    system TEXT NOT NULL,
    address TEXT NOT NULL,
    link TEXT NOT NULL DEFAULT '', -- the link that it was asked for through; empty: the public page
    organization TEXT NOT NULL DEFAULT '', -- only this organization; empty: the whole system
    created INTEGER NOT NULL,
    asked INTEGER NOT NULL, -- when the question whether the address is right was queued last
    confirmed INTEGER,
    UNIQUE (system, link, address)
) STRICT;
CREATE INDEX subscribers_told ON subscribers (system, confirmed);

CREATE TABLE outbox_events (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    system TEXT NOT NULL,
    name TEXT NOT NULL, -- stable, such as update-12
    body TEXT NOT NULL, -- JSON
    created INTEGER NOT NULL,
    UNIQUE (system, name)
) STRICT;

ALTER TABLE webhooks ADD COLUMN organization TEXT NOT NULL DEFAULT '';

DROP INDEX deliveries_waiting;
ALTER TABLE deliveries RENAME TO webhook_deliveries;
CREATE TABLE deliveries (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    webhook INTEGER REFERENCES webhooks (id) ON DELETE CASCADE,
    subscriber INTEGER REFERENCES subscribers (id) ON DELETE CASCADE,
    event INTEGER REFERENCES outbox_events (id) ON DELETE CASCADE, -- none: asks a subscriber whether the address is right
    state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'dead')),
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER NOT NULL,
    error TEXT,
    created INTEGER NOT NULL,
    finished INTEGER,
    CHECK ((webhook IS NULL) <> (subscriber IS NULL)),
    CHECK (event IS NOT NULL OR subscriber IS NOT NULL),
    UNIQUE (webhook, event),
    UNIQUE (subscriber, event)
) STRICT;
CREATE UNIQUE INDEX deliveries_question ON deliveries (subscriber) WHERE event IS NULL;
CREATE INDEX deliveries_to_webhooks ON deliveries (webhook, id) WHERE state = 'waiting' AND webhook IS NOT NULL;
CREATE INDEX deliveries_by_mail ON deliveries (next_at, id) WHERE state = 'waiting' AND subscriber IS NOT NULL;
CREATE INDEX deliveries_of_event ON deliveries (event);

INSERT INTO outbox_events (system, name, body, created)
SELECT webhooks.system, event, MIN(body), MIN(webhook_deliveries.created)
FROM webhook_deliveries JOIN webhooks ON webhooks.id = webhook GROUP BY webhooks.system, event ORDER BY MIN(webhook_deliveries.id);
INSERT INTO deliveries (webhook, event, state, attempts, next_at, error, created, finished)
SELECT webhook, outbox_events.id, state, attempts, next_at, error, webhook_deliveries.created, finished
FROM webhook_deliveries JOIN webhooks ON webhooks.id = webhook
JOIN outbox_events ON outbox_events.system = webhooks.system AND outbox_events.name = event ORDER BY webhook_deliveries.id;
DROP TABLE webhook_deliveries;

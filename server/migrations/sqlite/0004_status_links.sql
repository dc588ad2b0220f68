-- Links to a status page for one audience: signed, expiring, revocable. The signature is not kept: it is made from the
-- identifier, the end and a key that is no part of this database.

CREATE TABLE status_links (
    id TEXT NOT NULL PRIMARY KEY,
    system TEXT NOT NULL,
    label TEXT NOT NULL,
    audience TEXT NOT NULL, -- JSON
    by TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    revoked INTEGER
) STRICT;
CREATE INDEX status_links_of_system ON status_links (system, created);

-- Links to a status page for one audience: signed, expiring, revocable. The signature is not kept: it is made from the
-- identifier, the end and a key that is no part of this database.

CREATE TABLE status_links (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    system TEXT COLLATE "C" NOT NULL,
    label TEXT COLLATE "C" NOT NULL,
    audience TEXT COLLATE "C" NOT NULL, -- JSON
    by TEXT COLLATE "C" NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    revoked BIGINT
);
CREATE INDEX status_links_of_system ON status_links (system, created);

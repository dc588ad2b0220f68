-- A change of organizations that was begun: kept until both the target and the records here show it, or the target shows
-- that it did not happen.
CREATE TABLE organization_intents (
    id      INTEGER NOT NULL PRIMARY KEY,
    system  TEXT NOT NULL,
    content TEXT NOT NULL,
    begun   INTEGER NOT NULL
) STRICT;

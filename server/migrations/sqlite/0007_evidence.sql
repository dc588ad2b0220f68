-- Evidence of runs, sealed and signed when they ended. A run that is rolled back later ended a second time and has a
-- second row: what was sealed is never changed, nor made again by a later version of the program or with another key.

CREATE TABLE evidence (
    run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    ended INTEGER NOT NULL,
    sealed INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    archive BLOB NOT NULL, -- the bundle, byte for byte
    PRIMARY KEY (run, ended)
) STRICT;

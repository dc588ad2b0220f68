-- A key is reserved before its command begins: the same request at the same instant waits for the answer.
CREATE TABLE reserved_keys (
    account TEXT NOT NULL,
    key TEXT NOT NULL,
    request_hash TEXT NOT NULL, -- of method, path and body: the same key for another request is refused
    attempt INTEGER NOT NULL, -- counts who carries it out: one that was taken for dead writes no answer
    held_until INTEGER, -- by the clock of the database; none when it is answered
    status INTEGER,
    body TEXT,
    created INTEGER NOT NULL,
    PRIMARY KEY (account, key),
    CHECK ((held_until IS NULL) = (status IS NOT NULL) AND (status IS NULL) = (body IS NULL))
) STRICT;
INSERT INTO reserved_keys (account, key, request_hash, attempt, status, body, created)
SELECT account, key, request_hash, 1, status, body, created FROM idempotency_keys;
DROP TABLE idempotency_keys;
ALTER TABLE reserved_keys RENAME TO idempotency_keys;

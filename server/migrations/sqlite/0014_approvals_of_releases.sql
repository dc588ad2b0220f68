-- Releasing a kept database may need a second administrator.
CREATE TABLE approvals_of_all (
    id INTEGER NOT NULL PRIMARY KEY,
    system TEXT NOT NULL,
    action TEXT NOT NULL CHECK (action IN ('run', 'rollback', 'mode', 'release')),
    text TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    requested_by TEXT NOT NULL REFERENCES accounts (id),
    requested INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'approved', 'refused', 'used', 'void')),
    decided_by TEXT REFERENCES accounts (id),
    decided INTEGER,
    note TEXT
) STRICT;
INSERT INTO approvals_of_all (id, system, action, text, fingerprint, requested_by, requested, expires, state, decided_by, decided, note)
SELECT id, system, action, text, fingerprint, requested_by, requested, expires, state, decided_by, decided, note FROM approvals;
DROP TABLE approvals;
ALTER TABLE approvals_of_all RENAME TO approvals;
CREATE INDEX approvals_system ON approvals (system, id);

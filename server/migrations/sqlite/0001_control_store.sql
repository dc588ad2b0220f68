-- The control store of Switchyard. Times are milliseconds since 1970 in UTC, booleans 0 or 1, JSON is text.
-- It holds no secret but hashes, and no truth about a target: the journal inside the target does.

CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- people ----------------------------------------------------------------------------------------------------------
CREATE TABLE accounts (
    id TEXT NOT NULL PRIMARY KEY,
    username TEXT NOT NULL,
    username_key TEXT NOT NULL UNIQUE, -- lower case: Amina and amina are one
    name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'administrator')),
    password_hash TEXT, -- none until the invitation is accepted
    disabled INTEGER NOT NULL DEFAULT 0,
    created INTEGER NOT NULL,
    last_signed_in INTEGER,
    version INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    token_hash TEXT NOT NULL UNIQUE, -- SHA-256 of the cookie's token
    account TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    created INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    confirmed INTEGER NOT NULL, -- last time that the password was given
    agent TEXT NOT NULL,
    address TEXT NOT NULL
) STRICT;
CREATE INDEX sessions_account ON sessions (account);

CREATE TABLE invitations (
    token_hash TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('first-run', 'invitation', 'reset', 'recovery')),
    account TEXT REFERENCES accounts (id) ON DELETE CASCADE, -- none: the person makes a new account
    role TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'administrator')),
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL
) STRICT;

-- browsers that an account signed in from before: a right password from one of them is never throttled
CREATE TABLE known_devices (
    token_hash TEXT NOT NULL,
    account TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    seen INTEGER NOT NULL,
    PRIMARY KEY (token_hash, account)
) STRICT;

CREATE TABLE sign_in_failures (
    bucket TEXT NOT NULL PRIMARY KEY, -- hash of account name and address
    failures INTEGER NOT NULL,
    last INTEGER NOT NULL
) STRICT;

-- audit -----------------------------------------------------------------------------------------------------------
CREATE TABLE audit (
    id INTEGER NOT NULL PRIMARY KEY, -- from 1, without gaps
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    system TEXT,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    text TEXT NOT NULL,
    refused INTEGER NOT NULL,
    address TEXT,
    previous_hash TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT;
CREATE INDEX audit_system ON audit (system, id);
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE (ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_is_never_shortened BEFORE DELETE ON audit
BEGIN
    SELECT RAISE (ABORT, 'the audit log is append-only');
END;

CREATE TABLE idempotency_keys (
    account TEXT NOT NULL,
    key TEXT NOT NULL,
    request_hash TEXT NOT NULL, -- of method, path and body: the same key for another request is refused
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (account, key)
) STRICT;

-- runs: a mirror of the journals inside the targets, and what is wanted of them --------------------------------------
CREATE TABLE runs (
    id INTEGER NOT NULL PRIMARY KEY,
    system TEXT NOT NULL,
    number INTEGER NOT NULL, -- within its system, from 1
    journal_run TEXT NOT NULL, -- id of the run in the target's journal
    playbook TEXT NOT NULL,
    title TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    plan TEXT NOT NULL, -- JSON: the plan as approved
    until_step TEXT,
    want TEXT NOT NULL, -- JSON: what is wanted of it, such as applied, paused, undone
    state TEXT NOT NULL,
    reason TEXT,
    started_by TEXT NOT NULL,
    approved_by TEXT,
    started INTEGER NOT NULL,
    finished INTEGER,
    steps_done INTEGER NOT NULL DEFAULT 0,
    steps_total INTEGER NOT NULL DEFAULT 0,
    progress TEXT, -- JSON: last numbers
    version INTEGER NOT NULL DEFAULT 1,
    UNIQUE (system, number),
    UNIQUE (system, journal_run)
) STRICT;
CREATE UNIQUE INDEX one_open_run ON runs (system) WHERE state NOT IN ('done', 'aborted', 'rolled-back');

CREATE TABLE run_steps (
    run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    key TEXT NOT NULL,
    state TEXT NOT NULL,
    rows_done INTEGER NOT NULL DEFAULT 0,
    rows_total INTEGER NOT NULL DEFAULT 0,
    set_aside INTEGER NOT NULL DEFAULT 0,
    started INTEGER,
    finished INTEGER,
    took_ms INTEGER,
    longest_lock_ms INTEGER,
    error TEXT,
    PRIMARY KEY (run, position)
) STRICT;

CREATE TABLE run_gates (
    run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    content TEXT NOT NULL, -- JSON: last evidence
    measured INTEGER,
    overridden_by TEXT,
    overridden_reason TEXT,
    overridden_at INTEGER,
    PRIMARY KEY (run, name)
) STRICT;

CREATE TABLE run_log (
    run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    id INTEGER NOT NULL, -- counts up within a run
    at INTEGER NOT NULL,
    level TEXT NOT NULL CHECK (level IN ('info', 'warning', 'error')),
    step TEXT,
    text TEXT NOT NULL,
    PRIMARY KEY (run, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE run_speed (
    run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    at_ms INTEGER NOT NULL, -- since the run started
    rows_per_second REAL NOT NULL,
    PRIMARY KEY (run, at_ms)
) STRICT, WITHOUT ROWID;

CREATE TABLE coverage_history (
    id INTEGER NOT NULL PRIMARY KEY,
    system TEXT NOT NULL,
    at INTEGER NOT NULL,
    assigned INTEGER NOT NULL,
    total INTEGER NOT NULL,
    run INTEGER -- number of the run that was going on
) STRICT;
CREATE INDEX coverage_history_system ON coverage_history (system, at);

CREATE TABLE preflights (
    system TEXT NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    passed INTEGER NOT NULL,
    content TEXT NOT NULL -- JSON
) STRICT;

-- people's part -----------------------------------------------------------------------------------------------------
CREATE TABLE checklist_ticks (
    system TEXT NOT NULL,
    item TEXT NOT NULL,
    done INTEGER NOT NULL,
    note TEXT NOT NULL,
    by TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (system, item)
) STRICT;

CREATE TABLE organizations (
    system TEXT NOT NULL,
    code TEXT NOT NULL,
    code_key TEXT NOT NULL, -- lower case: MOH and moh are one
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    stage TEXT NOT NULL CHECK (stage IN ('invited', 'prepared', 'pilot', 'active', 'suspended')),
    wave INTEGER,
    contact_name TEXT NOT NULL DEFAULT '',
    contact_email TEXT NOT NULL DEFAULT '',
    isolation TEXT, -- JSON: last isolation check
    suspended_reason TEXT,
    created INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (system, code),
    UNIQUE (system, code_key)
) STRICT;

CREATE TABLE organization_people (
    system TEXT NOT NULL,
    code TEXT NOT NULL,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    role TEXT NOT NULL,
    training TEXT, -- day, such as 2026-12-15
    trained INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (system, code, position),
    FOREIGN KEY (system, code) REFERENCES organizations (system, code) ON DELETE CASCADE
) STRICT;

CREATE TABLE organization_ticks (
    system TEXT NOT NULL,
    code TEXT NOT NULL,
    item TEXT NOT NULL,
    by TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (system, code, item),
    FOREIGN KEY (system, code) REFERENCES organizations (system, code) ON DELETE CASCADE
) STRICT;

CREATE TABLE waves (
    system TEXT NOT NULL,
    number INTEGER NOT NULL, -- 0 is the pilot
    title TEXT NOT NULL,
    soak_days INTEGER NOT NULL,
    started INTEGER,
    PRIMARY KEY (system, number)
) STRICT;

-- mode, ways back, proof ----------------------------------------------------------------------------------------------
CREATE TABLE mode_switches (
    id INTEGER NOT NULL PRIMARY KEY,
    system TEXT NOT NULL,
    from_mode TEXT NOT NULL CHECK (from_mode IN ('single', 'multi')),
    to_mode TEXT NOT NULL CHECK (to_mode IN ('single', 'multi')),
    state TEXT NOT NULL CHECK (state IN ('running', 'done', 'went-back', 'failed')),
    by TEXT NOT NULL,
    started INTEGER NOT NULL,
    finished INTEGER,
    steps TEXT NOT NULL, -- JSON, written before and after each step: a killed server goes on from it
    answers TEXT NOT NULL, -- JSON: one answer a second
    downtime_ms INTEGER,
    error TEXT
) STRICT;
CREATE UNIQUE INDEX one_open_mode_switch ON mode_switches (system) WHERE state = 'running';

CREATE TABLE rollbacks (
    id INTEGER NOT NULL PRIMARY KEY,
    system TEXT NOT NULL,
    way TEXT NOT NULL, -- JSON
    fingerprint TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed')),
    by TEXT NOT NULL,
    started INTEGER NOT NULL,
    finished INTEGER,
    steps TEXT NOT NULL, -- JSON
    rows_lost INTEGER NOT NULL,
    export TEXT,
    error TEXT
) STRICT;
CREATE UNIQUE INDEX one_open_rollback ON rollbacks (system) WHERE state = 'running';

CREATE TABLE rollback_tasks (
    rollback INTEGER NOT NULL REFERENCES rollbacks (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    note TEXT NOT NULL DEFAULT '',
    done INTEGER NOT NULL DEFAULT 0,
    by TEXT,
    at INTEGER,
    PRIMARY KEY (rollback, name)
) STRICT;

CREATE TABLE backups (
    system TEXT NOT NULL,
    name TEXT NOT NULL,
    taken INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    tables INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('writing', 'verifying', 'verified', 'unverified', 'unusable')),
    trouble TEXT,
    verified INTEGER,
    restore_ms INTEGER,
    made_by TEXT NOT NULL,
    made_for TEXT NOT NULL,
    PRIMARY KEY (system, name)
) STRICT;

CREATE TABLE reports (
    system TEXT NOT NULL,
    number INTEGER NOT NULL, -- within its system, from 1
    at INTEGER NOT NULL,
    by TEXT NOT NULL,
    passed INTEGER NOT NULL,
    checks_passed INTEGER NOT NULL,
    checks INTEGER NOT NULL,
    content TEXT NOT NULL, -- JSON: the whole report
    PRIMARY KEY (system, number)
) STRICT;

CREATE TABLE approvals (
    id INTEGER NOT NULL PRIMARY KEY,
    system TEXT NOT NULL,
    action TEXT NOT NULL CHECK (action IN ('run', 'rollback', 'mode')),
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
CREATE INDEX approvals_system ON approvals (system, id);

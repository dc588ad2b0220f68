-- Updates and maintenance windows that operators publish, with every earlier version.

CREATE TABLE updates (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    system TEXT NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    publish_at INTEGER NOT NULL,
    edited INTEGER,
    resolved INTEGER,
    by TEXT NOT NULL,
    version INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX updates_of_system ON updates (system, publish_at);

CREATE TABLE maintenance_windows (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    system TEXT NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    starts INTEGER NOT NULL,
    ends INTEGER NOT NULL CHECK (ends > starts),
    interruption_minutes INTEGER,
    stage TEXT NOT NULL,
    by TEXT NOT NULL,
    changed INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX maintenance_windows_of_system ON maintenance_windows (system, starts);

CREATE TABLE notice_revisions (
    kind TEXT NOT NULL CHECK (kind IN ('update', 'window')),
    notice INTEGER NOT NULL,
    version INTEGER NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    note TEXT NOT NULL,
    by TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (kind, notice, version)
) STRICT, WITHOUT ROWID;

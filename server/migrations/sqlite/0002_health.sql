-- Health of the applications: samples for days, hours for three months. Both are bounded by count, not by the clock,
-- so that a clock that jumps cannot make history disappear.

CREATE TABLE health_samples (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, -- the order of measuring, whatever the clock did
    system TEXT NOT NULL,
    at INTEGER NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('good', 'slow', 'bad')),
    response_ms INTEGER,
    database_ms INTEGER,
    errors INTEGER, -- new since the sample before
    connections INTEGER,
    why TEXT -- why it was not good
) STRICT;
CREATE INDEX health_samples_of_system ON health_samples (system, id);

CREATE TABLE health_hours (
    system TEXT NOT NULL,
    hour INTEGER NOT NULL, -- whole hours since 1970 in UTC
    samples INTEGER NOT NULL,
    bad INTEGER NOT NULL,
    measured_seconds INTEGER NOT NULL,
    bad_seconds INTEGER NOT NULL,
    slow_seconds INTEGER NOT NULL,
    answers INTEGER NOT NULL,
    response_sum_ms INTEGER NOT NULL,
    response_max_ms INTEGER NOT NULL,
    database_answers INTEGER NOT NULL,
    database_sum_ms INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    PRIMARY KEY (system, hour)
) STRICT, WITHOUT ROWID;

CREATE TABLE health_baselines (
    id INTEGER NOT NULL PRIMARY KEY,
    system TEXT NOT NULL,
    name TEXT NOT NULL,
    by TEXT NOT NULL,
    at INTEGER NOT NULL,
    samples INTEGER NOT NULL,
    p10_ms INTEGER NOT NULL,
    p50_ms INTEGER NOT NULL,
    p90_ms INTEGER NOT NULL,
    bad_percent REAL NOT NULL,
    UNIQUE (system, name)
) STRICT;

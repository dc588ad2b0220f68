-- The chart of a day is put together from this index alone: the samples of many systems lie between those of one.
CREATE INDEX health_samples_by_time ON health_samples (system, at, outcome, response_ms, database_ms, errors);

-- Work that one console of several does at a time, whose it is, and until when. The fencing number grows with every new
-- owner: what an earlier one still writes is refused.
CREATE TABLE leases (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    owner TEXT COLLATE "C" NOT NULL,
    fencing BIGINT NOT NULL,
    expires BIGINT NOT NULL -- by the clock of the database
);

-- Work that one console of several does at a time, whose it is, and until when. The fencing number grows with every new
-- owner: what an earlier one still writes is refused. In a file there is one console, and no row.
CREATE TABLE leases (
    name TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    fencing INTEGER NOT NULL,
    expires INTEGER NOT NULL -- by the clock of the database
) STRICT;

CREATE TABLE item (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    created_ms INTEGER NOT NULL,
    workspace TEXT NOT NULL,
    task TEXT NOT NULL,
    why TEXT NOT NULL CHECK (why IN ('outside_sandbox', 'time', 'model_limit', 'asked')),
    test TEXT NOT NULL,
    package TEXT NOT NULL,
    package_key TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sent', 'answered', 'accepted', 'rejected')),
    note TEXT NOT NULL DEFAULT '',
    reviewer TEXT NOT NULL DEFAULT '',
    ticket TEXT NOT NULL DEFAULT '',
    answer TEXT NOT NULL DEFAULT '',
    edited INTEGER NOT NULL DEFAULT 0 CHECK (edited IN (0, 1)),
    verdict TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE region (
    item INTEGER NOT NULL REFERENCES item (id),
    place INTEGER NOT NULL,
    path TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (item, place)
) STRICT;

-- Every amount that was reserved or paid, by day (UTC), for an item or for a remote model. Rows are never deleted.
CREATE TABLE spending (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    item INTEGER REFERENCES item (id),
    day TEXT NOT NULL,
    reviewer TEXT NOT NULL,
    currency TEXT NOT NULL,
    micros INTEGER NOT NULL CHECK (micros >= 0),
    settled INTEGER NOT NULL DEFAULT 0 CHECK (settled IN (0, 1))
) STRICT;

CREATE INDEX spending_day ON spending (day, currency);
CREATE INDEX item_state ON item (state, id);

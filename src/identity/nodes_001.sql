-- Join tokens: the id is public, of the secret only its SHA-256 is kept.
CREATE TABLE join_token (
    id TEXT PRIMARY KEY,
    secret_hash BLOB NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('client', 'worker', 'inference', 'coordinator')),
    account TEXT NOT NULL,
    uses_left INTEGER NOT NULL CHECK (uses_left >= 0),
    approved INTEGER NOT NULL CHECK (approved IN (0, 1)),
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX join_token_expiry ON join_token (expires_ms);

-- A node's id is the thumbprint of its key. Rows are never deleted: a revoked key stays revoked. `token` names the one
-- that let it in, which may be gone.
CREATE TABLE node (
    id TEXT PRIMARY KEY,
    public_key BLOB NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('client', 'worker', 'inference', 'coordinator')),
    state TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'suspended', 'revoked')),
    account TEXT NOT NULL,
    label TEXT NOT NULL,
    token TEXT NOT NULL,
    enrolled_ms INTEGER NOT NULL
) STRICT;

-- Who did what to which node or token. Rows are never changed.
CREATE TABLE node_audit (
    number INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    actor TEXT NOT NULL,
    subject TEXT NOT NULL,
    action TEXT NOT NULL,
    was TEXT NOT NULL,
    became TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT;

CREATE INDEX node_audit_subject ON node_audit (subject, number);

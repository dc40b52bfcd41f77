"""The tables of the ledger, as migrations.

The record's body is the ledger. What is counted from it (`derived.py`) can be built again from the bodies alone. What
was acknowledged is kept beside it as it was answered, since an answer shows a balance of its moment. Columns that would
only repeat a body are left out; a sale of 20 lines then writes some 20 KB to the log instead of 34.
"""

from sqlite_utils import Database, Migrations

from edge_agent.ledger import derived, reservations
from edge_agent.ledger.database import APPLICATION_ID

ledger_migrations = Migrations("ledger")


@ledger_migrations()
def m001_journal(db: Database) -> None:
    """Identity, the chain, its attachments and the outbox position."""
    db.execute(f"PRAGMA application_id={APPLICATION_ID}")
    db.execute(
        "CREATE TABLE identity (one INTEGER PRIMARY KEY CHECK (one = 1), terminal TEXT NOT NULL,"
        " epoch TEXT NOT NULL, local_key BLOB NOT NULL, made_at TEXT NOT NULL) STRICT"
    )
    db.execute(
        "CREATE TABLE records (seq INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, hash BLOB NOT NULL,"
        " body BLOB NOT NULL) STRICT"
    )
    db.execute(
        "CREATE TABLE attachments (seq INTEGER PRIMARY KEY REFERENCES records, salt BLOB NOT NULL,"
        " content BLOB NOT NULL) STRICT"
    )
    db.execute(
        "CREATE TABLE outbox (one INTEGER PRIMARY KEY CHECK (one = 1), received INTEGER NOT NULL,"
        " head BLOB NOT NULL) STRICT"
    )
    db.execute(
        "CREATE TABLE record_states (seq INTEGER PRIMARY KEY REFERENCES records, state TEXT NOT NULL, code TEXT) STRICT"
    )


@ledger_migrations()
def m002_looked_up(db: Database) -> None:
    """What is counted; acts as they were answered; cards that central has not told us of; programmes."""
    derived.create_tables(db)
    reservations.create_table(db)
    db.execute(
        "CREATE TABLE sales (seq INTEGER PRIMARY KEY REFERENCES records, sale_id TEXT NOT NULL UNIQUE,"
        " account TEXT, fingerprint BLOB NOT NULL, result TEXT NOT NULL, print TEXT NOT NULL) STRICT"
    )
    db.execute(
        "CREATE TABLE givebacks (kind TEXT NOT NULL, act_id TEXT NOT NULL, sale_id TEXT NOT NULL,"
        " seq INTEGER NOT NULL REFERENCES records, fingerprint BLOB NOT NULL, result TEXT NOT NULL,"
        " PRIMARY KEY (kind, act_id)) STRICT, WITHOUT ROWID"
    )
    db.execute(
        "CREATE TABLE acts (kind TEXT NOT NULL, act_id TEXT NOT NULL, seq INTEGER NOT NULL REFERENCES records,"
        " account TEXT, fingerprint BLOB NOT NULL, result TEXT NOT NULL,"
        " PRIMARY KEY (kind, act_id)) STRICT, WITHOUT ROWID"
    )
    db.execute("CREATE INDEX acts_of_account ON acts (account, kind)")
    db.execute("CREATE INDEX givebacks_of_sale ON givebacks (sale_id)")
    db.execute(
        "CREATE TABLE provisional_cards (card_key BLOB PRIMARY KEY, account TEXT NOT NULL) STRICT, WITHOUT ROWID"
    )
    db.execute(
        "CREATE TABLE programmes (digest TEXT PRIMARY KEY, version INTEGER NOT NULL, valid_from TEXT NOT NULL,"
        " text TEXT NOT NULL, received_at TEXT NOT NULL) STRICT"
    )


@ledger_migrations()
def m003_epochs(db: Database) -> None:
    """The epochs of this journal, why central lays aside what it sends, and its signature of what it holds."""
    db.execute(
        "CREATE TABLE epochs (number INTEGER PRIMARY KEY, epoch TEXT NOT NULL UNIQUE, begins_after INTEGER NOT NULL,"
        " begun_at TEXT NOT NULL) STRICT"
    )
    db.execute(
        "INSERT INTO epochs (epoch, begins_after, begun_at) SELECT epoch, 0, made_at FROM identity"
    )
    db.execute("ALTER TABLE outbox ADD COLUMN standing TEXT")
    db.execute("ALTER TABLE outbox ADD COLUMN signature BLOB")

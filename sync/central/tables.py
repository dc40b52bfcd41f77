"""The tables of central. One SQL for SQLite and PostgreSQL: text, integers and bytes only.

Times are text as `times.stored` makes them. Days are ISO text, and `""` stands for none, because the days of a
lot are part of its key. Whatever belongs to an account is keyed by that account, so that accounts can be
spread over machines.

Who changes anything here writes the step that leads to it: `make revision MESSAGE="..."`, see `migrations`.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

NO_DAY = ""
"""The `expires_on` of what lasts for ever, the `matures_on` of what can be used at once, the `day` that is not kept."""

UNIT_CHARACTERS_MAX = 128
"""A kind, a stroke and the longest id of a rule, with room for a prefix such as `use.`."""

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(column_0_N_label)s",
    }
)
"""Constraints have names, so that a later step of the schema can say which one it changes."""

_ROW = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only in a column that is called INTEGER."""

counters = Table(
    "counters",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", BigInteger, nullable=False),
)
"""They are named in `database`."""

instances = Table(
    "instances",
    metadata,
    Column("row", _ROW, primary_key=True),
    Column("token", String(32), nullable=False, unique=True),
    Column("begun_at", BigInteger, nullable=False),
)
"""The starts of central, each with the change number that it began at: see `instances`."""

terminals = Table(
    "terminals",
    metadata,
    Column("terminal", String(130), primary_key=True),
    Column("store", String(64), nullable=False),
    Column("till", String(64), nullable=False),
    Column("created_at", String(24), nullable=False),
    Column("code_hash", LargeBinary),
    Column("code_expires_at", String(24)),
    Column("enrolled_at", String(24)),
    Column("revoked_at", String(24)),
    Column("last_contact", String(24)),
    Column("programme", String(64)),
    Column("refused", String(64)),
    Column("refused_reason", Text),
    Column("allowances_change", BigInteger, nullable=False, default=0),
    Column("quarantined_at", String(24)),
)
"""`programme` is the version that applies at the till by its own word, `refused` the one that it would not load;
`allowances_change` the change number at which the terminal's allowances were last others than before. Quarantined is a
terminal as which two machines speak; a revoked one is known by its key, which ended."""

terminal_keys = Table(
    "terminal_keys",
    metadata,
    Column("key_id", String(150), primary_key=True),
    Column("terminal", String(130), ForeignKey("terminals.terminal"), nullable=False, index=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("enrolled_at", String(24), nullable=False),
    Column("ended_at", String(24)),
)
"""Every key that a terminal ever signed with, one of them current. One that ended (revoked, or enrolled again) is kept:
what that machine had not sent is still taken, into quarantine."""

chains = Table(
    "chains",
    metadata,
    Column("terminal", String(130), ForeignKey("terminals.terminal"), primary_key=True),
    Column("epoch", String(32), primary_key=True),
    Column("received", BigInteger, nullable=False),
    Column("head", LargeBinary, nullable=False),
    Column("first_at", String(24), nullable=False),
    Column("last_at", String(24), nullable=False),
    Column("begins_after", BigInteger, nullable=False, default=0),
    Column("follows", String(32)),
    Column("closed_by", String(32)),
)
"""The received position of every journal that a terminal ever had. One of a terminal is open: beginning another closes
it (`closed_by`). `head` is zeros where nothing came after `begins_after`, up to which records are in the epoch that
this one `follows`."""

records = Table(
    "records",
    metadata,
    Column("row", _ROW, primary_key=True),
    Column("terminal", String(130), nullable=False),
    Column("epoch", String(32), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("record_id", String(32), unique=True),
    Column("claimed_id", String(32), nullable=False),
    Column("previous", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("received_at", String(24), nullable=False),
    Column("kind", String(32)),
    Column("state", String(16)),
    Column("code", String(32)),
    Column("account", String(64)),
    Column("awaiting", String(32)),
    Column("duplicate_of", String(32)),
    Column("posted_at", String(24)),
    Column("change", BigInteger),
    UniqueConstraint("terminal", "epoch", "seq"),
)
"""Every record as it came, until it is folded. `state` is NULL between intake and posting. `record_id` is NULL where
another record has the claimed id already. `change` is set when a state was made that the terminal has not been told in
the answer to its push alone: rejected, parked and settled ones."""

Index("records_by_state", records.c.terminal, records.c.epoch, records.c.state, records.c.seq)
Index("records_by_change", records.c.terminal, records.c.epoch, records.c.change)
Index(
    "records_awaiting",
    records.c.awaiting,
    sqlite_where=records.c.awaiting.is_not(None),
    postgresql_where=records.c.awaiting.is_not(None),
)
Index(
    "records_unposted",
    records.c.row,
    sqlite_where=records.c.state.is_(None),
    postgresql_where=records.c.state.is_(None),
)

Index(
    "records_parked",
    records.c.row,
    sqlite_where=records.c.state == "parked",
    postgresql_where=records.c.state == "parked",
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("terminal", String(130), primary_key=True),
    Column("epoch", String(32), primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("head", LargeBinary, nullable=False),
    Column("folded", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("at", String(24), nullable=False),
    Column("signature", LargeBinary, nullable=False),
)
"""What the oldest records of a journal became, one row for each and for good: `folded` of those up to `position`, where
the chain's hash is `head`; the others up to there are still in `records`. See `folding`."""

attachments = Table(
    "attachments",
    metadata,
    Column("record", _ROW, ForeignKey("records.row"), primary_key=True, autoincrement=False),
    Column("salt", LargeBinary, nullable=False),
    Column("content", LargeBinary, nullable=False),
)
"""Personal facts, apart from the chain so that they can be erased."""

closings = Table(
    "closings",
    metadata,
    Column("record", _ROW, ForeignKey("records.row"), primary_key=True, autoincrement=False),
    Column("how", String(16), nullable=False),
    Column("was_state", String(16), nullable=False),
    Column("was_code", String(32)),
    Column("reason", Text, nullable=False),
    Column("at", String(24), nullable=False),
)
"""What an operator decided about a record without effect: `repaired`, by the record in its `duplicate_of`, or
`given-up`; and what it was before."""

differences = Table(
    "differences",
    metadata,
    Column("record_id", String(32), primary_key=True),
    Column("fact", String(160), primary_key=True),
    Column("till", Text, nullable=False),
    Column("central", Text, nullable=False),
    Column("account", String(64), nullable=False),
    Column("terminal", String(130), nullable=False),
    Column("at", String(24), nullable=False),
)
"""Facts that a till worked an award out from and that central knew otherwise; the award stands."""

Index("differences_by_account", differences.c.account)
Index("differences_by_time", differences.c.at)

refusals = Table(
    "refusals",
    metadata,
    Column("row", _ROW, primary_key=True),
    Column("terminal", String(130), nullable=False),
    Column("epoch", String(32), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("reason", String(32), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("record_id", String(32), nullable=False),
    Column("times", BigInteger, nullable=False),
    Column("first_at", String(24), nullable=False),
    Column("last_at", String(24), nullable=False),
    UniqueConstraint("terminal", "epoch", "seq", "reason", "hash"),
)
"""What intake did not take: other content under a received number, a broken chain, a record past its bounds."""

acts = Table(
    "acts",
    metadata,
    Column("terminal", String(130), primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("act_id", String(64), primary_key=True),
    Column("record_id", String(32), nullable=False, unique=True),
    Column("digest", LargeBinary, nullable=False),
    Column("epoch", String(32)),
    Column("folded", BigInteger),
)
"""The POS's own ids of accepted acts: a sale that a till recorded again after it lost its journal counts once.

Where the act's record was folded, it is number `folded` of those in the checkpoint of that `epoch`, from 1 on."""

Index(
    "acts_sales",
    acts.c.act_id,
    sqlite_where=acts.c.kind == "sale",
    postgresql_where=acts.c.kind == "sale",
)
Index(
    "acts_folded",
    acts.c.terminal,
    acts.c.epoch,
    acts.c.folded,
    sqlite_where=acts.c.folded.is_not(None),
    postgresql_where=acts.c.folded.is_not(None),
)

givebacks = Table(
    "givebacks",
    metadata,
    Column("record_id", String(32), primary_key=True),
    Column("sale", String(32), nullable=False, index=True),
    Column("worked_out", Text),
)
"""The posted returns and voids of each sale, by the record of that. `worked_out` is what central came to where the till
did not know the sale, and is NULL where the record says it: JSON `{entries, settled}`, as a body has them."""

accounts = Table(
    "accounts",
    metadata,
    Column("ref", String(64), primary_key=True),
    Column("joined_into", String(64), ForeignKey("accounts.ref")),
    Column("member_id", String(64), unique=True),
    Column("provisional", Boolean, nullable=False),
    Column("standing", String(16), nullable=False),
    Column("display_name", Text, nullable=False),
    Column("tier", String(64)),
    Column("since", String(10)),
    Column("language", String(35)),
    Column("birthday", String(10)),
    Column("segments", Text, nullable=False),
    Column("attributes", Text, nullable=False),
    Column("household", String(64)),
    Column("referred_by", String(64)),
    Column("email", String(254)),
    Column("phone", String(20)),
    Column("opened", Boolean, nullable=False),
    Column("redeems_offline", Boolean, nullable=False, default=True),
    Column("created_at", String(24), nullable=False),
    Column("erased_at", String(24)),
    Column("change", BigInteger, nullable=False),
)
"""Accounts under their member_ref. A row with `joined_into` is only another name of that account, one step deep.
`opened` says that the opening balance of an import has been given, `redeems_offline` that tills may let the member
redeem without asking central. `segments` is a JSON list in order, `attributes` a JSON object; `email` and `phone` are
in the one form that they are compared in. Of a household one row is the account, and the other members are joined to
it, each with a profile of its own."""

Index("accounts_by_change", accounts.c.change)
Index(
    "accounts_joined",
    accounts.c.joined_into,
    sqlite_where=accounts.c.joined_into.is_not(None),
    postgresql_where=accounts.c.joined_into.is_not(None),
)

for _known_by in (accounts.c.email, accounts.c.phone, accounts.c.household):
    Index(
        f"accounts_by_{_known_by.name}",
        _known_by,
        sqlite_where=_known_by.is_not(None),
        postgresql_where=_known_by.is_not(None),
    )

consents = Table(
    "consents",
    metadata,
    Column("row", _ROW, primary_key=True),
    Column("account", String(64), ForeignKey("accounts.ref"), nullable=False, index=True),
    Column("purpose", String(64), nullable=False),
    Column("version", String(64), nullable=False),
    Column("given", Boolean, nullable=False),
    Column("at", String(24), nullable=False),
    Column("source", String(96), nullable=False),
    UniqueConstraint("source", "purpose"),
)
"""What members agreed to or took back, in order, with the version of the text that they were shown; the newest row of
a purpose holds. `source` is the record that says so."""

cards = Table(
    "cards",
    metadata,
    Column("key", String(32), primary_key=True),
    Column("account", String(64), ForeignKey("accounts.ref"), nullable=False, index=True),
    Column("code", String(512), nullable=False),
    Column("added_at", String(24), nullable=False),
)
"""Cards by their keyed hash (hex); the code itself stays at central, which is where members are served. Of a card whose
member was erased the code is empty, the key a tombstone, and `added_at` when that was."""

Index(
    "cards_buried",
    cards.c.added_at,
    sqlite_where=cards.c.code == "",
    postgresql_where=cards.c.code == "",
)

former_cards = Table(
    "former_cards",
    metadata,
    Column("key", String(32), primary_key=True),
    Column("account", String(64), ForeignKey("accounts.ref"), primary_key=True, index=True),
    Column("until", String(24), nullable=False),
)
"""The keyed hashes (hex) of cards that were replaced, so that who had one is still found by it when they are erased.
Tills are not told of them."""

entries = Table(
    "entries",
    metadata,
    Column("row", _ROW, primary_key=True),
    Column("account", String(64), ForeignKey("accounts.ref"), nullable=False),
    Column("source", String(96), nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("unit", String(UNIT_CHARACTERS_MAX), nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("lot", String(96), nullable=False),
    Column("expires_on", String(10), nullable=False),
    Column("matures_on", String(10), nullable=False),
    Column("day", String(10), nullable=False),
    Column("rule", String(128), nullable=False),
    Column("line", Integer),
    Column("original", String(32)),
    Column("at", String(24), nullable=False),
    UniqueConstraint("account", "source", "ordinal"),
)
"""The ledger: append-only. `source` is the record's id, or what else made the entry (`opening`, `adjustment:…`,
`expire:…`, `join:…`); the unique key makes posting idempotent on (record, account) whatever the code above does.
`original` is the record whose entries a `reverse` entry takes back."""

Index("entries_by_lot", entries.c.lot)
Index("entries_by_source", entries.c.source)
Index(
    "entries_by_original",
    entries.c.original,
    sqlite_where=entries.c.original.is_not(None),
    postgresql_where=entries.c.original.is_not(None),
)

lots = Table(
    "lots",
    metadata,
    Column("account", String(64), ForeignKey("accounts.ref"), primary_key=True),
    Column("unit", String(UNIT_CHARACTERS_MAX), primary_key=True),
    Column("lot", String(96), primary_key=True),
    Column("expires_on", String(10), primary_key=True),
    Column("matures_on", String(10), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("quantity", BigInteger, nullable=False),
)
"""The sum of the entries per lot and life. A tally has one row for a day, whichever records counted (`lot` is "")."""

Index(
    "lots_by_expiry",
    lots.c.expires_on,
    sqlite_where=text("quantity <> 0 AND expires_on <> ''"),
    postgresql_where=text("quantity <> 0 AND expires_on <> ''"),
)

holds = Table(
    "holds",
    metadata,
    Column("account", String(64), ForeignKey("accounts.ref"), primary_key=True),
    Column("terminal", String(130), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("hold_id", String(UNIT_CHARACTERS_MAX), primary_key=True),
    Column("unit", String(UNIT_CHARACTERS_MAX), nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("until", String(24), nullable=False),
    Column("made_at", String(24), nullable=False),
    Column("asked", BigInteger),
)
"""What is set aside of an account for one terminal and not used yet: an authorisation under the id of its redemption,
or an allowance under its unit. `until` is a time of the terminal's own clock, `asked` the number of its question."""

Index("holds_of_terminal", holds.c.terminal, holds.c.until)

answers = Table(
    "answers",
    metadata,
    Column("record_id", String(32), primary_key=True),
    Column("account", String(64), ForeignKey("accounts.ref"), index=True),
    Column("terminal", String(130), nullable=False),
    Column("question", String(64), nullable=False),
    Column("score", BigInteger),
    Column("choice", String(64)),
    Column("text", Text),
    Column("at", String(24), nullable=False),
)
"""What customers answered: a number (`score`) or a choice, and what they wrote. `account` is NULL where nobody showed a
card."""

Index("answers_by_question", answers.c.question)

cases = Table(
    "cases",
    metadata,
    Column("row", _ROW, primary_key=True),
    Column("answer", String(32), ForeignKey("answers.record_id"), nullable=False, unique=True),
    Column("opened_at", String(24), nullable=False),
    Column("closed_at", String(24)),
)
"""Answers that somebody has to look at."""

Index(
    "cases_open",
    cases.c.row,
    sqlite_where=cases.c.closed_at.is_(None),
    postgresql_where=cases.c.closed_at.is_(None),
)

case_notes = Table(
    "case_notes",
    metadata,
    Column("row", _ROW, primary_key=True),
    Column("case", BigInteger, ForeignKey("cases.row"), nullable=False, index=True),
    Column("at", String(24), nullable=False),
    Column("text", Text, nullable=False),
)
"""What was done about a case, in order."""

notes = Table(
    "notes",
    metadata,
    Column("record_id", String(32), primary_key=True),
    Column("rule", String(64), primary_key=True),
    Column("account", String(64)),
    Column("terminal", String(130), nullable=False),
    Column("sale_id", String(64), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("note", String(200), nullable=False),
    Column("at", String(24), nullable=False),
)
"""What rules noted of a sale that head office looks at afterwards: draws by chance, and offers with a control group.
`amount` is the total of the sale in minor units."""

Index("notes_by_rule", notes.c.rule)
Index("notes_by_account", notes.c.account)

redeemed = Table(
    "redeemed",
    metadata,
    Column("account", String(64), ForeignKey("accounts.ref"), primary_key=True),
    Column("record_id", String(32), primary_key=True),
    Column("redemption_id", String(64), primary_key=True),
    Column("terminal", String(130), nullable=False),
    Column("reward", String(64), nullable=False),
    Column("authorised_by", String(32), nullable=False),
    Column("unit", String(UNIT_CHARACTERS_MAX), nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("value", BigInteger),
    Column("at", String(24), nullable=False),
)
"""Redemptions that posted records charged, each with who stood for it; `value` is what it gave in minor units, NULL
where that is no money."""

upkeep = Table(
    "upkeep",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("done", String(10), nullable=False),
    Column("doing", String(10), nullable=False),
    Column("at", String(64), nullable=False),
)
"""How far a periodic job is: every account is kept up through the day `done`, those up to the ref `at` through
`doing`."""

programmes = Table(
    "programmes",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("id", String(64), nullable=False),
    Column("version", String(64), nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("published_at", String(24), nullable=False),
    Column("change", BigInteger, nullable=False),
)
"""Every published programme; the one with the highest change number is the current one."""

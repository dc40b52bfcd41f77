"""The schema of the first release."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """From the schema before to this one."""
    op.create_table(
        "accounts",
        sa.Column("ref", sa.String(length=64), nullable=False),
        sa.Column("joined_into", sa.String(length=64), nullable=True),
        sa.Column("member_id", sa.String(length=64), nullable=True),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("standing", sa.String(length=16), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("tier", sa.String(length=64), nullable=True),
        sa.Column("since", sa.String(length=10), nullable=True),
        sa.Column("language", sa.String(length=35), nullable=True),
        sa.Column("birthday", sa.String(length=10), nullable=True),
        sa.Column("segments", sa.Text(), nullable=False),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.Column("household", sa.String(length=64), nullable=True),
        sa.Column("referred_by", sa.String(length=64), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("phone", sa.String(length=20), nullable=True),
        sa.Column("opened", sa.Boolean(), nullable=False),
        sa.Column("redeems_offline", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.String(length=24), nullable=False),
        sa.Column("erased_at", sa.String(length=24), nullable=True),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["joined_into"], ["accounts.ref"], name=op.f("fk_accounts_joined_into")
        ),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_accounts")),
        sa.UniqueConstraint("member_id", name=op.f("uq_accounts_member_id")),
    )
    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.create_index("accounts_by_change", ["change"], unique=False)
        batch_op.create_index(
            "accounts_by_email",
            ["email"],
            unique=False,
            sqlite_where=sa.text("email IS NOT NULL"),
            postgresql_where=sa.text("email IS NOT NULL"),
        )
        batch_op.create_index(
            "accounts_by_household",
            ["household"],
            unique=False,
            sqlite_where=sa.text("household IS NOT NULL"),
            postgresql_where=sa.text("household IS NOT NULL"),
        )
        batch_op.create_index(
            "accounts_by_phone",
            ["phone"],
            unique=False,
            sqlite_where=sa.text("phone IS NOT NULL"),
            postgresql_where=sa.text("phone IS NOT NULL"),
        )
        batch_op.create_index(
            "accounts_joined",
            ["joined_into"],
            unique=False,
            sqlite_where=sa.text("joined_into IS NOT NULL"),
            postgresql_where=sa.text("joined_into IS NOT NULL"),
        )

    op.create_table(
        "acts",
        sa.Column("terminal", sa.String(length=130), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("act_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("epoch", sa.String(length=32), nullable=True),
        sa.Column("folded", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("terminal", "kind", "act_id", name=op.f("pk_acts")),
        sa.UniqueConstraint("record_id", name=op.f("uq_acts_record_id")),
    )
    with op.batch_alter_table("acts", schema=None) as batch_op:
        batch_op.create_index(
            "acts_folded",
            ["terminal", "epoch", "folded"],
            unique=False,
            sqlite_where=sa.text("folded IS NOT NULL"),
            postgresql_where=sa.text("folded IS NOT NULL"),
        )
        batch_op.create_index(
            "acts_sales",
            ["act_id"],
            unique=False,
            sqlite_where=sa.text("kind = 'sale'"),
            postgresql_where=sa.text("kind = 'sale'"),
        )

    op.create_table(
        "checkpoints",
        sa.Column("terminal", sa.String(length=130), nullable=False),
        sa.Column("epoch", sa.String(length=32), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.Column("folded", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.String(length=24), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("terminal", "epoch", name=op.f("pk_checkpoints")),
    )
    op.create_table(
        "counters",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counters")),
    )
    op.create_table(
        "differences",
        sa.Column("record_id", sa.String(length=32), nullable=False),
        sa.Column("fact", sa.String(length=160), nullable=False),
        sa.Column("till", sa.Text(), nullable=False),
        sa.Column("central", sa.Text(), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("terminal", sa.String(length=130), nullable=False),
        sa.Column("at", sa.String(length=24), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "fact", name=op.f("pk_differences")),
    )
    with op.batch_alter_table("differences", schema=None) as batch_op:
        batch_op.create_index("differences_by_account", ["account"], unique=False)
        batch_op.create_index("differences_by_time", ["at"], unique=False)

    op.create_table(
        "givebacks",
        sa.Column("record_id", sa.String(length=32), nullable=False),
        sa.Column("sale", sa.String(length=32), nullable=False),
        sa.Column("worked_out", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_givebacks")),
    )
    with op.batch_alter_table("givebacks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_givebacks_sale"), ["sale"], unique=False)

    op.create_table(
        "instances",
        sa.Column("row", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_instances")),
        sa.UniqueConstraint("token", name=op.f("uq_instances_token")),
    )
    op.create_table(
        "notes",
        sa.Column("record_id", sa.String(length=32), nullable=False),
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=True),
        sa.Column("terminal", sa.String(length=130), nullable=False),
        sa.Column("sale_id", sa.String(length=64), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("at", sa.String(length=24), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "rule", name=op.f("pk_notes")),
    )
    with op.batch_alter_table("notes", schema=None) as batch_op:
        batch_op.create_index("notes_by_account", ["account"], unique=False)
        batch_op.create_index("notes_by_rule", ["rule"], unique=False)

    op.create_table(
        "programmes",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("published_at", sa.String(length=24), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_programmes")),
    )
    op.create_table(
        "records",
        sa.Column("row", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("terminal", sa.String(length=130), nullable=False),
        sa.Column("epoch", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("record_id", sa.String(length=32), nullable=True),
        sa.Column("claimed_id", sa.String(length=32), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.String(length=24), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=True),
        sa.Column("code", sa.String(length=32), nullable=True),
        sa.Column("account", sa.String(length=64), nullable=True),
        sa.Column("awaiting", sa.String(length=32), nullable=True),
        sa.Column("duplicate_of", sa.String(length=32), nullable=True),
        sa.Column("posted_at", sa.String(length=24), nullable=True),
        sa.Column("change", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_records")),
        sa.UniqueConstraint("record_id", name=op.f("uq_records_record_id")),
        sa.UniqueConstraint("terminal", "epoch", "seq", name=op.f("uq_records_terminal_epoch_seq")),
    )
    with op.batch_alter_table("records", schema=None) as batch_op:
        batch_op.create_index(
            "records_awaiting",
            ["awaiting"],
            unique=False,
            sqlite_where=sa.text("awaiting IS NOT NULL"),
            postgresql_where=sa.text("awaiting IS NOT NULL"),
        )
        batch_op.create_index("records_by_change", ["terminal", "epoch", "change"], unique=False)
        batch_op.create_index(
            "records_by_state", ["terminal", "epoch", "state", "seq"], unique=False
        )
        batch_op.create_index(
            "records_parked",
            ["row"],
            unique=False,
            sqlite_where=sa.text("state = 'parked'"),
            postgresql_where=sa.text("state = 'parked'"),
        )
        batch_op.create_index(
            "records_unposted",
            ["row"],
            unique=False,
            sqlite_where=sa.text("state IS NULL"),
            postgresql_where=sa.text("state IS NULL"),
        )

    op.create_table(
        "refusals",
        sa.Column("row", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("terminal", sa.String(length=130), nullable=False),
        sa.Column("epoch", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.String(length=32), nullable=False),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.String(length=24), nullable=False),
        sa.Column("last_at", sa.String(length=24), nullable=False),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_refusals")),
        sa.UniqueConstraint(
            "terminal",
            "epoch",
            "seq",
            "reason",
            "hash",
            name=op.f("uq_refusals_terminal_epoch_seq_reason_hash"),
        ),
    )
    op.create_table(
        "terminals",
        sa.Column("terminal", sa.String(length=130), nullable=False),
        sa.Column("store", sa.String(length=64), nullable=False),
        sa.Column("till", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.String(length=24), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=True),
        sa.Column("code_expires_at", sa.String(length=24), nullable=True),
        sa.Column("enrolled_at", sa.String(length=24), nullable=True),
        sa.Column("revoked_at", sa.String(length=24), nullable=True),
        sa.Column("last_contact", sa.String(length=24), nullable=True),
        sa.Column("programme", sa.String(length=64), nullable=True),
        sa.Column("refused", sa.String(length=64), nullable=True),
        sa.Column("refused_reason", sa.Text(), nullable=True),
        sa.Column("allowances_change", sa.BigInteger(), nullable=False),
        sa.Column("quarantined_at", sa.String(length=24), nullable=True),
        sa.PrimaryKeyConstraint("terminal", name=op.f("pk_terminals")),
    )
    op.create_table(
        "upkeep",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("done", sa.String(length=10), nullable=False),
        sa.Column("doing", sa.String(length=10), nullable=False),
        sa.Column("at", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_upkeep")),
    )
    op.create_table(
        "answers",
        sa.Column("record_id", sa.String(length=32), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=True),
        sa.Column("terminal", sa.String(length=130), nullable=False),
        sa.Column("question", sa.String(length=64), nullable=False),
        sa.Column("score", sa.BigInteger(), nullable=True),
        sa.Column("choice", sa.String(length=64), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("at", sa.String(length=24), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.ref"], name=op.f("fk_answers_account")),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_answers")),
    )
    with op.batch_alter_table("answers", schema=None) as batch_op:
        batch_op.create_index("answers_by_question", ["question"], unique=False)
        batch_op.create_index(batch_op.f("ix_answers_account"), ["account"], unique=False)

    op.create_table(
        "attachments",
        sa.Column(
            "record",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["record"], ["records.row"], name=op.f("fk_attachments_record")),
        sa.PrimaryKeyConstraint("record", name=op.f("pk_attachments")),
    )
    op.create_table(
        "cards",
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(length=512), nullable=False),
        sa.Column("added_at", sa.String(length=24), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.ref"], name=op.f("fk_cards_account")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_cards")),
    )
    with op.batch_alter_table("cards", schema=None) as batch_op:
        batch_op.create_index(
            "cards_buried",
            ["added_at"],
            unique=False,
            sqlite_where=sa.text("code = ''"),
            postgresql_where=sa.text("code = ''"),
        )
        batch_op.create_index(batch_op.f("ix_cards_account"), ["account"], unique=False)

    op.create_table(
        "former_cards",
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("until", sa.String(length=24), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"], ["accounts.ref"], name=op.f("fk_former_cards_account")
        ),
        sa.PrimaryKeyConstraint("key", "account", name=op.f("pk_former_cards")),
    )
    with op.batch_alter_table("former_cards", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_former_cards_account"), ["account"], unique=False)

    op.create_table(
        "chains",
        sa.Column("terminal", sa.String(length=130), nullable=False),
        sa.Column("epoch", sa.String(length=32), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.Column("first_at", sa.String(length=24), nullable=False),
        sa.Column("last_at", sa.String(length=24), nullable=False),
        sa.Column("begins_after", sa.BigInteger(), nullable=False),
        sa.Column("follows", sa.String(length=32), nullable=True),
        sa.Column("closed_by", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["terminal"], ["terminals.terminal"], name=op.f("fk_chains_terminal")
        ),
        sa.PrimaryKeyConstraint("terminal", "epoch", name=op.f("pk_chains")),
    )
    op.create_table(
        "closings",
        sa.Column(
            "record",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("how", sa.String(length=16), nullable=False),
        sa.Column("was_state", sa.String(length=16), nullable=False),
        sa.Column("was_code", sa.String(length=32), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.String(length=24), nullable=False),
        sa.ForeignKeyConstraint(["record"], ["records.row"], name=op.f("fk_closings_record")),
        sa.PrimaryKeyConstraint("record", name=op.f("pk_closings")),
    )
    op.create_table(
        "consents",
        sa.Column("row", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("at", sa.String(length=24), nullable=False),
        sa.Column("source", sa.String(length=96), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.ref"], name=op.f("fk_consents_account")),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_consents")),
        sa.UniqueConstraint("source", "purpose", name=op.f("uq_consents_source_purpose")),
    )
    with op.batch_alter_table("consents", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_consents_account"), ["account"], unique=False)

    op.create_table(
        "entries",
        sa.Column("row", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=96), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("unit", sa.String(length=128), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("lot", sa.String(length=96), nullable=False),
        sa.Column("expires_on", sa.String(length=10), nullable=False),
        sa.Column("matures_on", sa.String(length=10), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("rule", sa.String(length=128), nullable=False),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("original", sa.String(length=32), nullable=True),
        sa.Column("at", sa.String(length=24), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.ref"], name=op.f("fk_entries_account")),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_entries")),
        sa.UniqueConstraint(
            "account", "source", "ordinal", name=op.f("uq_entries_account_source_ordinal")
        ),
    )
    with op.batch_alter_table("entries", schema=None) as batch_op:
        batch_op.create_index("entries_by_lot", ["lot"], unique=False)
        batch_op.create_index(
            "entries_by_original",
            ["original"],
            unique=False,
            sqlite_where=sa.text("original IS NOT NULL"),
            postgresql_where=sa.text("original IS NOT NULL"),
        )
        batch_op.create_index("entries_by_source", ["source"], unique=False)

    op.create_table(
        "holds",
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("terminal", sa.String(length=130), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("hold_id", sa.String(length=128), nullable=False),
        sa.Column("unit", sa.String(length=128), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.String(length=24), nullable=False),
        sa.Column("made_at", sa.String(length=24), nullable=False),
        sa.Column("asked", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["account"], ["accounts.ref"], name=op.f("fk_holds_account")),
        sa.PrimaryKeyConstraint("account", "terminal", "kind", "hold_id", name=op.f("pk_holds")),
    )
    with op.batch_alter_table("holds", schema=None) as batch_op:
        batch_op.create_index("holds_of_terminal", ["terminal", "until"], unique=False)

    op.create_table(
        "lots",
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("unit", sa.String(length=128), nullable=False),
        sa.Column("lot", sa.String(length=96), nullable=False),
        sa.Column("expires_on", sa.String(length=10), nullable=False),
        sa.Column("matures_on", sa.String(length=10), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.ref"], name=op.f("fk_lots_account")),
        sa.PrimaryKeyConstraint(
            "account", "unit", "lot", "expires_on", "matures_on", "day", name=op.f("pk_lots")
        ),
    )
    with op.batch_alter_table("lots", schema=None) as batch_op:
        batch_op.create_index(
            "lots_by_expiry",
            ["expires_on"],
            unique=False,
            sqlite_where=sa.text("quantity <> 0 AND expires_on <> ''"),
            postgresql_where=sa.text("quantity <> 0 AND expires_on <> ''"),
        )

    op.create_table(
        "redeemed",
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.String(length=32), nullable=False),
        sa.Column("redemption_id", sa.String(length=64), nullable=False),
        sa.Column("terminal", sa.String(length=130), nullable=False),
        sa.Column("reward", sa.String(length=64), nullable=False),
        sa.Column("authorised_by", sa.String(length=32), nullable=False),
        sa.Column("unit", sa.String(length=128), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.String(length=24), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.ref"], name=op.f("fk_redeemed_account")),
        sa.PrimaryKeyConstraint("account", "record_id", "redemption_id", name=op.f("pk_redeemed")),
    )
    op.create_table(
        "terminal_keys",
        sa.Column("key_id", sa.String(length=150), nullable=False),
        sa.Column("terminal", sa.String(length=130), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("enrolled_at", sa.String(length=24), nullable=False),
        sa.Column("ended_at", sa.String(length=24), nullable=True),
        sa.ForeignKeyConstraint(
            ["terminal"], ["terminals.terminal"], name=op.f("fk_terminal_keys_terminal")
        ),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_terminal_keys")),
    )
    with op.batch_alter_table("terminal_keys", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_terminal_keys_terminal"), ["terminal"], unique=False)

    op.create_table(
        "cases",
        sa.Column("row", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("answer", sa.String(length=32), nullable=False),
        sa.Column("opened_at", sa.String(length=24), nullable=False),
        sa.Column("closed_at", sa.String(length=24), nullable=True),
        sa.ForeignKeyConstraint(["answer"], ["answers.record_id"], name=op.f("fk_cases_answer")),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_cases")),
        sa.UniqueConstraint("answer", name=op.f("uq_cases_answer")),
    )
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.create_index(
            "cases_open",
            ["row"],
            unique=False,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )

    op.create_table(
        "case_notes",
        sa.Column("row", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("case", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.String(length=24), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case"], ["cases.row"], name=op.f("fk_case_notes_case")),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_case_notes")),
    )
    with op.batch_alter_table("case_notes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_case_notes_case"), ["case"], unique=False)

    op.bulk_insert(
        sa.table("counters", sa.column("name"), sa.column("value")),
        [{"name": "change", "value": 0}, {"name": "accounts", "value": 0}],
    )

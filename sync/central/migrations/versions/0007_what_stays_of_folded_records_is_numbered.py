"""What stays of folded records is numbered"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """From the schema before to this one."""
    with op.batch_alter_table("acts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("epoch", sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column("folded", sa.BigInteger(), nullable=True))
        batch_op.create_index(
            "acts_folded",
            ["terminal", "epoch", "folded"],
            unique=False,
            sqlite_where=sa.text("folded IS NOT NULL"),
            postgresql_where=sa.text("folded IS NOT NULL"),
        )
        batch_op.create_unique_constraint(batch_op.f("uq_acts_record_id"), ["record_id"])

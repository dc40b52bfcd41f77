"""Facts that a till had otherwise"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """From the schema before to this one."""
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

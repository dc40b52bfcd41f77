"""What came back of each sale, and sales by the POS's id"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """From the schema before to this one."""
    op.create_table(
        "givebacks",
        sa.Column("record_id", sa.String(length=32), nullable=False),
        sa.Column("sale", sa.String(length=32), nullable=False),
        sa.Column("worked_out", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_givebacks")),
    )
    with op.batch_alter_table("givebacks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_givebacks_sale"), ["sale"], unique=False)

    with op.batch_alter_table("acts", schema=None) as batch_op:
        batch_op.create_index(
            "acts_sales",
            ["act_id"],
            unique=False,
            sqlite_where=sa.text("kind = 'sale'"),
            postgresql_where=sa.text("kind = 'sale'"),
        )

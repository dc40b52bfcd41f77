"""Cards whose members were erased are found by when that was"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """From the schema before to this one."""
    with op.batch_alter_table("cards", schema=None) as batch_op:
        batch_op.create_index(
            "cards_buried",
            ["added_at"],
            unique=False,
            sqlite_where=sa.text("code = ''"),
            postgresql_where=sa.text("code = ''"),
        )

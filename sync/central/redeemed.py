"""What redemptions gave in money, and who stood for them: for head office's books."""

from typing import Any

from sqlalchemy import func, insert, select

from sync.central.batch import Batch, Received
from sync.central.bodies import Act
from sync.central.database import Database
from sync.central.tables import redeemed
from sync.central.times import stored


def note_redeemed(batch: Batch, received: Received, act: Act, account: str) -> None:
    """Keep what a posted record charged; a return gives the points back and stands in a record of its own."""
    rows = [
        {
            "account": account,
            "record_id": received.record_id,
            "redemption_id": each.id,
            "terminal": received.terminal,
            "reward": each.reward,
            "authorised_by": each.authorised_by,
            "unit": each.unit,
            "quantity": each.quantity,
            "value": each.value,
            "at": stored(act.at),
        }
        for each in act.redeemed
    ]
    if rows:
        batch.connection.execute(insert(redeemed), rows)


class RedeemedReport:
    """Sums of what was redeemed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def sums(self) -> list[dict[str, Any]]:
        """Per reward, unit and who stood for it: how often, how much (smallest parts), and what it gave in minor units.

        What was no money counts as nothing. What was given back since is not taken off.
        """
        key = (redeemed.c.reward, redeemed.c.unit, redeemed.c.authorised_by)
        query = (
            select(
                *key,
                func.count().label("times"),
                func.sum(redeemed.c.quantity).label("quantity"),
                func.coalesce(func.sum(redeemed.c.value), 0).label("value"),
            )
            .group_by(*key)
            .order_by(*key)
        )
        with self._database.read() as connection:
            return [
                {
                    "reward": row.reward,
                    "unit": row.unit,
                    "authorised_by": row.authorised_by,
                    "times": row.times,
                    "quantity": int(row.quantity),
                    "value": int(row.value),
                }
                for row in connection.execute(query)
            ]

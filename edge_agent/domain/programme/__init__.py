"""The programme: its rules, one file per mechanism, and working them out.

`form`, `texts`, `conditions`, `expiry`: what tables are made of. `earning`, `bonuses`, `exclusions`, `rewards`: the
mechanisms. `situation`, `unmet`: the shape they share. `matching`: finding the lines of rules. `programme`,
`evaluation`: the whole. `returns`, `kept`, `sold_parts`, `reversing`, `settling`, `giving_back`: taking a sale back.
`loading`, `mistakes`: what is wrong with a file.
"""

from edge_agent.domain.programme.evaluation import Evaluation, evaluate
from edge_agent.domain.programme.findings import Finding
from edge_agent.domain.programme.loading import ProgrammeInvalid, check_programme, load_programme
from edge_agent.domain.programme.programme import Programme

__all__ = [
    "Evaluation",
    "Finding",
    "Programme",
    "ProgrammeInvalid",
    "check_programme",
    "evaluate",
    "load_programme",
]

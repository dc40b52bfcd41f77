"""The programme: its rules, one file per mechanism, and working them out.

`form`, `texts`, `conditions`, `expiry`: what tables are made of. `earning`, `bonuses`, `exclusions`, `rewards`: the
mechanisms. `situation`: the shape they share. `programme`, `loading`, `evaluation`: the whole.
"""

from edge_agent.domain.programme.evaluation import Evaluation, evaluate
from edge_agent.domain.programme.loading import Finding, ProgrammeInvalid, load_programme
from edge_agent.domain.programme.programme import Programme

__all__ = ["Evaluation", "Finding", "Programme", "ProgrammeInvalid", "evaluate", "load_programme"]

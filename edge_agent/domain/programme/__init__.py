"""The programme: its rules, one file per mechanism, and working them out.

The whole, from a text to an answer: `loading` and `mistakes` read a file, `programme_file` is all of its tables,
    `programme` the mechanisms in their order; `evaluation` works out a basket, `collecting` a redemption without a
    sale, `acts` what a member does, `attaching` a forgotten card, `upkeep` central's daily job, `giving_back` a return.
The shape of a mechanism: `situation` is what it sees and answers, `unmet` why a rule gave nothing, `recorded` what of
    it a record holds, `own_rules` what is named as a rule and is none, `asked` what may be known of a member.
What tables are made of: `form` and `texts` their values, `shape` their keys, `selections` which `lines`, `when` at
    which times and for whom, `conditions` whether that holds, `expiry` how long, `limits` how often, `gifts` what is
    given, `tax` with or without it, `units` what is counted.
Earning: `earning` by `rates` (`rate_words` says them), `bonuses` by `stacking`, `campaigns`, `partners`, `caps`, and
    `exclusions` by house and `law`; `matching` finds the lines of many rules at once.
What takes off: `combining` orders `offers`, `vouchers` and `redeeming` of `rewards`; `discounts` says how much,
    `taken` takes it off lines, `spending` is points for money; `issuing` says when vouchers are issued, `issuers` does
    it; `wallets` pay.
What members have: `stamps`, `tiers` and `tier_review`, `memberships`; `lapses` and `inactivity` end what is over,
    `moving` is done by hand.
More than buying: `actions`, `visits`, `challenges` by `challenge_rules`, `surprises`, `referral`.
What is said: `messages`, `questions`, and both as they are told first in `greeting`; `consents` is what who
    enrols agrees to; `progress` and `outlook` are what lies ahead, `receipt` what is printed where, `naming` what
    everything is called.
Taking back: `returns` and `forgotten_card` are what is declared; `kept` is what is left of a sale, `sold_parts` what it
    gave and took, `reversing` the shares, `settling` the entries.
Before a file is loaded: `checks`, a file for each kind of mistake, with their codes in `findings`.
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

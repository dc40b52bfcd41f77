"""Acceptance cases for a loyalty engine in neutral words, mapped onto programmes and run through engine and ledger.

`python -m tests.peers CASES.json` runs them. `mapping` turns a neutral programme into one of ours, `shop` is a till
with a real ledger and what central does for it, `steps` runs the steps of a case, `expectations` compares.
"""

"""Power cuts: what the shipped code wrote and synced, recorded below it and replayed as a dying disk may leave it.

`till_at_work` is the process that is recorded, `system_calls` reads what strace saw of it, `dying_disk` says what may
be left of that at any moment, `judge` starts the shipped code on what is left, `cutting` does it many times, and
`proof` says what that has to come to.
"""

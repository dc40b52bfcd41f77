"""Disks that fail: an error of the disk at every write and every sync of one act, at the till and at central.

`acting` is a process whose children each do one act, `failing` lets one system call of one of them fail by strace and
looks at what is there afterwards.
"""

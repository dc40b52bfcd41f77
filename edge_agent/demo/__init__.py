"""`edge-agent demo`: everything on one machine, with the devices simulated and nothing else.

Agent and central are processes of their own, started from the installed commands; the scanner is a pty, the printer
a TCP server. Whatever is shown went that way. `goods`: who buys what; `processes`: what runs; `shop`: the whole;
`show`: what the command does with it.
"""

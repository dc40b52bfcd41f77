"""The agent on the store terminal: programme engine, ledger, till and local service."""

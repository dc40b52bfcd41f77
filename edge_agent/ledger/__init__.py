"""SQLite: the journal and what is derived from it, and the members file."""

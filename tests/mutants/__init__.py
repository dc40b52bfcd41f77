"""Patches that each break one promise, and the tests that must notice."""

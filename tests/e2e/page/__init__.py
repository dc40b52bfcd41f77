"""The two pages in a real browser, against a real HTTP server that answers by script."""

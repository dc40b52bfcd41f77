"""The local HTTP API, its event stream and the pages."""

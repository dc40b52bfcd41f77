"""The local HTTP API, the event stream and the pages."""

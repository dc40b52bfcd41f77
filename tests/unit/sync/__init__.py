"""The till's end of sync without sockets."""

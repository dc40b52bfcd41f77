"""The till's end of sync over real sockets."""

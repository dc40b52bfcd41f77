"""The wire between terminals and central, and both of its ends."""

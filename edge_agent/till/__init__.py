"""What a cashier does, one file per act."""

"""What a later truth does to money: facts that turn out otherwise, claims settled again, differences booked."""

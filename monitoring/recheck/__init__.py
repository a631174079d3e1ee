"""复算: every night a sample of years is settled again from its claims and compared with what is kept."""

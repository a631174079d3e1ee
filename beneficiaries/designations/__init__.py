"""Which category a county names for people whom it certifies itself: they are treated as that category (S1-01)."""

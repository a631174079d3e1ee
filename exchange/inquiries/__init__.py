"""Doubtful and faulty rows that go back to the department which sent them, and what it answers."""

"""Answers typed on a page or sent by a partner's program: they go the way of a feedback file."""

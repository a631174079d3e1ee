"""Writes of applications, one module per part of the way; every service is one transaction and one step in the record.

Keyword-only, with `actor` (None: the system itself) and, where a page was looked at, `seen`: the revision it showed.
Raises Refused (NotAllowed, Stale) in the user's words.
"""

"""The way in for partners' programs: keys, who may call what, limits, idempotency, errors, the record of calls."""

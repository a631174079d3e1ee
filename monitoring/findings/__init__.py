"""问题整改 (S2-13): findings with a deadline, cleared to zero."""

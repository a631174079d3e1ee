"""帮扶跟踪: what follows a warning until somebody says how it ended (S0-17, S2-09, S2-11)."""

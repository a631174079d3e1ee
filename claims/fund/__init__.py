"""The assistance fund: its ledger, budget, payments and forecast."""

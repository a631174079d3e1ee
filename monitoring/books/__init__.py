"""对账与催办: what we sent against what the department holds, and the answers that do not come."""

"""期限: what the policy documents ask by when, fulfilled by the events themselves."""

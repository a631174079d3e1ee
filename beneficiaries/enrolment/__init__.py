"""Enrolment 参保: who is insured per year, what they owe, who pays it, what was paid, and what is left to do."""

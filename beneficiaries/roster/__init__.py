"""Rosters: what partner departments say of people, month by month, compared with the register and written to it.

All set by set in SQL over staged rows (`exchange_stagedrow`): a county's roster has thousands of rows, a prefecture's
hundreds of thousands. Outcomes and codes: docs of the exchange, section rosters.
"""

"""How identity numbers and phones look unless someone's task needs them in full (a recorded act)."""


def mask_id_number(value: str) -> str:
    """`150302********0018`: district and last four stay."""
    if not value:
        return ""
    return value[:6] + "*" * max(0, len(value) - 10) + value[-4:] if len(value) >= 12 else "*" * len(value)


def mask_phone(value: str) -> str:
    """`139****0272`."""
    if not value:
        return ""
    return value[:3] + "*" * max(0, len(value) - 7) + value[-4:] if len(value) >= 8 else "*" * len(value)

"""Amounts in capital characters (大写), as money papers carry them so that a figure cannot be altered by hand."""

LIMIT = 10**16  # yuan; a register of one country stays below it


def capital_amount(fen: int) -> str:
    """`fen` in capital characters: 1234560 → 壹万贰仟叁佰肆拾伍元陆角整.

    Amounts that end in fen carry no 整; 0 is 零元整; a negative amount begins with 负. ValueError beyond 10¹⁶ yuan.
    """
    # Loaded when the first paper is printed: it takes longer to import than most pages take to answer.
    from cn2an import an2cn

    yuan, rest = divmod(abs(fen), 100)
    if yuan >= LIMIT:
        raise ValueError(fen)
    jiao, cents = divmod(rest, 10)
    words = "负" if fen < 0 else ""
    if yuan or not rest:
        words += an2cn(str(yuan), "up") + "元"
    if jiao:
        words += an2cn(str(jiao), "up") + "角"
    elif cents and yuan:
        words += "零"
    return words + (an2cn(str(cents), "up") + "分" if cents else "整")

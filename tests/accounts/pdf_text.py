"""Reads the text of a PDF as a viewer does: page by page, through the fonts' own maps to Unicode."""

import re
import zlib


def texts(pdf: bytes) -> list[list[str]]:
    """Per page, its strings in the order of drawing."""
    streams = [
        zlib.decompress(raw) for raw in re.findall(rb"/FlateDecode[^>]*>>\s*stream\n(.*?)\nendstream", pdf, re.S)
    ]
    maps = [one for one in re.findall(rb"stream\n(.*?)\nendstream", pdf, re.S) if b"beginbfchar" in one]
    maps += [one for one in streams if b"beginbfchar" in one]
    signs = {}
    for one in maps:
        for code, value in re.findall(rb"<([0-9A-F]{4})> <([0-9A-F]+)>", one):
            signs[int(code, 16)] = bytes.fromhex(value.decode()).decode("utf-16-be")
    pages = [one for one in streams if b" Tf" in one]
    return [[_decoded(raw, signs) for raw in re.findall(rb"\(((?:\\.|[^\\)])*)\) Tj", page, re.S)] for page in pages]


def _decoded(raw: bytes, signs: dict[int, str]) -> str:
    plain = re.sub(rb"\\(.)", lambda m: {b"r": b"\r", b"n": b"\n"}.get(m[1], m[1]), raw, flags=re.S)
    return "".join(signs[code] for code in (int.from_bytes(plain[i : i + 2]) for i in range(0, len(plain), 2)))

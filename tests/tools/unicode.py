#!/usr/bin/env python3
"""Writes runtime/data/unicode.def: which characters are letters, numbers and blanks, and lower case.

    python3 tests/tools/unicode.py >runtime/data/unicode.def
"""
import unicodedata

LAST = 0x110000


def kind(p):
    c = chr(p)
    if c.isspace():
        return "BLANK"
    return {"L": "LETTER", "N": "NUMBER"}.get(unicodedata.category(c)[0])


def runs(of):
    """[first, last, value] of neighbours of one value."""
    out = []
    for p in range(LAST):
        v = of(p)
        if v is not None and out and out[-1][2] == v and out[-1][1] == p - 1:
            out[-1][1] = p
        elif v is not None:
            out.append([p, p, v])
    return out


def lower(p):
    low = chr(p).lower()
    return ord(low) - p if len(low) == 1 and low != chr(p) else None


def rows(cells):
    line = ""
    for cell in cells:
        if len(line) + len(cell) > 98:
            print(line)
            line = ""
        line += (" " if line else "") + cell
    print(line)


def steps(pairs):
    """[first, last, step, delta]: Latin's capitals are every other character."""
    out = []
    for p, delta in pairs:
        last = out[-1] if out else None
        if last and last[3] == delta and p - last[1] in ((1, 2) if last[0] == last[1] else (last[2],)):
            last[2] = p - last[1]
            last[1] = p
        else:
            out.append([p, p, 1, delta])
    return out


print(f"/* unicode.def: made by tests/tools/unicode.py from Unicode {unicodedata.unidata_version}: do not edit. */")
rows(f"KIND(0x{a:X}, 0x{b:X}, {k})" for a, b, k in runs(kind))
rows(f"LOWER(0x{a:X}, 0x{b:X}, {s}, {d})" for a, b, s, d in
     steps((p, lower(p)) for p in range(LAST) if lower(p) is not None))

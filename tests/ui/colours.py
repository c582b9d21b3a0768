"""What eyes make of two colours: their contrast by WCAG, and how far apart they are, to the colour-blind as well."""

from __future__ import annotations

Rgb = tuple[float, float, float]  # 0 to 1

# what is left of red, green and blue, in linear light (Machado, Oliveira and Fernandes, 2009; severity 1)
EYES = {
    "full": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
_TO_XYZ = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
_WHITE = (0.9505, 1.0, 1.089)


def rgb(code: str) -> Rgb:
    """#rrggbb"""
    red, green, blue = (int(code[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return red, green, blue


def over(front: Rgb, back: Rgb, opacity: float) -> Rgb:
    """What shows where a colour lies on another and lets some of it through."""
    red, green, blue = (opacity * f + (1 - opacity) * b for f, b in zip(front, back, strict=True))
    return red, green, blue


def contrast(one: Rgb, other: Rgb) -> float:
    """From 1, none, to 21; WCAG AA asks 4.5 of text and 3 of what is drawn."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def distance(one: Rgb, other: Rgb, eyes: str = "full") -> float:
    """Between two colours as these eyes see them, in CIELAB: about 2 can just be told apart side by side."""
    ends = (_lab(_times(EYES[eyes], _linear(colour))) for colour in (one, other))
    return float(sum((a - b) ** 2 for a, b in zip(*ends, strict=True)) ** 0.5)


def _linear(colour: Rgb) -> Rgb:
    red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in colour)
    return red, green, blue


def _luminance(colour: Rgb) -> float:
    return _times(_TO_XYZ, _linear(colour))[1]


def _times(rows: tuple[Rgb, Rgb, Rgb], linear: Rgb) -> Rgb:
    x, y, z = (sum(a * b for a, b in zip(row, linear, strict=True)) for row in rows)
    return x, y, z


def _lab(linear: Rgb) -> Rgb:
    shares = (max(0.0, v) / white for v, white in zip(_times(_TO_XYZ, linear), _WHITE, strict=True))
    x, y, z = (v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in shares)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)

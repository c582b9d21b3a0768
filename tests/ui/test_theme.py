from __future__ import annotations

import itertools
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.ui.colours import EYES, contrast, distance, over, rgb

ROOT = Path(__file__).parents[2]
THEMES: dict[str, dict[str, Any]] = {
    name: found
    for name, found in tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"].items()
    if name in ("light", "dark")
}
HUES = ("red", "orange", "yellow", "green", "blue", "gray")
CAPTION = 0.6  # the opacity Streamlit draws captions with
TEXT, DRAWN = 4.5, 3.0  # WCAG AA

both_themes = pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)


def backgrounds(theme: dict[str, Any]) -> tuple[str, str]:
    return theme["backgroundColor"], theme["secondaryBackgroundColor"]


@both_themes
def test_text_and_captions_can_be_read_on_both_backgrounds(theme: dict[str, Any]) -> None:
    for back in map(rgb, backgrounds(theme)):
        text = rgb(theme["textColor"])
        assert contrast(text, back) >= 7
        assert contrast(over(text, back, CAPTION), back) >= TEXT
        for name in ("linkColor", "codeTextColor"):
            assert contrast(rgb(theme[name]), back) >= TEXT, name


@both_themes
@pytest.mark.parametrize("hue", HUES)
def test_status_colours_can_be_read_in_badges_boxes_and_on_the_page(theme: dict[str, Any], hue: str) -> None:
    text = rgb(theme[f"{hue}TextColor"])
    for back in (theme[f"{hue}BackgroundColor"], *backgrounds(theme)):
        assert contrast(text, rgb(back)) >= TEXT, back


@both_themes
def test_the_main_button_can_be_read_and_seen(theme: dict[str, Any]) -> None:
    primary = rgb(theme["primaryColor"])
    assert contrast(rgb("#ffffff"), primary) >= TEXT  # Streamlit writes on it in white, whatever the theme
    for back in backgrounds(theme):
        assert contrast(primary, rgb(back)) >= DRAWN


@both_themes
def test_what_a_chart_draws_can_be_seen(theme: dict[str, Any]) -> None:
    for colour in theme["chartCategoricalColors"]:
        assert contrast(rgb(colour), rgb(theme["backgroundColor"])) >= DRAWN, colour


@both_themes
@pytest.mark.parametrize("eyes", EYES)
def test_chart_colours_are_told_apart_by_every_eye(theme: dict[str, Any], eyes: str) -> None:
    for one, other in itertools.combinations(theme["chartCategoricalColors"], 2):
        assert distance(rgb(one), rgb(other), eyes) >= 20, (one, other)


@both_themes
@pytest.mark.parametrize("eyes", EYES)
def test_good_and_bad_are_told_apart_by_every_eye(theme: dict[str, Any], eyes: str) -> None:
    good, bad = rgb(theme["greenTextColor"]), rgb(theme["orangeTextColor"])
    assert distance(good, bad, eyes) >= 20

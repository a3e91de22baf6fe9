"""The page of supported operations is what the operations say."""

from __future__ import annotations

import importlib.util

import pytest

from tests.test_layout import ROOT

PAGE = ROOT / "docs" / "operations.md"


def test_page_of_operations_is_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location(
        "make_operations", ROOT / "docs" / "make_operations.py"
    )
    assert spec and spec.loader
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    committed, made = PAGE.read_text("utf-8"), maker.page()
    versions = next(line for line in made.splitlines() if "NumPy" in line)
    if versions not in committed:  # other versions have other functions
        pytest.skip(f"the page was made with other versions than these: {versions}")
    assert committed == made, (
        "docs/operations.md is out of date: run python docs/make_operations.py"
    )

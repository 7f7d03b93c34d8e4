"""A Chromium that is installed on the machine, without a network."""

from __future__ import annotations

import contextlib
import os
import shutil

import pytest


@contextlib.contextmanager
def chromium():
    """Opens the browser; skips the test where there is none, and fails it where CI=true."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        program = None
    if program is None:
        reason = "needs Chromium and Playwright: apt install chromium, pip install playwright"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()

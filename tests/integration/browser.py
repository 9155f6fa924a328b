"""Headless Chromium, and what it sees of a page."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from cluster import wait_for
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",  # root has none
    "--disable-dev-shm-usage",  # /dev/shm of a container is small
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
)


class Browser:
    def __init__(self, directory: Path) -> None:
        options = Options()
        for argument in (*ARGUMENTS, f"--user-data-dir={directory}"):
            options.add_argument(argument)
        options.binary_location = shutil.which("chromium")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self._driver = webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=options)
        self._driver.set_page_load_timeout(60)
        self._driver.set_script_timeout(60)

    def open(self, url: str) -> None:
        self._driver.get(url)

    def device(self, width: int, height: int, *, dark: bool = False) -> None:
        self._driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500})
        self._driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression."""
        return self._driver.execute_script(f"return {script}")

    def text(self, selector: str) -> str:
        """What is written in the first such element; empty when there is none."""
        return self.run(f"document.querySelector({selector!r})?.textContent.trim() ?? ''")

    def wait_text(self, selector: str, text: str) -> None:
        try:
            wait_for(lambda: text in self.text(selector), f"{text!r} in {selector}")
        except TimeoutError as error:
            raise TimeoutError(f"{error}; the page is\n{self.run('document.body.innerText')}") from None

    def number(self, name: str) -> float:
        """A figure of the page: the first number of its text, 0 where there is none."""
        digits = self.text(f'[data-text="{name}"]').split(" ")[0].replace(",", "")
        return float(digits) if digits[:1].isdigit() else 0

    def complaints(self) -> list[str]:
        """What it wrote to its console since the last call."""
        return [entry["message"] for entry in self._driver.get_log("browser")]

    def close(self) -> None:
        self._driver.quit()

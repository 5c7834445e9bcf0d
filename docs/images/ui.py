"""Make the pictures of `make ui` in the docs: desktop and phone side by side, once light, once dark.

    make serve && .venv/bin/python docs/images/ui.py

Asks the served model for docs/images/ui.html in headless Chromium; writes ui-light.png and ui-dark.png beside it.
"""

import io
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

HERE = Path(__file__).resolve().parent
SIZES = {"desktop": (1180, 780), "phone": (390, 780)}  # pixels
GAP = 20  # pixels between the two
COLOURS = 200  # of the palette, which keeps a picture below 150 KB
GROUND = {"light": "#d5d9e0", "dark": "#343a46"}
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


def main() -> None:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    command = [sys.executable, "-m", "serve.ui", "--port", "0"]
    with subprocess.Popen(
        command, cwd=HERE.parents[1], env=os.environ | {"PYTHONPATH": "."}, stdout=subprocess.PIPE, text=True
    ) as page:
        try:
            assert page.stdout
            url = page.stdout.readline().split()[1]
            with sync_playwright() as driver:
                browser = driver.chromium.launch(executable_path=program, args=FLAGS)
                for scheme in ("light", "dark"):
                    pictures = [shot(browser, url, scheme, kind) for kind in SIZES]
                    save(pictures, scheme)
        finally:
            page.terminate()


def shot(browser: Browser, url: str, scheme: Any, kind: str) -> Image.Image:
    """The page after an extraction; on a phone scrolled to show the page's values and the first fields."""
    width, height = SIZES[kind]
    tab = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme, has_touch=kind == "phone")
    tab.goto(url)
    tab.wait_for_selector("#run option", state="attached")
    tab.fill("#source", (HERE / "ui.html").read_text(encoding="utf-8"))
    tab.click("#extract")
    tab.frame_locator("#frame").locator("mark").first.wait_for()
    tab.wait_for_selector("#message", state="hidden")
    if kind == "desktop":
        tab.click('[data-path="price"] textarea')
    else:
        tab.evaluate("scrollTo(0, document.querySelector('.results').offsetTop - 400)")
    tab.wait_for_timeout(300)  # milliseconds, for the frame to be painted
    picture = Image.open(io.BytesIO(tab.screenshot())).convert("RGB")
    tab.close()
    return picture


def save(pictures: list[Image.Image], scheme: str) -> None:
    """The pictures side by side, with a palette."""
    width = sum(picture.width for picture in pictures) + GAP
    whole = Image.new("RGB", (width, pictures[0].height), GROUND[scheme])
    whole.paste(pictures[0], (0, 0))
    whole.paste(pictures[1], (pictures[0].width + GAP, 0))
    path = HERE / f"ui-{scheme}.png"
    whole.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.relative_to(HERE.parents[1])}: {whole.width} × {whole.height}, {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()

"""`python -m tests.browser.icons`: draws `static/icons/*.png` from `static/icon.svg`, when that changes."""

from pathlib import Path

from playwright.sync_api import Browser

from tests.browser.driving import chromium

STATIC = Path(__file__).parents[2] / "static"
PAPER = "#f6f2ea"
# How much of the picture's side the drawing takes. A maskable icon may lose all outside of a circle of 80 %.
ICONS = {
    "icon-192": (192, 0.94, "transparent"),
    "icon-512": (512, 0.94, "transparent"),
    "maskable-192": (192, 0.62, PAPER),
    "maskable-512": (512, 0.62, PAPER),
    "apple-180": (180, 0.74, PAPER),
}


def draw(browser: Browser, size: int, part: float, ground: str) -> bytes:
    page = browser.new_page(viewport={"width": size, "height": size})
    svg = (STATIC / "icon.svg").read_text().replace("<svg", f'<svg width="{size * part}"', 1)
    style = f"margin:0;height:100vh;display:grid;place-items:center;background:{ground}"
    page.set_content(f'<body style="{style}">{svg}</body>')
    drawn = page.screenshot(omit_background=True)
    page.close()
    return drawn


def main() -> None:
    with chromium() as browser:
        for name, look in ICONS.items():
            (STATIC / "icons" / f"{name}.png").write_bytes(draw(browser, *look))


if __name__ == "__main__":
    main()

"""Looking at a page as a machine can: axe-core's findings, and sizes that a thumb and an eye need."""

from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Page

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
SCHEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")

RUN_AXE = """async () => {
  const found = await axe.run(document, { resultTypes: ["violations"] });
  return found.violations
    .flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.target} ${node.failureSummary}`));
}"""

MEASURE = """() => {
  const problems = [];
  const page = document.documentElement;
  const { scrollWidth, clientWidth } = page;
  if (scrollWidth > clientWidth) problems.push(`scrolls sideways: ${scrollWidth} > ${clientWidth}`);
  const name = (it) => `${it.tagName}#${it.id}.${it.className} "${it.textContent.trim().slice(0, 20)}"`;
  const shown = (selector) => [...document.querySelectorAll(selector)].filter(
    (it) => it.checkVisibility() && !it.closest(".skip") && it.type !== "hidden");
  // A label is as good as its field to a thumb.
  const reach = (it) => {
    const boxes = [it, ...(it.labels ?? [])].map((one) => one.getBoundingClientRect());
    const width = Math.max(...boxes.map((box) => box.width));
    const top = Math.min(...boxes.map((box) => box.top));
    return { width, height: Math.max(...boxes.map((box) => box.bottom)) - top };
  };
  for (const it of shown("*")) {
    const { left, right, width } = it.getBoundingClientRect();
    const clipped = getComputedStyle(it).clipPath !== "none";
    const off = left < -1 || right > clientWidth + 1;
    if (width && !clipped && off) problems.push(`off the screen: ${name(it)}`);
  }
  for (const it of shown("button, .button, nav a, .brand, select, input, textarea, audio, summary")) {
    const { width, height } = reach(it);
    const least = it.matches(".line *") ? 40 : 44;
    if (width < 44 || height < least) problems.push(`small target ${width}x${height}: ${name(it)}`);
  }
  for (const it of shown("input:not([type=checkbox]), select, textarea")) {
    const size = parseFloat(getComputedStyle(it).fontSize);
    if (size < 16) problems.push(`small letters ${size}px: ${name(it)}`);
  }
  return problems;
}"""


def accessibility_problems(page: Page) -> list[str]:
    """All of axe-core's findings. It is evaluated by the debugger: our CSP stays in force."""
    if not page.evaluate("() => Boolean(window.axe)"):
        page.evaluate(AXE.read_text())
    found: list[str] = page.evaluate(RUN_AXE)
    return found


def layout_problems(page: Page) -> list[str]:
    """What is wider than the screen, too small to tap, or too small to read while typing."""
    found: list[Any] = page.evaluate(MEASURE)
    return found


SEES_FOCUS = """() => {
  const it = document.activeElement;
  const look = () => {
    const seen = [];
    for (let near = it; near && seen.length < 3; near = near.parentElement) {
      const style = getComputedStyle(near);
      const outline = style.outlineStyle === "none" ? "" : style.outline;
      seen.push([outline, style.boxShadow, style.borderColor, style.backgroundColor].join());
    }
    return seen.join("; ");
  };
  const { left, top, right, bottom, width } = it.getBoundingClientRect();
  const inside = width > 1 && left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight;
  const focused = look();
  it.blur();
  const other = look();
  it.focus({ focusVisible: true, preventScroll: true });
  return inside && focused !== other;
}"""


def focus_is_visible(page: Page) -> bool:
    """The focused element is on the screen, and it or its frame looks different than without focus."""
    return bool(page.evaluate(SEES_FOCUS))

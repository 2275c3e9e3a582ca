"""Looking at a page as a machine can: axe-core's findings, and sizes that a thumb and an eye need."""

from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Page

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
SCHEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")

RUN_AXE = """async () => {
  const found = await axe.run(document, { resultTypes: ["violations"] });
  return found.violations
    .filter((one) => ["serious", "critical"].includes(one.impact))
    .flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.target} ${node.failureSummary}`));
}"""

MEASURE = """() => {
  const problems = [];
  const page = document.documentElement;
  if (page.scrollWidth > page.clientWidth) problems.push(`scrolls sideways: ${page.scrollWidth} > ${page.clientWidth}`);
  const name = (it) => `${it.tagName.toLowerCase()}#${it.id}.${it.className} "${it.textContent.trim().slice(0, 20)}"`;
  const shown = (selector) => [...document.querySelectorAll(selector)].filter(
    (it) => it.checkVisibility() && !it.closest(".skip") && it.type !== "hidden");
  for (const it of shown("*")) {
    const { left, right, width } = it.getBoundingClientRect();
    const clipped = getComputedStyle(it).clipPath !== "none";
    if (width && !clipped && (left < -1 || right > innerWidth + 1)) problems.push(`off the screen: ${name(it)}`);
  }
  for (const it of shown("button, .button, nav a, .brand, select, input, textarea, audio, summary")) {
    const { width, height } = (it.type === "checkbox" ? it.closest("label") : it).getBoundingClientRect();
    const least = it.matches(".line input, .line select") ? 40 : 44;
    if (width < 44 || height < least) problems.push(`small target ${width}x${height}: ${name(it)}`);
  }
  for (const it of shown("input:not([type=checkbox]), select, textarea")) {
    const size = parseFloat(getComputedStyle(it).fontSize);
    if (size < 16) problems.push(`small letters ${size}px: ${name(it)}`);
  }
  return problems;
}"""


def accessibility_problems(page: Page) -> list[str]:
    """axe-core's serious and critical findings. It is evaluated by the debugger: our CSP stays in force."""
    if not page.evaluate("() => Boolean(window.axe)"):
        page.evaluate(AXE.read_text())
    found: list[str] = page.evaluate(RUN_AXE)
    return found


def layout_problems(page: Page) -> list[str]:
    """What is wider than the screen, too small to tap, or too small to read while typing."""
    found: list[Any] = page.evaluate(MEASURE)
    return found

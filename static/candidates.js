// What a candidate says goes into the fields of an open page, and nothing else of it moves.

document.addEventListener("htmx:after:swap", () => {
  const box = document.getElementById("candidates");
  if (!box) return;
  const { fill, cover } = box.dataset;
  const byTap = "byTap" in box.dataset;
  for (const name of ["fill", "byTap", "cover"]) delete box.dataset[name];
  if (fill) {
    const { elements } = document.getElementById("review");
    const changes = Object.entries(JSON.parse(fill)).map(([name, [before, after]]) => ({ field: elements[name], before, after }));
    const fitting = changes.filter(({ field, before }) => field?.value === before);
    // Nobody asked for what was chosen by itself: it has all of the fields as they were, or none.
    if (byTap || fitting.length === changes.length) {
      for (const { field, after } of fitting) field.value = after;
      // The path at the foot is made of them.
      fitting[0]?.field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }
  const shown = document.getElementById("cover");
  if (cover === undefined || !shown || (shown.getAttribute("src") ?? "") === cover) return;
  const made = document.createElement(cover ? "img" : "span");
  const texts = document.getElementById("cover-of-track").dataset;
  if (cover) Object.assign(made, { src: cover, alt: texts.cover, width: 132, height: 132 });
  else Object.assign(made, { className: "no-cover", textContent: texts.noCover });
  made.id = "cover";
  shown.replaceWith(made);
});

// A choice that was made by itself while the page was open: into the fields, if nobody has typed meanwhile.

document.addEventListener("htmx:after:swap", () => {
  const box = document.querySelector("#candidates");
  if (!box) return;
  if (box.dataset.fill) {
    const form = document.getElementById("review");
    const changes = Object.entries(JSON.parse(box.dataset.fill)).map(
      ([name, [before, after]]) => ({ field: form.elements[name], before, after }));
    delete box.dataset.fill;
    if (changes.every(({ field, before }) => field?.value === before)) {
      for (const { field, after } of changes) field.value = after;
      // The path at the foot is made of them.
      changes[0]?.field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }
  if (box.dataset.cover) {
    const shown = document.getElementById("cover");
    const wanted = box.dataset.cover;
    delete box.dataset.cover;
    if (!shown || shown.getAttribute("src") === wanted) return;
    const image = document.createElement("img");
    Object.assign(image, { id: "cover", src: wanted, alt: "Cover", width: 132, height: 132 });
    shown.replaceWith(image);
  }
});

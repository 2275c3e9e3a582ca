// Names of the library below a field: arrows and Enter, or a tap, take one; Escape puts the list away.
// Not a <datalist>: browsers filter that again by themselves, where Bjork is not Björk.
(() => {
  const away = new WeakSet();

  const listOf = (field) => document.getElementById(field?.getAttribute?.("aria-controls") ?? "");
  const fieldOf = (list) => document.querySelector(`[aria-controls="${list.id}"]`);
  const focused = () => document.activeElement?.matches?.("[role=combobox]") && document.activeElement;

  function show(field, wanted) {
    const list = listOf(field);
    if (!list) return;
    const names = [...list.children].map((one) => one.textContent);
    const useful = names.length > 1 || (names.length === 1 && names[0] !== field.value);
    list.hidden = !(wanted && useful && !away.has(field));
    field.setAttribute("aria-expanded", String(!list.hidden));
    if (list.hidden) select(field, null);
  }

  function select(field, option) {
    for (const one of listOf(field).children) one.setAttribute("aria-selected", String(one === option));
    if (option) field.setAttribute("aria-activedescendant", option.id);
    else field.removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
  }

  function take(field, option) {
    away.add(field);
    field.value = option.textContent;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    show(field, false);
  }

  document.addEventListener("input", (event) => {
    if (event.isTrusted) away.delete(event.target);
  });
  document.addEventListener("htmx:after:swap", () => {
    const field = focused();
    // A new list comes hidden; what else was renewed while one chooses takes nothing away.
    if (!field || !listOf(field)?.hidden) return;
    select(field, null);
    show(field, true);
  });
  document.addEventListener("focusout", (event) => {
    if (event.target.matches?.("[role=combobox]")) show(event.target, false);
  });
  // A tap takes the focus from the field, and the list with it, before it is a click.
  document.addEventListener("pointerdown", (event) => {
    if (event.target.closest?.(".offers")) event.preventDefault();
  });
  document.addEventListener("mousedown", (event) => {
    if (event.target.closest?.(".offers")) event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    const option = event.target.closest?.(".offers [role=option]");
    if (option) take(fieldOf(option.parentElement), option);
  });

  document.addEventListener("keydown", (event) => {
    const field = focused();
    const list = field && listOf(field);
    if (!list || list.hidden || event.isComposing) return;
    const options = [...list.children];
    const at = options.findIndex((one) => one.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown") select(field, options[(at + 1) % options.length]);
    else if (event.key === "ArrowUp") select(field, options[(at < 1 ? options.length : at) - 1]);
    else if (event.key === "Enter" && at >= 0) take(field, options[at]);
    else if (event.key === "Escape") {
      away.add(field);
      show(field, false);
    } else return;
    event.preventDefault();
  });
})();

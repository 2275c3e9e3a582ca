// Escape on the review page: discard, which can be undone. Only when nothing else wants that key.

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || event.isComposing || event.repeat) return;
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  if (document.querySelector("dialog[open], :popover-open")) return;
  const discard = document.getElementById("discard");
  // Without the toast's Undo to come back by, a key would be too quick a way to lose something.
  if (!discard || !("undo" in discard.dataset)) return;
  event.preventDefault();
  discard.requestSubmit();
});

// What HTML and htmx cannot do by themselves: the clipboard, and where the focus goes after a page swap.

const canPaste = Boolean(navigator.clipboard?.readText);

function offerPaste(root) {
  if (!canPaste) return;
  for (const button of root.querySelectorAll("[data-paste]")) button.hidden = false;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-paste]");
  if (!button) return;
  const field = document.querySelector(button.dataset.paste);
  try {
    field.value = (await navigator.clipboard.readText()).trim();
  } catch {
    // The person said no: the keyboard's own paste still works.
  }
  field.focus();
});

document.addEventListener("htmx:after:swap", () => offerPaste(document));
offerPaste(document);

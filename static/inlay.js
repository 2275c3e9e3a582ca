// What HTML and htmx cannot do by themselves: the clipboard, playing a track without leaving the page,
// counting down, and the focus of somebody whose button went away.

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

// What is there to be copied, and may be longer than its field, is chosen as a whole.
document.addEventListener("focusin", (event) => {
  if (event.target.matches?.(".code[readonly]")) event.target.select();
});

function player() {
  const known = document.getElementById("player");
  if (known) return known;
  const made = document.createElement("audio");
  made.id = "player";
  made.controls = true;
  // Beside the body's content, so that swapping a page does not stop the music.
  document.documentElement.append(made);
  return made;
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("[data-play]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const audio = player();
  for (const row of document.querySelectorAll("[data-playing]")) row.removeAttribute("data-playing");
  link.closest("li")?.setAttribute("data-playing", "");
  audio.setAttribute("aria-label", link.getAttribute("aria-label"));
  audio.src = link.href;
  audio.play();
});

let card = "";
const remember = (event) => { card = event.target.closest?.(".card")?.id ?? ""; };
document.addEventListener("focusin", remember);
document.addEventListener("pointerdown", remember);

function keepFocus() {
  if (!card || document.activeElement !== document.body) return;
  const next = document.querySelector(`#${CSS.escape(card)} .act :is(a, button)`);
  (next ?? document.getElementById("main")).focus({ preventScroll: true });
}

// A countdown in words that the server wrote; the next poll says what has become of it.
// Counted from the seconds that were left, by this device's clock alone: it may differ from the server's.
const ends = new WeakMap();

function countDown() {
  for (const time of document.querySelectorAll("time[data-left]")) {
    const known = ends.get(time);
    const end = known?.left === time.dataset.left ? known.end : Date.now() + 1000 * time.dataset.left;
    ends.set(time, { left: time.dataset.left, end });
    const left = Math.max(0, Math.round((end - Date.now()) / 1000));
    const [hours, minutes, seconds] = [Math.floor(left / 3600), Math.floor(left / 60) % 60, left % 60];
    const two = (number) => String(number).padStart(2, "0");
    time.textContent = hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
  }
}
setInterval(countDown, 1000);

document.addEventListener("htmx:after:swap", () => {
  offerPaste(document);
  keepFocus();
});
offerPaste(document);

// The cover workbench: a square that fingers, mice and keys move over the picture, and pictures from the
// clipboard. Without this script three number fields, a file field and buttons do the same.

const cropBox = () => document.getElementById("crop");
const cropField = (name) => document.getElementById(`crop-${name}`);
const within = (value, least, most) => Math.min(Math.max(value, least), Math.max(least, most));

// The square in the picture's own pixels. The fields are the truth, and say it in thousandths.
function readSquare() {
  const { width, height } = sizeOfWhole();
  const shorter = Math.min(width, height);
  const read = (name, fallback) => {
    const value = Number.parseInt(cropField(name).value, 10);
    return Number.isNaN(value) ? fallback : value;
  };
  const side = within(Math.round((shorter * read("size", 1000)) / 1000), 1, shorter);
  return {
    side,
    left: within(Math.round((width * read("x", 0)) / 1000), 0, width - side),
    top: within(Math.round((height * read("y", 0)) / 1000), 0, height - side),
  };
}

function sizeOfWhole() {
  const { width, height } = cropBox().dataset;
  return { width: Number(width), height: Number(height) };
}

function writeSquare({ left, top, side }) {
  const { width, height } = sizeOfWhole();
  const shorter = Math.min(width, height);
  const size = within(side, Math.max(1, shorter / 20), shorter);
  cropField("size").value = Math.max(1, Math.round((1000 * size) / shorter));
  cropField("x").value = Math.round((1000 * within(left, 0, width - size)) / width);
  cropField("y").value = Math.round((1000 * within(top, 0, height - size)) / height);
  showSquare();
}

let drawing = 0;

function showSquare() {
  if (!cropBox()) return;
  const { width, height } = sizeOfWhole();
  const { left, top, side } = readSquare();
  const frame = document.getElementById("crop-frame");
  for (const id of ["crop-frame", "crop-how", "crop-preview"]) document.getElementById(id).hidden = false;
  frame.style.left = `${(100 * left) / width}%`;
  frame.style.top = `${(100 * top) / height}%`;
  frame.style.width = `${(100 * side) / width}%`;
  frame.style.height = `${(100 * side) / height}%`;
  const { largest, small, remark } = cropBox().dataset;
  const made = Math.min(side, Number(largest));
  document.getElementById("crop-outcome").textContent =
    `${made} × ${made}${made < Number(small) ? ` · ${remark}` : ""}`;
  cancelAnimationFrame(drawing);
  drawing = requestAnimationFrame(() => draw(left / width, top / height, side / width, side / height, made));
}

// What the file will show, in as many pixels as it will have; the screen may show it smaller.
function draw(left, top, wide, high, made) {
  const canvas = document.getElementById("crop-preview");
  const picture = document.getElementById("crop-picture");
  if (!canvas || !picture?.complete || !picture.naturalWidth) return;
  if (canvas.width !== made) canvas.width = canvas.height = made;
  const [across, down] = [picture.naturalWidth, picture.naturalHeight];
  canvas.getContext("2d").drawImage(
    picture, left * across, top * down, wide * across, high * down, 0, 0, made, made);
}

let drag = null;

document.addEventListener("pointerdown", (event) => {
  const frame = event.target.closest?.("#crop-frame");
  if (!frame || event.button) return;
  event.preventDefault();
  frame.focus({ preventScroll: true });
  frame.setPointerCapture(event.pointerId);
  const scale = sizeOfWhole().width / document.getElementById("crop-stage").clientWidth;
  const grip = Boolean(event.target.closest("#crop-grip"));
  drag = { id: event.pointerId, x: event.clientX, y: event.clientY, scale, grip, from: readSquare() };
});

document.addEventListener("pointermove", (event) => {
  if (!drag || event.pointerId !== drag.id || !cropBox()) return;
  const { from, scale } = drag;
  const [across, down] = [(event.clientX - drag.x) * scale, (event.clientY - drag.y) * scale];
  if (!drag.grip) {
    writeSquare({ ...from, left: from.left + across, top: from.top + down });
    return;
  }
  const { width, height } = sizeOfWhole();
  const room = Math.min(width - from.left, height - from.top);
  writeSquare({ ...from, side: Math.min(from.side + (across + down) / 2, room) });
});

for (const kind of ["pointerup", "pointercancel"]) {
  document.addEventListener(kind, (event) => {
    if (drag?.id === event.pointerId) drag = null;
  });
}

const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const SIZES = { "+": 1, "=": 1, "-": -1, "_": -1 };

document.addEventListener("keydown", (event) => {
  if (event.target.id !== "crop-frame" || event.ctrlKey || event.metaKey || event.altKey) return;
  const { width, height } = sizeOfWhole();
  const step = (Math.min(width, height) / 100) * (event.shiftKey && MOVES[event.key] ? 10 : 1);
  const square = readSquare();
  if (MOVES[event.key]) {
    const [across, down] = MOVES[event.key];
    writeSquare({ ...square, left: square.left + across * step, top: square.top + down * step });
  } else if (SIZES[event.key]) {
    const side = within(square.side + 2 * step * SIZES[event.key], 1, Math.min(width, height));
    const shift = (square.side - side) / 2;
    writeSquare({ side, left: square.left + shift, top: square.top + shift });
  } else if (event.key === "Enter") {
    document.getElementById("cover-crop").requestSubmit(document.getElementById("crop-go"));
  } else {
    return;
  }
  event.preventDefault();
});

document.addEventListener("input", (event) => {
  if (event.target.closest?.("#crop")) showSquare();
});

// A picture is on its way as soon as it is chosen.
document.addEventListener("change", (event) => {
  if (event.target.id === "cover-file" && event.target.files.length) sendPicture();
});

function sendPicture() {
  document.getElementById("cover-upload").requestSubmit();
}

// Wherever it is pasted on the page; text goes where the person pastes it.
document.addEventListener("paste", (event) => {
  const field = document.getElementById("cover-file");
  const picture = [...(event.clipboardData?.files ?? [])].find((file) => file.type.startsWith("image/"));
  if (!field || !picture) return;
  event.preventDefault();
  document.getElementById("cover-bench").open = true;
  const given = new DataTransfer();
  given.items.add(picture);
  field.files = given.files;
  sendPicture();
});

// Opened a while after the page came: the archive's picture may be here by now.
document.addEventListener("toggle", ({ target }) => {
  if (target.id === "cover-bench" && target.open && !cropBox()) target.dispatchEvent(new Event("opened"));
}, true);

function beReady() {
  const hint = document.getElementById("cover-paste-hint");
  const button = document.getElementById("cover-file-go");
  if (hint) hint.hidden = false;
  if (button) button.hidden = true;
  if (!cropBox()) return;
  showSquare();
  document.getElementById("crop-picture").addEventListener("load", showSquare, { once: true });
}

document.addEventListener("htmx:after:swap", beReady);
beReady();

// The page without a server: keeps the link that was shared, tries again, and goes on when Inlay is back.

const TRIES_EVERY_MS = 5000;
const asked = new URLSearchParams(location.search);
const shared = kept.firstLink(asked.get("url"), asked.get("text"), asked.get("title"));
const form = document.getElementById("keep");
const said = document.getElementById("keep-said");
let mine = null;

if (shared) {
  form.hidden = false;
  document.getElementById("keep-url").value = shared;
  document.getElementById("keep-title").textContent = asked.get("title") ?? "";
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const url = document.getElementById("keep-url").value.trim();
  if (mine || !url) return;
  mine = true;
  try {
    mine = await kept.keep(url, asked.get("title") ?? "");
  } catch {
    mine = null;
    said.textContent = said.dataset.noRoom;
    return;
  }
  form.hidden = true;
  said.textContent = said.dataset.kept;
  said.focus();
  await showKept();
});

async function goOn() {
  let answer;
  try {
    answer = await fetch(`${kept.base}api/v1/health`, { cache: "no-store" });
  } catch {
    return;
  }
  if (!answer.ok) return;
  // What was not kept waits in the address: the page itself is there again.
  if (!mine) {
    if (location.href.startsWith(`${kept.base}offline`)) location.replace(kept.base);
    else location.reload();
    return;
  }
  if (await kept.send() === "away") return;
  const link = (await kept.all()).find((one) => one.key === mine.key);
  // With its card; signed out meanwhile: it stays here, and the login says so.
  location.replace(new URL(link?.state !== "waiting" && link?.place || "./", kept.base));
}

let trying = false;
async function tryAgain() {
  if (trying || mine === true) return;
  trying = true;
  await goOn().catch(() => {});
  trying = false;
}
setInterval(() => { if (!document.hidden) tryAgain(); }, TRIES_EVERY_MS);
self.addEventListener("online", tryAgain);
document.getElementById("again").addEventListener("click", tryAgain);

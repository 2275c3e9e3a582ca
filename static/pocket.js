// What makes a page of ours an app: the service worker, small windows that close, and the links that this phone
// has kept while the server was out of reach.

const CLOSES_AFTER_MS = 1600;
const TOLD_FOR_MS = 24 * 3600 * 1000;

// Where the worker is, as far from the manifest as it is on the server: under whatever folder.
const manifest = document.querySelector("link[rel=manifest]");
if (navigator.serviceWorker && manifest) {
  // After the page is there: the worker fetches what it keeps, and the page is waited for.
  const register = () => navigator.serviceWorker
    .register(new URL("sw.js", manifest.href), { updateViaCache: "none" }).catch(() => {
      // Not over https, or not allowed: Inlay works without it.
    });
  if (document.readyState === "complete") register();
  else addEventListener("load", register, { once: true });
}

// Some browsers leave a window open that they think a person opened; the page says that it can be closed.
function closeSmallWindow() {
  const done = document.querySelector("[data-close]:not([data-closing])");
  if (!done) return;
  done.setAttribute("data-closing", "");
  done.focus({ preventScroll: true });
  setTimeout(() => window.close(), CLOSES_AFTER_MS);
}
document.addEventListener("htmx:after:swap", closeSmallWindow);
closeSmallWindow();

// In the page's language; a name is put where it says `{title}`, a number where it says `{count}`.
const textsOf = (place) => JSON.parse(place.dataset.texts);

function line(link, texts) {
  const named = (text) => text.split("{title}").join(name.textContent);
  const row = document.createElement("li");
  row.className = "row";
  row.dataset.state = link.state;
  const name = document.createElement("strong");
  name.className = "name";
  name.dir = "auto";
  name.textContent = link.title || link.url;
  const state = document.createElement("span");
  state.className = "state";
  const waits = link.message || texts.later;
  state.textContent = `${texts[link.state]}. ${link.state === "waiting" ? waits : link.message}`;
  const ways = document.createElement("div");
  ways.className = "ways";
  if (link.place && link.state !== "waiting") {
    const open = document.createElement("a");
    open.className = "button small";
    open.href = new URL(link.place, kept.base);
    open.textContent = texts.open;
    open.setAttribute("aria-label", named(texts.open_it));
    ways.append(open);
  }
  const drop = document.createElement("button");
  drop.className = "small quiet";
  const isWaiting = link.state === "waiting";
  drop.textContent = isWaiting ? texts.remove : texts.ok;
  drop.setAttribute("aria-label", named(isWaiting ? texts.remove_it : texts.ok_it));
  drop.addEventListener("click", () => kept.remove(link.key).then(showKept));
  ways.append(drop);
  row.append(name, state, ways);
  return row;
}

function sentence(text) {
  const said = document.createElement("p");
  said.className = "notice have";
  said.textContent = text;
  return said;
}

// A page that has nobody signed in tells how many, not which: the phone may be in other hands by now.
async function showKept() {
  const place = document.getElementById("kept");
  if (!place || !("indexedDB" in self)) return;
  const links = [];
  for (const link of await kept.all()) {
    const isOld = link.state === "added" && link.at < Date.now() - TOLD_FOR_MS;
    if (isOld) await kept.remove(link.key);
    else links.push(link);
  }
  const here = document.body.dataset.person ?? (place.dataset.away === undefined ? "" : await kept.person());
  const mine = links.filter((link) => here && (!link.person || link.person === here));
  const others = links.filter((link) => link.state === "waiting" && !mine.includes(link)).length;
  // Not of the document: another page may have been swapped in meanwhile.
  const texts = textsOf(place);
  const parts = [];
  if (mine.length) {
    const heading = document.createElement("h2");
    heading.textContent = texts.kept;
    const list = document.createElement("ul");
    list.className = "rows";
    list.append(...mine.map((link) => line(link, texts)));
    parts.push(heading, list);
  }
  if (others) {
    const said = here ? [texts.one_of_others, texts.of_others] : [texts.one_waits, texts.wait];
    parts.push(sentence(said[others === 1 ? 0 : 1].split("{count}").join(others)));
  }
  place.setAttribute("role", "status");
  place.replaceChildren(...parts);
}

async function sendKept() {
  if (!isSecureContext || !navigator.locks) return;
  const here = document.body.dataset.person;
  if (here && (await kept.person()) !== here) await kept.setPerson(here);
  const { language } = document.body.dataset;
  if (here && (await kept.language()) !== language) await kept.setLanguage(language);
  if (here) await kept.send();
  await renewInbox();
}

// An inbox that is open shows what another page or the worker has sent meanwhile, perhaps while it was loaded.
let shownSent = new Set();
async function renewInbox() {
  await showKept();
  const sent = (await kept.all()).filter((link) => link.state === "added").map((link) => link.key);
  if (sent.some((key) => !shownSent.has(key))) {
    document.body.dispatchEvent(new CustomEvent("inbox-changed", { bubbles: true }));
  }
  shownSent = new Set(sent);
}

kept.told?.addEventListener("message", renewInbox);
self.addEventListener("online", sendKept);
document.addEventListener("visibilitychange", () => { if (!document.hidden) sendKept(); });
document.addEventListener("htmx:after:swap", () => {
  // A page that was swapped in has one that nobody has filled yet.
  if (document.querySelector("#kept:not([role])")) sendKept();
});
sendKept();

// A link of an open page finds no server: the browser asks itself, and the worker has a page for that.
document.addEventListener("htmx:error", (event) => {
  const link = event.detail?.ctx?.sourceElement;
  if (link?.matches?.("a[href]") && navigator.serviceWorker?.controller) location.href = link.href;
});

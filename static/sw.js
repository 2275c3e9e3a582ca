// The service worker: our own files without a server, a page that says so, and links that are shared meanwhile.
// VERSION, LANGUAGES, FILES and the scripts that it imports are put before this by the server (app/pwa.py).

const CACHE = `inlay-${VERSION}`;
const OFFLINE = `${kept.base}offline?v=${VERSION}`;
const offlineIn = (language) => `${OFFLINE}&in=${language}`;
const ASSETS = new Map(Object.entries(FILES).map(([path, hash]) => [kept.base + path, hash]));

// A file is kept under its version's address and with its version's content only. What a cache on the way has
// under that address may be wrong: then it is asked for once more, past all caches.
async function exactly(url, integrity) {
  try {
    return await fetch(url, { integrity });
  } catch {
    return fetch(url, { integrity, cache: "reload" });
  }
}

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(CACHE);
    await Promise.all([...ASSETS].map(async ([url, hash]) => cache.put(url, await exactly(url, hash))));
    await Promise.all(LANGUAGES.map(async (language) => {
      const headers = { "Accept-Language": language };
      const page = await fetch(OFFLINE, { cache: "no-store", credentials: "omit", headers });
      if (!page.ok) throw new Error("This version is gone.");
      await cache.put(offlineIn(language), page);
    }));
    // Pages name each file by its version, so one that was opened before is not mixed up by taking over now.
    await self.skipWaiting();
  })());
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    const old = (await caches.keys()).filter((name) => name.startsWith("inlay-") && name !== CACHE);
    await Promise.all(old.map((name) => caches.delete(name)));
    await self.registration.navigationPreload?.enable();
    await self.clients.claim();
  })());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (!request.url.startsWith(kept.base)) return;
  const { pathname } = new URL(request.url);
  if (request.mode === "navigate" && request.method === "POST" && pathname === new URL("share", kept.base).pathname) {
    event.respondWith(share(request));
  } else if (request.method === "GET" && ASSETS.has(request.url)) {
    event.respondWith(asset(request));
  } else if (request.method === "GET" && request.mode === "navigate") {
    event.respondWith(page(event));
  }
});

async function asset(request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(request.url)) ?? fetch(request);
}

// Pages come from the server, always: nothing of anybody's is kept here.
async function page(event) {
  try {
    const answer = (await event.preloadResponse) ?? (await fetch(event.request));
    // What a proxy says when there is nobody behind it.
    if (answer.status !== 502 && answer.status !== 504) return answer;
  } catch {
    // Nobody answered.
  }
  const cache = await caches.open(CACHE);
  // The address says the language, whatever this request's headers ask for.
  return (await cache.match(offlineIn(await readersLanguage()), { ignoreVary: true })) ?? Response.error();
}

// As the person chose who was signed in here last, else as the browser says: never as it was when this was kept.
async function readersLanguage() {
  const chosen = await kept.language().catch(() => "");
  const wished = [chosen ?? "", ...navigator.languages].map((one) => one.toLowerCase().split("-")[0]);
  return wished.find((one) => LANGUAGES.includes(one)) ?? LANGUAGES[0];
}

// The share sheet's form. It looks just like one that a hostile page sends (a worker sees neither where it comes
// from nor the rules for cookies), so nothing is started or kept here: it becomes the page that waits for a tap,
// which comes from the server, or is the one without it.
async function share(request) {
  const form = await request.formData();
  const [title, text, url] = ["title", "text", "url"].map((name) => String(form.get(name) ?? ""));
  const to = new URL("add", kept.base);
  to.search = new URLSearchParams({
    url: kept.firstLink(url, text, title).slice(0, 4096), title: title.slice(0, 200), then: "card",
  });
  return Response.redirect(to, 303);
}

self.addEventListener("sync", (event) => {
  if (event.tag !== "inlay-kept") return;
  event.waitUntil((async () => {
    // The browser tries again by itself, later, when this fails.
    if (await kept.send() === "away") throw new Error("Inlay is out of reach.");
  })());
});

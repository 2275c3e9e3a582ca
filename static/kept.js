// The links that wait on this phone while Inlay is out of reach: kept here, and sent once.
// Pages and the service worker both load this file; it owns the database that they share.
(() => {
  const LINK = /https?:\/\/[^\s<>"“”«»\\]+/i;
  const base = new URL(self.registration ? self.registration.scope : "..", self.registration ? undefined
    : document.currentScript.src).href;
  const told = "BroadcastChannel" in self ? new BroadcastChannel("inlay-kept") : null;

  // The first link in what was shared: apps put it into a sentence, or where the title belongs.
  function firstLink(...texts) {
    for (const text of texts) {
      const found = LINK.exec(text ?? "")?.[0].replace(/[.,;:!?'"’”»…]+$/, "");
      if (found) return found.includes("(") ? found : found.replace(/[)\]]+$/, "");
    }
    return "";
  }

  function opened() {
    return new Promise((resolve, reject) => {
      const asked = indexedDB.open("inlay", 1);
      asked.onupgradeneeded = () => {
        asked.result.createObjectStore("links", { keyPath: "key" });
        asked.result.createObjectStore("facts");
      };
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = () => reject(asked.error);
    });
  }

  // One transaction; resolves when it is on the disk, not before.
  async function within(store, mode, use) {
    const db = await opened();
    try {
      return await new Promise((resolve, reject) => {
        const change = db.transaction(store, mode, { durability: "strict" });
        const asked = use(change.objectStore(store));
        change.oncomplete = () => resolve(asked?.result);
        change.onerror = change.onabort = () => reject(change.error);
      });
    } finally {
      db.close();
    }
  }

  const all = async () => (await within("links", "readonly", (links) => links.getAll()))
    .sort((one, other) => one.at - other.at);
  const put = (link) => within("links", "readwrite", (links) => links.put(link));
  const person = () => within("facts", "readonly", (facts) => facts.get("person"));
  // Who was signed in here last: a link that is kept without a server is theirs.
  const setPerson = (id) => within("facts", "readwrite", (facts) => facts.put(id, "person"));
  // What that person chose to read; empty: as the browser says.
  const language = () => within("facts", "readonly", (facts) => facts.get("language"));
  const setLanguage = (code) => within("facts", "readwrite", (facts) => facts.put(code, "language"));

  async function remove(key) {
    await within("links", "readwrite", (links) => links.delete(key));
    told?.postMessage("changed");
  }

  async function keep(url, title) {
    const link = { key: crypto.randomUUID(), url, title, person: await person(), at: Date.now(),
                   state: "waiting", message: "" };
    await put(link);
    await wake();
    return link;
  }

  // Where there is background sync, the browser sends it though no page of ours is open.
  async function wake() {
    try {
      const worker = self.registration ?? await navigator.serviceWorker.ready;
      await worker.sync.register("inlay-kept");
    } catch {
      // There is none, or it is switched off: sent at the next open.
    }
  }

  // Sends what waits. Resolves to "done", "signed-out" or "away"; one at a time over all pages and the worker.
  // Each link goes with a key of its own, so one whose answer got lost is not handed in twice.
  function send() {
    return navigator.locks.request("inlay-kept", async () => {
      const waiting = (await all()).filter((link) => link.state === "waiting");
      if (!waiting.length) return "done";
      try {
        return await sendAll(waiting);
      } catch {
        return "away";
      } finally {
        told?.postMessage("changed");
      }
    });
  }

  async function sendAll(waiting) {
    const asked = await fetch(`${base}add/kept`, { redirect: "manual", cache: "no-store" });
    if (asked.type === "opaqueredirect") return "signed-out";
    if (!asked.ok) return "away";
    const who = await asked.json();
    let all = "done";
    for (const link of waiting) {
      if (link.person && link.person !== who.person) continue;
      const answer = await fetch(`${base}add/kept`, {
        method: "POST", redirect: "manual", headers: { "X-CSRF-Token": who.form_token },
        body: new URLSearchParams({ key: link.key, url: link.url }),
      });
      if (!answer.ok) { all = "away"; continue; }
      const { outcome, message, place } = await answer.json();
      const state = outcome === "later" ? "waiting" : outcome;
      if (state === "waiting") all = "away";
      await put({ ...link, state, message, place, person: who.person });
    }
    return all;
  }

  self.kept = { base, firstLink, all, keep, remove, send, wake, person, setPerson, language, setLanguage, told };
})();

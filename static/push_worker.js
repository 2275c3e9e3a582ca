// Web push: shows what is ready for review, and opens it when it is tapped. Runs in the service worker.

const ASK_MS = 3000;
const ENDED = "Notifications have ended on this device. Turn them on again in Settings, Telling others.";
const SIGN_IN = "Sign in to see what is ready for review.";
const RENEW = "inlay-renew-push";

self.addEventListener("push", (event) => event.waitUntil(show(event.data)));

async function show(data) {
  let told = {};
  try {
    told = data.json();
  } catch {
    // A browser wants something shown for whatever arrives.
  }
  const whose = await ask(told.device);
  // The server writes both in the person's language, where that is not English.
  const { ended = ENDED, sign_in = SIGN_IN } = told;
  if (whose !== "mine") told = { body: whose === "ended" ? ended : sign_in };
  await self.registration.showNotification(told.title || "Inlay", {
    body: told.body || SIGN_IN,
    tag: told.tag || "inlay",
    dir: "auto",
    data: { path: told.path || "" },
  });
}

// It may have been under way for days: the browser can be somebody else's by now, or signed out.
async function ask(device) {
  let answer;
  try {
    const url = new URL(`settings/push/mine?device=${encodeURIComponent(device)}`, self.registration.scope);
    answer = await fetch(url, { redirect: "manual", cache: "no-store", signal: AbortSignal.timeout(ASK_MS) });
  } catch {
    // Away from home: nobody has told us that anything changed.
    return "mine";
  }
  if (answer.type === "opaqueredirect" || answer.status === 401) return "signed out";
  if (!answer.ok) return "mine";
  const { mine } = await answer.json().catch(() => ({ mine: true }));
  if (mine) return "mine";
  const subscription = await self.registration.pushManager.getSubscription();
  await subscription?.unsubscribe();
  return "ended";
}

// A browser gives a subscription up when its time is over, and may hand in the next one. The server knows by the
// session whose device this is; nothing is turned on that was off.
self.addEventListener("pushsubscriptionchange", (event) => {
  event.waitUntil(renew(event.newSubscription).catch(later));
});

self.addEventListener("sync", (event) => {
  if (event.tag === RENEW) event.waitUntil(renew(null));
});

// Where there is background sync, the browser calls again when there is a network.
const later = () => self.registration.sync?.register(RENEW);

// Throws while the server is out of reach.
async function renew(made) {
  const there = (path) => new URL(path, self.registration.scope);
  const asked = await fetch(there("add/kept"), { redirect: "manual", cache: "no-store" });
  const isSignedOut = asked.type === "opaqueredirect" || asked.status === 401;
  if (!isSignedOut && !asked.ok) throw new Error(`who: ${asked.status}`);
  let subscription = made ?? await self.registration.pushManager.getSubscription();
  if (isSignedOut) return subscription?.unsubscribe();
  const headers = { "X-CSRF-Token": (await asked.json()).form_token };
  const post = (path, body) => fetch(there(path), { method: "POST", headers, body, redirect: "manual" });
  if (!subscription) {
    const answer = await post("settings/push/key");
    if (!answer.ok) throw new Error(`key: ${answer.status}`);
    const text = (await answer.json()).key.replaceAll("-", "+").replaceAll("_", "/");
    const applicationServerKey = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
    subscription = await self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey });
  }
  const { endpoint, keys } = subscription.toJSON();
  const answer = await post("settings/push/renew", new URLSearchParams({ endpoint, ...keys }));
  if (answer.status >= 500) throw new Error(`renew: ${answer.status}`);
  // It was removed from the list, or somebody else is signed in here.
  if (!answer.ok) await subscription.unsubscribe();
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data?.path ?? ""));
});

async function open(path) {
  const scope = new URL(self.registration.scope);
  let url = new URL(path, scope);
  if (url.origin !== scope.origin) url = scope;
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  // Never led away from another page of ours: something may be half written there.
  const there = windows.find((one) => new URL(one.url).pathname === url.pathname);
  return there ? there.focus() : self.clients.openWindow(url.href);
}

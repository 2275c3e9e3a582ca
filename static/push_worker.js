// Web push: shows what is ready for review, and opens it when it is tapped. Runs in the service worker.

const ASK_MS = 3000;
const ENDED = "Notifications have ended on this device. Turn them on again in Settings, Telling others.";
const SIGN_IN = "Sign in to see what is ready for review.";

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

// Turns web push on for this device: asks its browser only when the button is tapped, and says why it cannot.

const section = () => document.getElementById("devices-told");
const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

function whyNot() {
  if (!isSecureContext) return "insecure";
  // An iPhone has it in an app on its home screen only.
  if (!("PushManager" in window)) return navigator.standalone === false ? "home-screen" : "unknown";
  if (Notification.permission === "denied") return "denied";
  return "";
}

async function subscription() {
  const registration = await navigator.serviceWorker?.getRegistration();
  return registration?.pushManager?.getSubscription();
}

function say(why) {
  for (const one of section().querySelectorAll("[data-why]")) one.hidden = one.dataset.why !== why;
}

async function show() {
  const place = section();
  const button = place?.querySelector("#push-on");
  if (!button) return;
  const why = whyNot();
  say(why);
  const known = why ? null : await subscription();
  const isOn = Boolean(place.querySelector("[data-here]"));
  // Removed here or elsewhere, or turned on by somebody else who used this browser.
  if (known && !isOn) await known.unsubscribe();
  button.hidden = Boolean(why);
  button.disabled = false;
  // A browser may have dropped it by itself: then it is offered again.
  place.querySelector("#push").hidden = isOn && Boolean(known);
}

async function turnOn(place) {
  // First of all: a browser asks only while it still knows of the tap.
  if ((await Notification.requestPermission()) !== "granted") return say(whyNot() || "not-now");
  const form = place.querySelector("#push-form");
  try {
    await navigator.serviceWorker.register(place.dataset.worker, { updateViaCache: "none" });
    const { pushManager } = await navigator.serviceWorker.ready;
    // The old one may be bound to another key, or to another person.
    await (await pushManager.getSubscription())?.unsubscribe();
    const headers = { "X-CSRF-Token": form.elements.csrf_token.value };
    const answer = await fetch(place.dataset.key, { method: "POST", headers });
    if (!answer.ok) throw new Error(`key: ${answer.status}`);
    const { key } = await answer.json();
    const made = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) });
    form.elements.endpoint.value = made.endpoint;
    form.elements.p256dh.value = text(made.getKey("p256dh"));
    form.elements.auth.value = text(made.getKey("auth"));
  } catch {
    return say("failed");
  }
  form.requestSubmit();
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("#push-on");
  if (!button) return;
  button.disabled = true;
  say("");
  await turnOn(section());
  button.disabled = false;
});

document.addEventListener("htmx:after:swap", show);
show();

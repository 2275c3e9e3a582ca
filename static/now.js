// The one-click bookmark's window: hands the link in over the API with the token from behind the `#`.

const said = document.getElementById("now-said");
const given = new URLSearchParams(location.hash.slice(1));
// Neither a look at the address nor a step back shows the token again.
history.replaceState(null, "", location.pathname);

function say(text, isWrong) {
  said.textContent = text;
  said.classList.toggle("wrong", isWrong);
}

async function handIn() {
  if (!given.get("token") || !given.get("url")) return;
  say("Handing in…", false);
  let answer;
  try {
    answer = await fetch(new URL("api/v1/downloads/url", kept.base), {
      method: "POST", credentials: "omit",
      headers: { "Authorization": `Bearer ${given.get("token")}`, "Content-Type": "application/json" },
      body: JSON.stringify({ url: given.get("url") }),
    });
  } catch {
    say("Inlay did not answer. Try again when it is in reach.", true);
    return;
  }
  if (answer.ok) {
    say(`On its way: ${given.get("title") || given.get("url")}`, false);
    const window = document.getElementById("now");
    window.setAttribute("data-close", "");
    closeSmallWindow();
  } else if (answer.status === 401) {
    say("This bookmark's token was revoked. Make a new bookmark in the settings.", true);
  } else {
    const problem = await answer.json().catch(() => ({}));
    say(problem.detail || "Something went wrong. Try again.", true);
  }
}
handIn();

// The one-click bookmark's window: hands the link in over the API with the token from behind the `#`.

const said = document.getElementById("now-said");
const texts = JSON.parse(said.dataset.texts);
const given = new URLSearchParams(location.hash.slice(1));
// Neither a look at the address nor a step back shows the token again.
history.replaceState(null, "", location.pathname);

function say(text, isWrong) {
  said.textContent = text;
  said.classList.toggle("wrong", isWrong);
}

async function handIn() {
  if (!given.get("token") || !given.get("url")) return;
  say(texts.going, false);
  let answer;
  try {
    answer = await fetch(new URL("api/v1/downloads/url", kept.base), {
      method: "POST", credentials: "omit",
      headers: { "Authorization": `Bearer ${given.get("token")}`, "Content-Type": "application/json" },
      body: JSON.stringify({ url: given.get("url") }),
    });
  } catch {
    say(texts.silent, true);
    return;
  }
  if (answer.ok) {
    say(texts.taken.split("{title}").join(given.get("title") || given.get("url")), false);
    const window = document.getElementById("now");
    window.setAttribute("data-close", "");
    closeSmallWindow();
  } else if (answer.status === 401) {
    say(texts.revoked, true);
  } else {
    const problem = await answer.json().catch(() => ({}));
    // The API's own sentence is for programs; what a reader of another language is told stands beside it.
    say(problem.told || problem.detail || texts.failed, true);
  }
}
handIn();

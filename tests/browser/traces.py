"""Looking for what hostile text left behind in a page: scripts of ours that the browser runs."""

SENTINEL = """
window.pwned = (...why) => console.error(`PWNED ${why}`);
for (const name of ["alert", "confirm", "prompt", "print", "open"]) window[name] = () => pwned(name);
"""
TRACES = r"""() => {
  const found = [];
  const loads = ["href", "src", "action", "formaction", "data", "poster", "ping", "xlink:href", "srcset"];
  // The one drawing of ours is the waveform.
  const drawing = "svg:not(#waveform > svg[data-bars], #waveform > svg[data-bars] *)";
  const strangers = `iframe, frame, object, embed, base, math, ${drawing}, template, portal, style, marquee`;
  for (const it of document.querySelectorAll(strangers)) found.push(`element ${it.outerHTML.slice(0, 120)}`);
  // The one script of a page's own, as htmx exchanges no heads.
  const own = '[type="module"][src^="/static/push.js?v="]:empty';
  for (const it of document.querySelectorAll(`body script:not(${own}), main link, main meta`))
    found.push(`element ${it.outerHTML.slice(0, 120)}`);
  for (const it of document.querySelectorAll("*")) {
    if (/pwned/i.test(it.localName)) found.push(`element ${it.localName}`);
    for (const { name, value } of it.attributes) {
      const hx = /^(data-)?hx-/.test(name);
      if (/pwned/i.test(name) || /^on/.test(name) || (hx && /pwned/i.test(value)))
        found.push(`attribute ${name}=${value}`);
      const odd = /^[\s\u0000-\u001f]*(javascript|vbscript|data|blob)\s*:/i.test(value);
      if (loads.includes(name) && odd && it.id !== "bookmarklet-link") found.push(`link ${name}=${value}`);
    }
  }
  if (/pwned/.test(document.cookie)) found.push("cookie");
  return found;
}"""
FETCH = f"""async (paths) => {{
  const found = [];
  for (const path of paths) {{
    await htmx.ajax("GET", path, {{ target: "#scene", swap: "innerHTML" }});
    const traces = ({TRACES})();
    if (traces.length) found.push([path, ...traces]);
  }}
  return found;
}}"""

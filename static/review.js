// The review's form: what is typed is kept, title and artist swap, words of the source's title go into any
// field, and Escape discards. Pages are swapped under us, so everything is looked up when it is needed.
(() => {
  const form = () => document.getElementById("review");

  // --- drafts: kept a moment after the last key, every two seconds at most, and at once when the page goes
  const PAUSE_MS = 700;
  const SPACING_MS = 2000;
  const known = new WeakMap();
  const sent = new WeakSet();
  let timer = 0;
  let unsaved = 0;
  let saved = 0;

  const body = (of) => new URLSearchParams(new FormData(of));

  function meet() {
    const it = form();
    if (!it || known.has(it)) return;
    // What was refused is shown as it was typed, but nobody has kept it yet.
    known.set(it, it.hasAttribute("data-unsaved") ? "" : String(body(it)));
    showWords(it);
  }

  function save(leaving = false) {
    clearTimeout(timer);
    const it = form();
    if (!it || sent.has(it) || !known.has(it)) return;
    const now = body(it);
    const before = known.get(it);
    if (String(now) === before) return;
    known.set(it, String(now));
    [saved, unsaved] = [Date.now(), 0];
    // Not on its way after all, such as without a network: the next change takes it along.
    const failed = () => { if (known.get(it) === String(now)) known.set(it, before); };
    // Browsers let 64 kB outlive their page: long lyrics take the ordinary way and their chances.
    const keepalive = leaving && String(now).length < 60_000;
    fetch(it.dataset.draft, { method: "POST", body: now, keepalive, redirect: "error" })
      .then((answer) => { if (!answer.ok) failed(); }, failed);
  }

  function saveSoon() {
    clearTimeout(timer);
    const now = Date.now();
    unsaved ||= now;
    const wait = Math.min(PAUSE_MS, unsaved + SPACING_MS - now);
    timer = setTimeout(save, Math.max(0, wait, saved + SPACING_MS - now));
  }

  for (const kind of ["input", "change"]) {
    document.addEventListener(kind, (event) => {
      const it = form();
      // Fields of the form may stand outside of it.
      if (!it || event.target.form !== it) return;
      sent.delete(it);
      saveSoon();
      renew();
    });
  }
  document.addEventListener("submit", (event) => {
    const it = form();
    if (!it || ![it.id, "discard"].includes(event.target.id)) return;
    clearTimeout(timer);
    sent.add(it);
  });
  document.addEventListener("visibilitychange", () => { if (document.hidden) save(true); });
  addEventListener("pagehide", () => save(true));
  document.addEventListener("htmx:before:swap", (event) => {
    // Fragments of the page come and go; a link to elsewhere takes the form away without a word.
    const goes = (task) => task.target?.contains?.(form());
    if (form() && (event.detail?.tasks ?? []).some(goes)) save();
  });
  document.addEventListener("htmx:after:swap", meet);
  addEventListener("online", () => save());

  // --- what changes in the file, as long as somebody looks at it
  function renew() {
    const shown = document.getElementById("changes");
    if (shown?.open) shown.dispatchEvent(new CustomEvent("renew"));
  }
  document.addEventListener("toggle", (event) => { if (event.target.id === "changes") renew(); }, true);

  // --- title and artist in each other's place
  function put(field, text) {
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-swap]")) return;
    event.preventDefault();
    const { title, artist, album_artist: by } = form().elements;
    const names = [title.value, artist.value];
    if (by.value === artist.value) put(by, names[0]);
    put(artist, names[0]);
    put(title, names[1]);
  });

  // --- words of the source's title
  // Scripts that do without blanks are cut where the browser knows their words.
  const UNSPACED = /[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Thai}\p{scx=Lao}\p{scx=Khmer}\p{scx=Myanmar}]/u;
  const MEANS_SOMETHING = /[\p{L}\p{N}]/u;
  const EDGES = /^[\s\-–—~|/:;,.·•_*]+|[\s\-–—~|/:;,·•_*]+$/gu;
  const PAIRS = ["()", "[]", "{}", "「」", "『』", "【】", "“”", "‘’", "«»", "\"\"", "''"];
  let segmenter;
  let range = null;
  let lastField = null;
  let dragged = null;

  // Made when it is wanted: it reads dictionaries, for which every page would have to wait.
  const segments = (word) => {
    segmenter ??= new Intl.Segmenter(undefined, { granularity: "word" });
    return segmenter.segment(word);
  };

  function* wordsOf(title) {
    for (const found of title.matchAll(/\S+/gu)) {
      if (globalThis.Intl?.Segmenter && UNSPACED.test(found[0])) {
        for (const part of segments(found[0])) {
          yield [found.index + part.index, found.index + part.index + part.segment.length];
        }
      } else yield [found.index, found.index + found[0].length];
    }
  }

  function showWords(it) {
    range = lastField = dragged = null;
    const box = it.querySelector(".words");
    if (!box || box.querySelector("button")) return;
    const title = box.textContent;
    const parts = [];
    let at = 0;
    for (const [start, end] of wordsOf(title)) {
      const word = title.slice(start, end);
      parts.push(title.slice(at, start));
      at = end;
      if (!MEANS_SOMETHING.test(word)) {
        parts.push(word);
        continue;
      }
      const button = document.createElement("button");
      Object.assign(button, { type: "button", className: "word", textContent: word, tabIndex: -1 });
      Object.assign(button.dataset, { start, end });
      button.setAttribute("aria-pressed", "false");
      parts.push(button);
    }
    parts.push(title.slice(at));
    box.dataset.title = title;
    box.replaceChildren(...parts);
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", box.dataset.label);
    const first = box.querySelector(".word");
    if (!first) return;
    first.tabIndex = 0;
    it.querySelector(".into").hidden = false;
  }

  // A text that the page brought along, with its `{name}`s filled in.
  const filled = (text, values) => text.replace(/\{(\w+)\}/g, (hole, name) => values[name] ?? hole);
  const box = () => form()?.querySelector(".words");
  const all = () => [...(box()?.querySelectorAll(".word") ?? [])];
  const status = () => form().querySelector(".source [role=status]");

  // What the chosen words are without separators, and without quotes and brackets that stand around or alone.
  function picked() {
    const words = all();
    const [from, to] = [Math.min(...range), Math.max(...range)];
    let text = box().dataset.title.slice(words[from].dataset.start, words[to].dataset.end);
    for (let before = ""; before !== text;) {
      before = text;
      text = text.replace(EDGES, "");
      for (const [open, close] of PAIRS) {
        const inner = text.slice(1, -1);
        if (text.startsWith(open) && text.endsWith(close) && text.length > 1 && !inner.includes(close)) text = inner;
        else if (text.startsWith(open) && !text.includes(close, 1)) text = text.slice(1);
        else if (text.endsWith(close) && !text.slice(0, -1).includes(open)) text = text.slice(0, -1);
      }
    }
    return text;
  }

  function choose(next) {
    range = next;
    const [from, to] = range ? [Math.min(...range), Math.max(...range)] : [-1, -2];
    all().forEach((word, at) => word.setAttribute("aria-pressed", String(at >= from && at <= to)));
    for (const chip of form().querySelectorAll("[data-into]")) chip.setAttribute("aria-disabled", String(!range));
    status().textContent = range ? filled(status().dataset.chosen, { words: picked() }) : "";
  }

  // The first tap takes one word, the second goes as far as that one, a third begins anew.
  let open = false;
  function tap(at) {
    if (range && open) choose([range[0], at]);
    else choose([at, at]);
    open = !open;
  }

  document.addEventListener("click", (event) => {
    const word = event.target.closest?.(".word");
    if (word) {
      if (dragged === "done") dragged = null;
      else tap(all().indexOf(word));
      return;
    }
    const chip = event.target.closest?.("[data-into]");
    if (!chip || !range) return;
    const field = form().elements[chip.dataset.into];
    const text = picked();
    put(field, text);
    choose(null);
    open = false;
    status().textContent = filled(status().dataset.put, { field: chip.textContent, words: text });
  });

  document.addEventListener("pointerdown", (event) => {
    const word = event.target.closest?.(".word");
    dragged = null;
    if (!word || event.button) return;
    // A finger's pointer belongs to what it touched first, which would keep the other words from us.
    if (word.hasPointerCapture?.(event.pointerId)) word.releasePointerCapture(event.pointerId);
    dragged = all().indexOf(word);
  });
  document.addEventListener("pointermove", (event) => {
    if (typeof dragged !== "number") return;
    const over = document.elementFromPoint(event.clientX, event.clientY)?.closest(".word");
    const at = over ? all().indexOf(over) : -1;
    if (at < 0 || (at === dragged && !range)) return;
    if (at === dragged && Math.max(...range) === Math.min(...range)) return;
    choose([dragged, at]);
  });
  document.addEventListener("pointerup", (event) => {
    if (typeof dragged !== "number") return;
    const over = document.elementFromPoint(event.clientX, event.clientY)?.closest(".word");
    const moved = range && range[0] === dragged && range[0] !== range[1] && over !== all()[dragged];
    // Some browsers send a click after a drag, to the word in which it ended or began.
    dragged = moved ? "done" : null;
    if (moved) {
      open = false;
      setTimeout(() => { dragged = null; });
    }
  });
  document.addEventListener("pointercancel", () => { dragged = null; });

  document.addEventListener("focusin", (event) => {
    const it = form();
    const field = event.target;
    if (!it || field.form !== it || !field.matches?.("input[data-tag], textarea")) return;
    lastField = field.name;
    const chip = it.querySelector(".into button:last-child");
    const named = it.querySelectorAll(`[data-into="${lastField}"]`).length > 0 && chip.dataset.into !== lastField;
    chip.hidden = named;
    chip.dataset.into = named ? "" : lastField;
    chip.textContent = named ? "" : field.labels[0].textContent;
    for (const one of it.querySelectorAll("[data-into]")) one.classList.toggle("last", one.dataset.into === lastField);
  });

  // --- the keyboard: arrows walk along the words, with Shift they take them along
  const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  document.addEventListener("keydown", (event) => {
    const word = event.target.closest?.(".word");
    if (!word || event.ctrlKey || event.altKey || event.metaKey) return;
    const words = all();
    const at = words.indexOf(word);
    const ends = { Home: 0, End: words.length - 1 };
    const step = getComputedStyle(word).direction === "rtl" && /Left|Right/.test(event.key) ? -1 : 1;
    const next = ends[event.key] ?? at + step * (STEPS[event.key] ?? NaN);
    if (!(next >= 0 && next < words.length)) return;
    event.preventDefault();
    for (const one of words) one.tabIndex = -1;
    words[next].tabIndex = 0;
    words[next].focus();
    if (event.shiftKey) {
      choose([range ? range[0] : at, next]);
      open = false;
    }
  });

  // --- Escape: first lets go of chosen words, then discards
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented || event.isComposing || event.repeat) return;
    if (!form() || event.target.closest?.("dialog, [popover], select, audio")) return;
    event.preventDefault();
    const bench = event.target.closest?.("#cover-bench[open]");
    if (bench) {
      bench.open = false;
      document.getElementById("cover-summary").focus();
      return;
    }
    if (range) {
      choose(null);
      open = false;
      return;
    }
    const discard = document.getElementById("discard");
    // Without the toast's Undo to come back by, a key would be too quick a way to lose something.
    if (discard && "undo" in discard.dataset) discard.requestSubmit();
  });

  // --- Enter on a page where nothing is chosen adds, as it does in a field
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.defaultPrevented || event.repeat || event.isComposing) return;
    if (event.target === document.body && form()) document.getElementById("finalize").click();
  });

  meet();
})();

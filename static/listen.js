// Listening on the review page: two marks on the waveform, moved by finger, keyboard or by writing a time; the
// part between them is heard and kept. The marks live on [data-cut]; the server is told by the event "trimmed".
(() => {
  const STEP_MS = 100, BIG_STEP_MS = 1000, LEAST_MS = 1000, TAIL_MS = 3000;
  const READ = /^(?:(?:(\d{1,2}):)?(\d{1,4}):)?(\d{1,5})(?:[.,](\d{1,3}))?$/;

  const cut = () => document.querySelector("[data-cut]");
  const preview = () => document.getElementById("preview");
  const offsetMs = () => Number(document.getElementById("trim")?.dataset.offsetMs ?? 0);

  function wholeMs(box) {
    const heard = preview()?.duration;
    return Number(box.dataset.wholeMs) || (Number.isFinite(heard) ? Math.round(heard * 1000) : 0);
  }

  function marks(box) {
    const whole = wholeMs(box);
    return { start: Number(box.dataset.startMs) || 0, end: Number(box.dataset.endMs) || whole, whole };
  }

  function words(ms) {
    const tenths = Math.floor(ms / 100);
    return `${Math.floor(tenths / 600)}:${String(Math.floor(tenths / 10) % 60).padStart(2, "0")}.${tenths % 10}`;
  }

  function read(text, otherwise) {
    const found = READ.exec(text.trim());
    if (!text.trim()) return otherwise;
    if (!found) return null;
    const [hours, minutes, seconds] = found.slice(1, 4).map((part) => Number(part ?? 0));
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + Number((found[4] ?? "0").padEnd(3, "0"));
  }

  // Where everything is drawn; what is being written in a field stays, and so does what was refused.
  function show(box) {
    const { start, end, whole } = marks(box);
    if (!whole) return;
    for (const name of ["start", "end"]) {
      const at = name === "start" ? start : end;
      const mark = box.querySelector(`[data-mark=${name}]`);
      mark.hidden = false;
      mark.style.left = `${(100 * at) / whole}%`;
      mark.setAttribute("aria-valuemin", name === "start" ? 0 : start + LEAST_MS);
      mark.setAttribute("aria-valuemax", name === "start" ? end - LEAST_MS : whole);
      mark.setAttribute("aria-valuenow", at);
      mark.setAttribute("aria-valuetext", words(at));
      const field = box.querySelector(`[data-time=${name}]`);
      if (field !== document.activeElement && !("typed" in field.dataset)) field.value = words(at);
    }
    const kept = box.querySelector("[data-kept]");
    if (kept) {
      const bars = Number(kept.ownerSVGElement.dataset.bars);
      kept.setAttribute("x", (bars * start) / whole);
      kept.setAttribute("width", (bars * (end - start)) / whole);
    }
    const offer = box.querySelector("[data-offer]");
    if (offer) offer.hidden = start > 0 || end < whole;
    box.querySelector("[data-play-cut]").hidden = false;
    showHead(box);
  }

  function showHead(box) {
    const head = box.querySelector("[data-head]"), audio = preview(), whole = wholeMs(box);
    if (!head || !audio || !whole) return;
    const bars = Number(head.ownerSVGElement.dataset.bars);
    const at = audio.currentTime * 1000 + offsetMs();
    head.setAttribute("x", Math.min(bars - 0.4, (bars * at) / whole));
    head.setAttribute("width", audio.currentTime || !audio.paused ? 0.4 : 0);
  }

  function put(box, name, ms) {
    const { start, end, whole } = marks(box);
    const [least, most] = name === "start" ? [0, end - LEAST_MS] : [start + LEAST_MS, whole];
    // The fields, which tell the server, have tenths.
    const tenths = ms >= whole - STEP_MS / 2 ? whole : Math.round(ms / STEP_MS) * STEP_MS;
    box.dataset[`${name}Ms`] = Math.min(Math.max(tenths, least), Math.max(least, most));
    box.dataset.last = name;
    delete box.querySelector(`[data-time=${name}]`).dataset.typed;
    show(box);
  }

  const tell = (box) => box.dispatchEvent(new CustomEvent("trimmed", { bubbles: true }));

  // Playing: from the start mark, or towards the end mark if that was moved last; round and round.
  function loopStart(box) {
    const { start, end } = marks(box);
    return box.dataset.last === "end" ? Math.max(start, end - TAIL_MS) : start;
  }

  const seek = (ms) => { preview().currentTime = Math.max(0, ms - offsetMs()) / 1000; };

  function playCut(box) {
    const audio = preview();
    if (!audio.paused && "looping" in box.dataset) return audio.pause();
    box.dataset.looping = "";
    seek(loopStart(box));
    audio.play();
  }

  function follow() {
    const box = cut(), audio = preview();
    if (!box || !audio) return;
    const { end, whole } = marks(box);
    if ("looping" in box.dataset && end < whole && audio.currentTime * 1000 + offsetMs() >= end) seek(loopStart(box));
    showHead(box);
    if (!audio.paused) requestAnimationFrame(follow);
  }

  function label() {
    const box = cut(), audio = preview(), button = box?.querySelector("[data-play-cut]");
    if (button) button.textContent = !audio.paused && "looping" in box.dataset ? button.dataset.pauses : button.dataset.plays;
  }

  const ofPreview = (what) => (event) => { if (event.target.id === "preview") what(event.target); };
  // Events of a player do not bubble, but can be caught on their way down.
  document.addEventListener("play", ofPreview(() => { label(); requestAnimationFrame(follow); }), true);
  document.addEventListener("pause", ofPreview(() => {
    const box = cut();
    label();
    if (box) delete box.dataset.looping;
  }), true);
  document.addEventListener("ended", ofPreview((audio) => {
    const box = cut();
    if (box && marks(box).end < marks(box).whole) return;
    audio.currentTime = 0;
  }), true);
  document.addEventListener("loadedmetadata", ofPreview(() => { if (cut()) show(cut()); }), true);
  document.addEventListener("seeked", ofPreview(() => { if (cut()) showHead(cut()); }), true);

  function placeOf(box, event) {
    const stage = box.querySelector("[data-stage]").getBoundingClientRect();
    return ((event.clientX - stage.left) / stage.width) * wholeMs(box);
  }

  let dragged = null;
  document.addEventListener("pointerdown", (event) => {
    const mark = event.target.closest?.("[data-mark]");
    if (!mark || event.button) return;
    event.preventDefault();
    const box = cut();
    mark.focus({ preventScroll: true });
    mark.setPointerCapture(event.pointerId);
    // A finger that holds a mark beside its middle does not move it yet.
    dragged = { mark, by: placeOf(box, event) - marks(box)[mark.dataset.mark] };
  });
  document.addEventListener("pointermove", (event) => {
    if (dragged) put(cut(), dragged.mark.dataset.mark, placeOf(cut(), event) - dragged.by);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    document.addEventListener(end, () => {
      if (dragged) tell(cut());
      dragged = null;
    });
  }

  document.addEventListener("keydown", (event) => {
    const name = event.target.dataset?.mark;
    if (!name || event.ctrlKey || event.altKey || event.metaKey) return;
    const box = cut(), at = marks(box)[name], step = event.shiftKey ? BIG_STEP_MS : STEP_MS;
    const to = {
      ArrowLeft: at - step, ArrowDown: at - step, ArrowRight: at + step, ArrowUp: at + step,
      PageDown: at - 10 * BIG_STEP_MS, PageUp: at + 10 * BIG_STEP_MS, Home: 0, End: wholeMs(box),
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    put(box, name, to);
    tell(box);
  });

  document.addEventListener("change", (event) => {
    const name = event.target.dataset?.time;
    if (!name) return;
    const box = cut(), { start, end, whole } = marks(box);
    const ms = read(event.target.value, name === "start" ? 0 : whole);
    // What cannot be goes to the server as it is, for its sentence.
    const fits = ms !== null && (name === "start" ? ms <= end - LEAST_MS : ms >= start + LEAST_MS && ms < whole + STEP_MS);
    event.target.dataset.typed = "";
    if (fits) {
      put(box, name, Math.min(ms, whole));
      event.target.value = words(marks(box)[name]);
    }
    tell(box);
  });

  document.addEventListener("click", (event) => {
    const box = cut(), at = (selector) => event.target.closest?.(selector);
    if (!box) return;
    if (at("[data-play-cut]")) return playCut(box);
    const offer = at("[data-offer]");
    if (offer || at("[data-undo-cut]")) {
      event.preventDefault();
      box.dataset.startMs = offer ? offer.dataset.startMs : 0;
      box.dataset.endMs = offer ? offer.dataset.endMs : wholeMs(box);
      delete box.dataset.last;
      for (const field of box.querySelectorAll("[data-time]")) delete field.dataset.typed;
      show(box);
      tell(box);
      // The button goes away.
      box.querySelector("[data-mark=start]").focus({ preventScroll: true });
    } else if (at("[data-stage]") && !at("[data-mark]")) {
      seek(placeOf(box, event));
    }
  });

  // What the server answered may say that another file is to be played: the converted one is being made again.
  function settle() {
    const box = cut(), audio = preview(), src = document.getElementById("trim")?.dataset.src;
    if (!box || !audio) return;
    if (src && audio.getAttribute("src") !== src) {
      const plays = !audio.paused;
      audio.src = src;
      if (plays) audio.play();
    }
    show(box);
  }
  document.addEventListener("htmx:after:swap", settle);
  settle();
})();

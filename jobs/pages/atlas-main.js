// What does the page do: read the data again while it grows, and answer to controls and keys.

const EVERY_MS = 2000;
const RECENT_MS = 60_000;
const header = document.querySelector("header");
let network = "";
let seen = { have: null, at: 0 }; // how many cells there were, and when they last became more

// atlas.js calls this: a page from a file may load scripts, but may not fetch.
window.reverieAtlas = (atlas) => {
  network = atlas.network;
  takeLayers(atlas.layers);
  const have = [...layers.values()].reduce((sum, layer) => sum + layer.cells.size, 0);
  tellProgress(have, atlas.planned);
  if (have < atlas.planned) setTimeout(readAgain, EVERY_MS);
};

function tellProgress(have, planned) {
  if (have !== seen.have) seen = { have, at: seen.have === null ? -RECENT_MS : performance.now() };
  const state = performance.now() - seen.at < RECENT_MS ? ", growing" : " so far";
  const bar = document.getElementById("bar");
  const many = (count) => count.toLocaleString("en");
  bar.max = Math.max(1, planned);
  bar.value = have;
  bar.hidden = have >= planned;
  document.getElementById("progress").textContent =
    have >= planned ? `${many(have)} channels` : `${many(have)} of ${many(planned)} channels${state}`;
}

function readAgain() {
  if (document.hidden) {
    document.addEventListener("visibilitychange", readAgain, { once: true });
    return;
  }
  const script = make("script", { src: `${DATA}?${Date.now()}` });
  script.addEventListener("load", () => script.remove());
  script.addEventListener("error", () => {
    script.remove();
    setTimeout(readAgain, EVERY_MS);
  });
  document.head.append(script);
}

// "12, 40-60" as a test of channels; null for all. Throws an Error with what is wrong.
function wantedChannels(text) {
  const parts = text.split(/[\s,;]+(?![-–.\s])/).map((part) => part.trim()).filter(Boolean);
  const spans = parts.map((part) => {
    const match = /^(\d+)(?:\s*(?:-|–|\.\.)\s*(\d+))?$/.exec(part);
    if (!match) throw new Error(`“${part}” is no channel; write numbers and ranges like 12, 40-60`);
    const ends = [Number(match[1]), Number(match[2] ?? match[1])];
    return [Math.min(...ends), Math.max(...ends)];
  });
  return spans.length ? (channel) => spans.some(([first, last]) => first <= channel && channel <= last) : null;
}

// Cells of about the wanted size, so that a row fills the window.
function fitCells() {
  const style = getComputedStyle(main);
  const gap = parseFloat(style.getPropertyValue("--gap"));
  const room = main.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  const wanted = Number(document.getElementById("size").value);
  const columns = Math.max(1, Math.round((room + gap) / (wanted + gap)));
  const side = Math.floor(((room + gap) / columns - gap) * 100) / 100;
  document.documentElement.style.setProperty("--cell", `${side}px`);
}

// In a small window only the layers' names stay in sight.
function pinHeader() {
  const small = innerWidth < 736 || innerHeight < 480;
  const pinned = small ? nav.parentElement.offsetHeight : header.offsetHeight;
  document.documentElement.style.setProperty("--above", `${pinned - header.offsetHeight}px`);
  document.documentElement.style.setProperty("--pinned", `${pinned}px`);
}

function filter({ target }) {
  const fault = document.getElementById("filter-fault");
  try {
    shown.wanted = wantedChannels(target.value);
    fault.hidden = true;
    arrange();
  } catch (error) {
    fault.textContent = error.message;
    fault.hidden = false;
  }
  target.setAttribute("aria-invalid", !fault.hidden);
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem("reverie-theme", theme);
  } catch {
    // a page from a file may have no storage
  }
}

function storedTheme() {
  try {
    return localStorage.getItem("reverie-theme") ?? "";
  } catch {
    return "";
  }
}

function clickCell(event) {
  const cell = event.target.closest(".cell")?.cell;
  if (!cell || !event.target.closest(".look, label")) return;
  const onBox = event.target === cell.box;
  if (event.shiftKey) {
    event.preventDefault();
    pickRange(cell);
    setTimeout(() => (cell.box.checked = picked.has(cell))); // the browser undoes it after this
  } else if (event.target.closest(".look") && !event.ctrlKey && !event.metaKey) openZoom(cell);
  else if (onBox || event.target.closest(".look")) pick(cell, onBox ? cell.box.checked : undefined);
}

function keyInCells(event) {
  const cell = event.target.closest(".cell")?.cell;
  if (!cell || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key.toLowerCase() === "p") pick(cell);
  else if (/^Arrow|^Home$|^End$/.test(event.key)) {
    const next = neighbour(cell, event.key);
    if (event.shiftKey) {
      if (!picked.has(cell)) pick(cell, true);
      pickRange(next);
    }
    focusCell(next);
  } else return;
  event.preventDefault();
}

main.addEventListener("click", clickCell);
main.addEventListener("keydown", keyInCells);
document.getElementById("controls").addEventListener("submit", (event) => event.preventDefault());
document.getElementById("filter").addEventListener("input", filter);
document.getElementById("order").addEventListener("change", ({ target }) => {
  shown.order = target.value;
  arrange();
});
document.getElementById("size").addEventListener("input", fitCells);
document.getElementById("theme").addEventListener("change", ({ target }) => setTheme(target.value));
document.getElementById("theme").value = storedTheme();
setTheme(storedTheme());
const sizes = new ResizeObserver(() => {
  fitCells();
  pinHeader();
});
sizes.observe(main);
sizes.observe(header);
readAgain();

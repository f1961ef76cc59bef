// Which cells are there, and which of them are shown, in which order?

const layers = new Map(); // name -> {name, channels, cells: Map, section, list, count, link}
const main = document.getElementById("layers");
const nav = document.getElementById("nav");
const shown = { order: "channel", wanted: null }; // wanted: null for all, or a test of a channel

// Take in what atlas.js says: cells that are new come into their layer, known ones are updated.
function takeLayers(told) {
  for (const layer of told) {
    if (!layers.has(layer.name)) layers.set(layer.name, makeLayer(layer));
    const known = layers.get(layer.name);
    known.channels = layer.channels;
    for (const cell of layer.cells) {
      const before = known.cells.get(cell.channel);
      if (!before) known.cells.set(cell.channel, makeCell(layer.name, cell));
      else if (before.file !== cell.file || before.objective !== cell.objective) fill(before, cell);
    }
  }
  arrange();
}

// Show what is wanted of every layer, in the chosen order.
function arrange() {
  for (const layer of layers.values()) {
    const cells = inOrder([...layer.cells.values()].filter(isWanted));
    putItems(layer.list, cells.map(({ item }) => item));
    layer.section.hidden = cells.length === 0;
    layer.link.parentElement.hidden = cells.length === 0;
    const whole = layer.channels === undefined ? "" : ` of ${layer.channels}`;
    layer.count.textContent = `${cells.length}${whole} channels`;
    layer.link.lastElementChild.textContent = cells.length;
    giveTabStop(layer);
  }
  const any = [...layers.values()].some((layer) => !layer.section.hidden);
  const empty = document.getElementById("empty");
  empty.hidden = any;
  empty.textContent = layers.size ? "No channel is left; change the filter." : "No channel is rendered yet.";
}

// What stays isn't taken out where it can be helped: it may have the focus.
function putItems(list, items) {
  const wanted = new Set(items);
  if ([...list.children].some((item) => !wanted.has(item))) {
    list.replaceChildren(...items); // far quicker than hiding thousands
    return;
  }
  let place = list.firstElementChild;
  for (const item of items) {
    if (place === item) place = place.nextElementSibling;
    else list.insertBefore(item, place);
  }
}

function isWanted(cell) {
  return shown.wanted === null || shown.wanted(cell.channel);
}

function inOrder(cells) {
  const value = (cell) => (typeof cell.objective === "number" ? cell.objective : -Infinity);
  const sign = { channel: 0, strongest: -1, weakest: 1 }[shown.order];
  return cells.sort((a, b) => (sign && Math.sign(value(a) - value(b)) * sign) || a.channel - b.channel);
}

// The cells that can be seen, over all layers, in the order of the page.
function visibleCells() {
  const items = main.querySelectorAll(".cell");
  return [...items].map((item) => item.cell);
}

function makeLayer({ name }) {
  const number = layers.size;
  const section = make("section", { id: `layer-${number}`, "aria-labelledby": `title-${number}` });
  const title = make("h2", { id: `title-${number}` }, name);
  const count = make("span");
  title.append(" ", count);
  const list = make("ul", { class: "cells" });
  section.append(title, list);
  main.append(section);
  const link = make("a", { href: `#layer-${number}` }, name);
  link.append(" ", make("span"));
  const item = make("li");
  item.append(link);
  nav.append(item);
  watched.observe(section);
  return { name, cells: new Map(), section, list, count, link };
}

function makeCell(layer, told) {
  const item = make("li", { class: "cell" });
  const look = make("button", { type: "button", class: "look", tabindex: "-1" });
  const image = make("img", { loading: "lazy", decoding: "async", width: "128", height: "128" });
  const box = make("input", { type: "checkbox", tabindex: "-1" });
  const facts = make("span", { class: "facts" });
  const label = make("label");
  image.addEventListener("error", () => item.classList.add("broken"));
  image.addEventListener("load", () => item.classList.remove("broken"));
  look.append(image);
  label.append(box, make("span", {}, told.channel), facts);
  item.append(look, label);
  const cell = { layer, channel: told.channel, item, look, image, box, facts };
  item.cell = cell;
  box.setAttribute("aria-label", `Pick channel ${told.channel} of ${layer}`);
  fill(cell, told);
  return cell;
}

function fill(cell, { file, objective, dead }) {
  Object.assign(cell, { file, objective, dead: dead === true });
  cell.item.classList.toggle("dead", cell.dead);
  cell.image.alt = `Channel ${cell.channel} of ${cell.layer}${cell.dead ? ", silent" : ""}`;
  cell.image.src = file.split("/").map(encodeURIComponent).join("/");
  cell.facts.textContent = cell.dead ? "silent" : asText(objective);
  cell.facts.title = "objective";
}

function asText(objective) {
  if (typeof objective !== "number") return "";
  return Math.abs(objective) >= 1e5 ? objective.toExponential(1) : String(Number(objective.toPrecision(3)));
}

// One stop of the Tab key a layer: arrows lead from cell to cell.
function giveTabStop(layer) {
  const items = [...layer.list.querySelectorAll(".cell")];
  const current = items.find((item) => item.cell.look.tabIndex === 0);
  if (!current && items.length) setTabStop(items[0].cell, 0);
  for (const item of items) if (item !== current && item !== items[0]) setTabStop(item.cell, -1);
}

function setTabStop(cell, index) {
  if (cell.look.tabIndex === index) return;
  cell.look.tabIndex = index;
  cell.box.tabIndex = index;
}

function focusCell(cell) {
  const before = cell.item.parentElement.querySelector('.look[tabindex="0"]');
  if (before) setTabStop(before.closest(".cell").cell, -1);
  setTabStop(cell, 0);
  cell.look.focus();
}

// The cell that a key leads to: beside, or a row up or down; itself at the end of the page.
function neighbour(cell, key, cells = visibleCells()) {
  const place = cells.indexOf(cell);
  const columns = getComputedStyle(cell.item.parentElement).gridTemplateColumns.split(" ").length;
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, Home: -place, End: cells.length };
  const target = Math.min(cells.length - 1, Math.max(0, place + steps[key]));
  return cells[target];
}

function make(name, attributes = {}, text = null) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== null) element.textContent = text;
  return element;
}

const watched = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) target.seen = isIntersecting;
    let current = null;
    for (const { section, link } of layers.values()) {
      link.removeAttribute("aria-current");
      if (section.seen && !section.hidden) current ??= link;
    }
    if (!current) return;
    current.setAttribute("aria-current", "true");
    nav.parentElement.scrollTo({ left: current.offsetLeft - nav.parentElement.offsetWidth / 2 });
  },
  { rootMargin: "-25% 0px -60% 0px" },
);

// Which channels are picked, and how are they said in a job and on the command line?

const picked = new Set(); // of cells
let lastPicked = null; // where a range with Shift begins
const panel = document.getElementById("picks");

function pick(cell, on = !picked.has(cell)) {
  on ? picked.add(cell) : picked.delete(cell);
  lastPicked = cell;
  cell.box.checked = on;
  cell.item.classList.toggle("picked", on);
  tellPicks();
}

// Pick all that is shown between the cell picked last and this one, of the same layer.
function pickRange(cell) {
  const cells = visibleCells().filter((other) => other.layer === cell.layer);
  const [first, last] = [cells.indexOf(lastPicked), cells.indexOf(cell)].sort((a, b) => a - b);
  if (first < 0) return pick(cell, true);
  for (const other of cells.slice(first, last + 1)) pick(other, true);
  lastPicked = cell;
}

function clearPicks() {
  for (const cell of [...picked]) pick(cell, false);
}

function tellPicks() {
  panel.hidden = picked.size === 0;
  document.body.classList.toggle("picking", picked.size > 0);
  document.getElementById("picked").textContent = `${picked.size} ${picked.size === 1 ? "channel" : "channels"} picked`;
  document.getElementById("yaml").textContent = asStep();
  document.getElementById("command").textContent = asCommand();
}

// [layer, "12, 40..47"] of every layer that has picks, in the order of the page.
function picksByLayer(separator) {
  const found = [];
  for (const name of layers.keys()) {
    const channels = [...picked].filter((cell) => cell.layer === name).map((cell) => cell.channel);
    if (channels.length) found.push([name, ranges(channels.sort((a, b) => a - b)).join(separator)]);
  }
  return found;
}

// 1 2 3 7 -> "1..3", "7"; two in a row stay two.
function ranges(channels) {
  const parts = [];
  for (let first = 0; first < channels.length; ) {
    let last = first;
    while (channels[last + 1] === channels[last] + 1) last += 1;
    if (last - first < 2) parts.push(...channels.slice(first, last + 1).map(String));
    else parts.push(`${channels[first]}..${channels[last]}`);
    first = last + 1;
  }
  return parts;
}

function asChannels() {
  return `{${picksByLayer(", ").map(([layer, list]) => `${asYaml(layer)}: [${list}]`).join(", ")}}`;
}

function asStep() {
  const names = picksByLayer("").map(([layer]) => asYaml(layer)).join(", ");
  return `- dream: {network: ${asYaml(network)}, layers: [${names}], channels: ${asChannels()}}`;
}

function asCommand() {
  const found = picksByLayer(",");
  if (!found.length) return "";
  const names = found.map(([layer]) => layer).join(",");
  const channels = found.length === 1 ? found[0][1] : asChannels();
  return `reverie dream photo.jpg --network ${asWord(network)} --layers ${asWord(names)} --channels ${asWord(channels)}`;
}

// A name as YAML: in quotes unless it can mean nothing else than itself.
function asYaml(name) {
  const plain = /^[A-Za-z_][\w-]*$/.test(name) && !/^(y|n|yes|no|on|off|true|false|null)$/i.test(name);
  return plain ? name : JSON.stringify(name);
}

// A word for a POSIX shell.
function asWord(text) {
  return /^[\w.,:/=+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

async function copy(id) {
  const text = document.getElementById(id).textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    copySelected(id); // where a page from a file has no clipboard
  }
  document.getElementById("copied").textContent = "Copied";
  const button = panel.querySelector(`[data-copy="${id}"]`);
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = "Copy"), 1500);
}

function copySelected(id) {
  getSelection().selectAllChildren(document.getElementById(id));
  document.execCommand("copy");
}

panel.addEventListener("click", ({ target }) => target.dataset.copy && copy(target.dataset.copy));
document.getElementById("clear").addEventListener("click", clearPicks);

// What does one channel look like, large? Arrows lead on, P picks, Esc closes.

const zoom = document.getElementById("zoom");
const zoomPick = document.getElementById("zoom-pick");
let zoomed = null;

function openZoom(cell) {
  showZoomed(cell);
  if (!zoom.open) zoom.showModal();
  document.getElementById("zoom-pick").focus();
}

function showZoomed(cell) {
  const cells = visibleCells();
  zoomed = cell;
  document.getElementById("zoom-title").textContent = `${cell.layer} · channel ${cell.channel}`;
  const image = document.getElementById("zoom-image");
  image.src = cell.image.src;
  image.alt = cell.image.alt;
  const facts = [cell.dead ? "silent: it answers to nothing" : "", cell.dead ? "" : `objective ${asText(cell.objective)}`];
  const place = `${cells.indexOf(cell) + 1} of ${cells.length} shown`;
  document.getElementById("zoom-facts").textContent = [...facts, place].filter(Boolean).join(" · ");
  document.getElementById("previous").disabled = cell === cells[0];
  document.getElementById("next").disabled = cell === cells.at(-1);
  tellZoomPick();
}

function tellZoomPick() {
  const on = picked.has(zoomed);
  zoomPick.setAttribute("aria-pressed", on);
  zoomPick.textContent = on ? "Picked" : "Pick";
}

function pickZoomed() {
  pick(zoomed);
  tellZoomPick();
}

zoom.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() === "p") pickZoomed();
  else if (!/^Arrow|^Home$|^End$/.test(event.key)) return;
  else showZoomed(neighbour(zoomed, event.key));
  event.preventDefault();
});
zoom.addEventListener("click", ({ target }) => target === zoom && zoom.close());
zoom.addEventListener("close", () => focusCell(zoomed));
zoomPick.addEventListener("click", pickZoomed);
document.getElementById("close").addEventListener("click", () => zoom.close());
document.getElementById("previous").addEventListener("click", () => showZoomed(neighbour(zoomed, "ArrowLeft")));
document.getElementById("next").addEventListener("click", () => showZoomed(neighbour(zoomed, "ArrowRight")));

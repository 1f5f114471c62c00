// Keys for who scans: j and k in lists, arrows in the matrix, single letters between pages.
// Whoever dictates can switch them off (WCAG 2.1.4); the browser remembers that and nothing else.
const typing = (target) => target.closest("input:not([type=checkbox]), select, textarea, dialog, [contenteditable]");

const follow = (selector) => document.querySelector(selector)?.click();

const step = (by) => {
  const rows = [...document.querySelectorAll("[data-row]")];
  if (rows.length === 0) {
    follow(by > 0 ? "[data-next]" : "[data-previous]");
    return;
  }
  const at = rows.indexOf(document.activeElement);
  rows[Math.min(Math.max(at + by, 0), rows.length - 1)].focus();
};

const cellOf = (element) => element.closest("[data-cell]");

const across = (rows, columns) => {
  const cells = [...document.querySelectorAll("[data-cell]")];
  const here = cellOf(document.activeElement);
  const at = here ? cells.indexOf(here) : 0;
  const [row, column] = here ? [Math.floor(at / 3) + rows, (at % 3) + columns] : [0, 0];
  if (row < 0 || row > 2 || column < 0 || column > 2) return;
  const next = cells[row * 3 + column];
  (next.querySelector("[data-row]") ?? next.querySelector("a") ?? next).focus();
};

const within = (by) => {
  const cell = cellOf(document.activeElement);
  const rows = cell ? [...cell.querySelectorAll("[data-row]")] : [];
  const next = rows[rows.indexOf(document.activeElement) + by];
  if (cell && next) next.focus();
  else across(by, 0);
};

const keys = {
  j: () => step(1),
  k: () => step(-1),
  o: () => document.activeElement.matches("[data-row]") && document.activeElement.click(),
  u: () => follow("[data-back]"),
  m: () => follow('[data-go="m"]'),
  i: () => follow('[data-go="i"]'),
  "?": () => document.getElementById("keys")?.showModal(),
};

const matrixKeys = {
  ArrowDown: () => within(1),
  ArrowUp: () => within(-1),
  ArrowLeft: () => across(0, -1),
  ArrowRight: () => across(0, 1),
};

const switchedOff = () => localStorage.getItem("keys") === "off";

const keysBox = document.querySelector("[data-keys-switch]");
if (keysBox) {
  keysBox.checked = !switchedOff();
  keysBox.addEventListener("change", () => localStorage.setItem("keys", keysBox.checked ? "on" : "off"));
}

document.addEventListener("keydown", (event) => {
  if (switchedOff() || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const arrows = document.querySelector("[data-cell]") ? matrixKeys : {};
  const act = keys[event.key] ?? arrows[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

"use strict";
const form = document.querySelector("form");
const rows = [...document.querySelectorAll("tbody tr")];
const choices = [...form.querySelectorAll("select")];
const collator = new Intl.Collator(document.documentElement.lang, { numeric: true });

function filter() {
  const words = form.text.value.toLowerCase().split(/\s+/);
  for (const row of rows) {
    const text = row.textContent.toLowerCase();
    const found = words.every((word) => text.includes(word));
    const chosen = choices.every((choice) => !choice.value || row.dataset[choice.name] === choice.value);
    row.hidden = !found || !chosen || row.dataset.made < form.since.value;
  }
  for (const section of document.querySelectorAll("section")) {
    section.hidden = !section.querySelector("tbody tr:not([hidden])");
  }
  const shown = rows.filter((row) => !row.hidden).length;
  const output = form.querySelector("output");
  output.textContent = output.dataset.of.replace("{shown}", shown).replace("{all}", rows.length);
}

function key(row, column) {
  const cell = row.cells[column];
  return cell.dataset.sort ?? cell.textContent.trim();
}

function sort(heading) {
  const down = heading.ariaSort === "ascending";
  const body = heading.closest("table").tBodies[0];
  for (const other of heading.parentNode.cells) other.removeAttribute("aria-sort");
  heading.ariaSort = down ? "descending" : "ascending";
  const column = heading.cellIndex;
  const sorted = [...body.rows].sort((a, b) => collator.compare(key(a, column), key(b, column)));
  body.append(...(down ? sorted.reverse() : sorted));
}

for (const heading of document.querySelectorAll("thead th:not(.plain)")) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...heading.childNodes);
  button.addEventListener("click", () => sort(heading));
  heading.append(button);
}
form.addEventListener("input", filter);
form.addEventListener("submit", (event) => event.preventDefault());
form.hidden = false;
filter();

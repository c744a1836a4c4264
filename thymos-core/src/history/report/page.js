"use strict";
(() => {
  const table = document.getElementById("units");
  const body = table.tBodies[0];
  // In the order of units, however the table is sorted.
  const rows = [...body.rows];
  const bars = [...document.querySelectorAll("#timeline .bar")];
  const search = document.getElementById("search");
  const found = document.getElementById("found");
  const boxes = [...document.querySelectorAll("input[name=outcome]")];
  const detail = document.getElementById("detail");
  const texts = rows.map((row) => row.textContent.toLowerCase());

  const when = document.getElementById("when");
  when.title = when.textContent;
  when.textContent = new Date(Number(when.dataset.ms)).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });

  function filter() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const outcomes = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    let shown = 0;
    rows.forEach((row, unit) => {
      const show = outcomes.has(row.dataset.outcome) && words.every((word) => texts[unit].includes(word));
      row.hidden = !show;
      bars[unit].classList.toggle("dim", !show);
      shown += show ? 1 : 0;
    });
    found.textContent = shown === rows.length ? `${shown} units` : `${shown} of ${rows.length} units`;
  }
  search.addEventListener("input", filter);
  boxes.forEach((box) => box.addEventListener("change", filter));

  function sort(header) {
    const column = header.cellIndex;
    const figures = header.classList.contains("n");
    // Figures are looked at from the top, names from the beginning.
    const next = { ascending: "descending", descending: "ascending" };
    const order = next[header.getAttribute("aria-sort")] || (figures ? "descending" : "ascending");
    for (const other of header.parentNode.cells) other.setAttribute("aria-sort", other === header ? order : "none");
    const value = (row) => (figures ? Number(row.cells[column].dataset.v) : row.cells[column].textContent.trim().toLowerCase());
    const compare = (a, b) => (a.value < b.value ? -1 : a.value > b.value ? 1 : 0);
    const sign = order === "ascending" ? 1 : -1;
    const sorted = rows.map((row) => ({ row, value: value(row) })).sort((a, b) => sign * compare(a, b));
    body.append(...sorted.map((entry) => entry.row));
  }
  for (const header of table.tHead.rows[0].cells) {
    header.firstChild.addEventListener("click", () => sort(header));
  }

  function show(bar) {
    detail.textContent = bar.getAttribute("aria-label");
  }
  function focus(bar) {
    for (const other of bars) other.tabIndex = other === bar ? 0 : -1;
    bar.focus();
    bar.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
  function open(bar) {
    const row = rows[Number(bar.dataset.unit)];
    row.hidden = false;
    row.scrollIntoView({ block: "center" });
    row.focus({ preventScroll: true });
  }
  const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity };
  bars.forEach((bar, at) => {
    bar.addEventListener("pointerenter", () => show(bar));
    bar.addEventListener("focus", () => {
      bar.setAttribute("aria-selected", "true");
      show(bar);
    });
    bar.addEventListener("blur", () => bar.setAttribute("aria-selected", "false"));
    bar.addEventListener("click", () => open(bar));
    bar.addEventListener("keydown", (event) => {
      if (event.key in steps) {
        focus(bars[Math.min(Math.max(at + steps[event.key], 0), bars.length - 1)]);
      } else if (event.key === "Enter" || event.key === " ") {
        open(bar);
      } else {
        return;
      }
      event.preventDefault();
    });
  });
})();

// Works the page in a frame as a person would, and returns what it then finds.
function work(frame) {
  const page = frame.contentDocument, found = { width: frame.clientWidth };
  const rows = () => [...page.querySelectorAll("#units tbody tr")];
  const shown = () => rows().filter((row) => !row.hidden);
  const headers = [...page.querySelectorAll("#units thead th")];
  const column = (name) => headers.findIndex((header) => header.textContent === name);
  const press = (key) => page.activeElement.dispatchEvent(new frame.contentWindow.KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  found.title = page.title;
  found.foreign = page.querySelectorAll("img, iframe, link, object, script[src]").length + page.scripts.length - 1;
  found.rows = rows().length;
  found.bars = page.querySelectorAll("#timeline .bar").length;
  found.overflow = page.documentElement.scrollWidth - page.documentElement.clientWidth;
  found.hostile = rows()[7].cells[0].textContent.startsWith("</td></table><img");

  const sort = (name) => { headers[column(name)].querySelector("button").click(); return headers[column(name)].getAttribute("aria-sort"); };
  const ordered = (values, compare) => values.every((value, at) => at === 0 || compare(values[at - 1], value));
  const texts = (name) => rows().map((row) => row.cells[column(name)].textContent.trim().toLowerCase());
  const figures = (name) => rows().map((row) => Number(row.cells[column(name)].dataset.v));
  found.byName = [sort("Crate"), ordered(texts("Crate"), (a, b) => a <= b)];
  found.byNameBack = [sort("Crate"), ordered(texts("Crate"), (a, b) => a >= b)];
  found.byTime = [sort("Compile time"), ordered(figures("Compile time"), (a, b) => a >= b)];
  found.sorted = headers.filter((header) => header.getAttribute("aria-sort") !== "none").length;

  const search = page.getElementById("search");
  const type = (text) => { search.value = text; search.dispatchEvent(new frame.contentWindow.Event("input")); };
  type("MISS  crate_0");
  found.searched = [shown().length, shown().every((row) => /miss/.test(row.textContent) && /crate_0/.test(row.textContent)), page.getElementById("found").textContent];
  found.dimmed = page.querySelectorAll(".bar.dim").length;
  type("");
  const box = page.querySelector("input[value=hit]");
  box.click();
  found.withoutHits = shown().length;
  box.click();
  found.all = shown().length;

  const bars = [...page.querySelectorAll(".bar")];
  found.stops = bars.filter((bar) => bar.tabIndex === 0).length;
  bars[0].focus();
  press("ArrowRight");
  press("ArrowRight");
  found.walked = bars.indexOf(page.activeElement);
  found.said = page.getElementById("detail").textContent;
  press("End");
  found.end = bars.indexOf(page.activeElement);
  press("Enter");
  found.row = page.activeElement.id;

  const named = (element) => (element.getAttribute("aria-label") || element.textContent || (element.labels && element.labels[0] && element.labels[0].textContent) || "").trim();
  found.nameless = [...page.querySelectorAll("button, input, a, [role]")].filter((element) => !named(element) && !element.getAttribute("aria-labelledby") && element.getAttribute("role") !== "status").length;
  found.ids = (() => { const ids = [...page.querySelectorAll("[id]")].map((element) => element.id); return ids.length === new Set(ids).size; })();
  return found;
}

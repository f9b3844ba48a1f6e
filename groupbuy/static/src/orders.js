// The list of orders: how many are ticked, and the box that ticks a page. Without script the rows can be ticked one by one.
import { startCopying } from "./copying.js";

function countTicks(form) {
  const said = form.querySelector("[data-ticked-words]");
  const [page, all] = ["page", "all"].map((name) => form.querySelector(`[data-${name}]`));
  const rows = [...form.querySelectorAll("input[name=order]")];
  const none = said.textContent;
  const show = () => {
    const ticked = rows.filter((row) => row.checked).length;
    said.textContent = ticked ? said.dataset.tickedWords.replace("{n}", ticked) : none;
    page.checked = ticked === rows.length;
    page.indeterminate = ticked > 0 && !page.checked;
  };
  page.hidden = false;
  page.addEventListener("change", () => {
    for (const row of rows) row.checked = page.checked;
  });
  // One or the other: rows, or all that match.
  form.addEventListener("change", (event) => {
    if (event.target === all && all.checked) for (const row of rows) row.checked = false;
    if (all && event.target !== all) all.checked = false;
    show();
  });
  show();
}

for (const form of document.querySelectorAll("form[data-ticks]")) countTicks(form);
startCopying();

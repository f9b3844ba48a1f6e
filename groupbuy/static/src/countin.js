// Counting on a phone: big minus and plus, "as ordered", and the difference at once. The server counts again.
const form = document.querySelector("form[data-count]");
const number = (input) => (/^\d{1,8}$/.test(input.value.normalize("NFKC").trim()) ? Number(input.value.normalize("NFKC").trim()) : null);
const saved = new FormData(form);

function show(row) {
  const [received, damaged] = [row.querySelector(".in.r"), row.querySelector(".in.s")];
  const got = number(received);
  const bad = damaged.value.trim() ? number(damaged) : 0;
  const known = got !== null && bad !== null;
  const difference = known ? got - bad - Number(row.dataset.ordered) : null;
  row.classList.toggle("off", known && difference < 0);
  row.classList.toggle("over", known && difference > 0);
  row.classList.toggle("open", !known);
  const text = document.createElement("span");
  text.className = `diff ${difference < 0 ? "t-bad" : difference ? "" : "zero"}`;
  text.textContent = !known ? "–" : difference < 0 ? `−${-difference}` : difference ? `+${difference}` : "✓";
  row.querySelector("[data-difference]").replaceChildren(text);
}

// Who gets what was worked out from the counts that are kept: with others typed it is not offered.
function offerOneThing() {
  const typed = [...new FormData(form)].some(([name, value]) => /^(received|damaged)-/.test(name) && value !== saved.get(name));
  for (const part of document.querySelectorAll("[data-go], [data-later], [data-preview]")) part.toggleAttribute("hidden", typed);
  document.querySelector("[data-save]")?.toggleAttribute("hidden", !typed);
}

function set(row, pieces) {
  row.querySelector(".in.r").value = pieces;
  show(row);
  offerOneThing();
}

for (const button of form.querySelectorAll("[data-step]")) button.hidden = false;
form.addEventListener("input", (event) => {
  const row = event.target.closest("tr[data-ordered]");
  if (row) {
    show(row);
    offerOneThing();
  }
});
form.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  const row = button?.closest("tr[data-ordered]");
  if (!row) return;
  if (button.dataset.step) {
    const now = number(row.querySelector(".in.r")) ?? (button.dataset.step === "1" ? 0 : Number(row.dataset.ordered));
    set(row, Math.max(0, now + Number(button.dataset.step)));
  } else if (button.name === "full") {
    event.preventDefault();
    set(row, Number(row.dataset.ordered));
  }
});
// Enter goes to the next line instead of sending a half-counted list.
form.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches(".in")) return;
  event.preventDefault();
  const boxes = [...form.querySelectorAll(event.target.matches(".r") ? ".in.r" : ".in")];
  (boxes[boxes.indexOf(event.target) + 1] ?? event.target).focus();
});
addEventListener("focusin", (event) => {
  if (event.target.matches?.("form[data-count] .in")) event.target.select();
});

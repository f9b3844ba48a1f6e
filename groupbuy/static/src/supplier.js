// The supplier's list works without script; this fills in "all in full" in place and keeps the count true.
import { sendFormsOnce } from "./once.js";

function startAnswering(form) {
  const said = form.querySelector("[data-answered]");
  const lines = [...form.querySelectorAll(".ans")];
  const show = () => {
    const answered = lines.filter((line) => line.querySelector(":checked")).length;
    said.textContent = said.dataset.answered.replace("{n}", answered).replace("{all}", lines.length);
  };
  form.querySelector("[data-all-full]").addEventListener("click", (event) => {
    event.preventDefault();
    for (const line of lines) line.querySelector(".a-full input").checked = true;
    show();
  });
  // Typing a number means short.
  form.addEventListener("input", ({ target }) => {
    if (target.name.startsWith("pieces-") && target.value) target.closest(".ans").querySelector(".a-short input").checked = true;
    show();
  });
  show();
}

for (const form of document.querySelectorAll("form[data-answer]")) startAnswering(form);
sendFormsOnce();

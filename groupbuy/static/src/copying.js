// Buttons that copy the text of a box: data-copy names it. Without script the text can be marked and copied by hand.
async function copy(box) {
  box.focus();
  box.select();
  try {
    await navigator.clipboard.writeText(box.value);
    return true;
  } catch {
    return document.execCommand("copy"); // no clipboard without https, nor in older WeChat
  }
}

export function startCopying() {
  for (const button of document.querySelectorAll("[data-copy]")) {
    const words = button.textContent;
    const { copied, byHand } = button.dataset;
    button.hidden = false;
    button.setAttribute("aria-live", "polite");
    button.addEventListener("click", async () => {
      const done = await copy(document.getElementById(button.dataset.copy));
      button.textContent = done ? copied : byHand;
      setTimeout(() => (button.textContent = words), 3000);
    });
  }
}

// A form marked data-once is sent once: its buttons rest until the answer is there. The server would refuse a second
// one anyway; this only saves the person from wondering.
export function sendFormsOnce() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("form[data-once]")) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "1";
    // After the browser has read which button was pressed: a disabled one would not be sent.
    setTimeout(() => {
      for (const control of form.elements) {
        if (control.type === "submit") control.setAttribute("aria-disabled", "true");
      }
    });
  });
}

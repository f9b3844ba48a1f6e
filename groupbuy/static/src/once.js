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
  // Back to a page that the browser kept: it may be sent again.
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    for (const form of document.querySelectorAll("form[data-sent]")) {
      delete form.dataset.sent;
      for (const control of form.elements) control.removeAttribute("aria-disabled");
    }
  });
}

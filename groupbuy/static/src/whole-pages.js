// Where a part of a page is not enough, the whole page is fetched.
//
// A button marked data-whole sends its form as a browser without script would. Where a part could not be fetched, the
// page is loaded again: the server then says what is the matter. Without a network nothing is sent, and the page says
// so in the words it brought along.
function sendWhole(event) {
  const button = event.target.closest("button[data-whole]");
  if (!button || button.disabled) return;
  event.preventDefault();
  const pressed = document.createElement("input");
  pressed.type = "hidden";
  pressed.name = button.name;
  pressed.value = button.value;
  button.form.append(pressed);
  button.form.submit(); // raises no submit event, so nothing takes it over
}

export function fallBackToWholePages() {
  document.addEventListener("click", sendWhole);
  addEventListener("pageshow", (event) => {
    // The cart may have changed since. A page that answered a form is left alone: reloading would send it again.
    if (event.persisted && document.getElementById("cart")) location.reload();
  });
  document.body.addEventListener("htmx:responseError", (event) => {
    if (event.detail.elt.closest("form")) location.reload();
  });
  const said = document.querySelector("[data-offline]");
  if (!said) return;
  for (const name of ["htmx:sendError", "htmx:timeout"]) {
    document.body.addEventListener(name, () => (said.hidden = false));
  }
  document.body.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) said.hidden = true;
  });
}

// The form of a mail account: a port goes along with its encryption, and what does not matter is hidden.
// Without this file the server says what does not fit together.
const form = document.getElementById("account-form");

const follow = (select) => {
  const port = form.elements[select.dataset.portField];
  const standard = [select.dataset.tls, select.dataset.starttls];
  const fitting = select.value === "tls" ? standard[0] : standard[1];
  if (port.value === "" || standard.includes(port.value)) port.value = fitting;
};

const show = (part) => {
  part.hidden = !document.getElementById(part.dataset.shownBy).checked;
};

form.addEventListener("change", (event) => {
  if (event.target.dataset.portField) follow(event.target);
  for (const part of form.querySelectorAll("[data-shown-by]")) show(part);
});

for (const part of form.querySelectorAll("[data-shown-by]")) show(part);

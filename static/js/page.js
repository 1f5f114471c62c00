// Small comforts. Every page works without this file; controls that need it are hidden until it runs.
const reveal = (root) => {
  for (const control of root.querySelectorAll("[data-copy], [data-print], [data-dismiss], [data-dialog]")) {
    control.hidden = false;
  }
  for (const control of root.querySelectorAll("[data-without-script]")) control.hidden = true;
};

const copy = async (button) => {
  const words = button.textContent;
  await navigator.clipboard.writeText(document.querySelector(button.dataset.copy).dataset.text);
  button.textContent = button.dataset.copied;
  setTimeout(() => { button.textContent = words; }, 2000);
};

const dismiss = (button) => {
  const list = button.closest(".notices");
  button.closest(".notice").remove();
  list.hidden = list.children.length === 0;
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.copy) copy(button);
  if (button && "print" in button.dataset) window.print();
  if (button && "dismiss" in button.dataset) dismiss(button);
  if (button?.dataset.dialog) document.getElementById(button.dataset.dialog).showModal();
  for (const menu of document.querySelectorAll(".menu[open]")) {
    if (!menu.contains(event.target) || button?.dataset.dialog) menu.open = false;
  }
  if (event.target instanceof HTMLDialogElement) event.target.close();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll(".menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
  const sheet = document.getElementById("rail-box");
  if (sheet?.checked) {
    sheet.checked = false;
    sheet.focus();
  }
});

document.addEventListener("change", (event) => {
  if (event.target.closest("form[data-auto]")) event.target.form.requestSubmit();
});

for (const field of document.querySelectorAll("[data-time-zone]")) {
  field.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
}

document.addEventListener("htmx:load", (event) => reveal(event.detail.elt));
reveal(document);

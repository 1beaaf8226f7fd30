// Small comforts of staff pages; everything works without them.

// A form that asks first: <form data-confirm="…">.
document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});

// A button is pressed once: an upload may take a while.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method !== "post") return;
  const button = event.submitter;
  if (!button || event.target.dataset.again !== undefined) return;
  setTimeout(() => {
    button.disabled = true;
    button.setAttribute("aria-busy", "true");
  }, 0);
});

// What takes a while says so in the line below it: <form data-wait="…">.
document.addEventListener("submit", (event) => {
  if (!event.defaultPrevented && event.target.dataset.wait) {
    event.target.nextElementSibling.textContent = event.target.dataset.wait;
  }
});

// Coming back by the browser's back button finds the buttons usable again.
window.addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("button[aria-busy]")) {
    button.disabled = false;
    button.removeAttribute("aria-busy");
  }
});

// Copies what stands in the element named by data-copy.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
  button.textContent = "Copied";
});

// Adds comfort to participant pages; every page works without it.
"use strict";
(() => {
  const FIELD = ".field[data-missing]";
  const RESEND_AFTER_MS = 8000;
  const fields = [...document.querySelectorAll(FIELD)];
  const groups = fields.filter((field) => field.matches(".group"));
  const status = document.querySelector(".status");
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;

  const isAnswered = (field) => {
    const text = field.querySelector("textarea");
    return text ? text.value.trim() !== "" : field.querySelector(":checked") !== null;
  };
  const missing = () => fields.filter((field) => !isAnswered(field));

  const bringIntoView = (element) =>
    element.scrollIntoView({ behavior: isCalm ? "auto" : "smooth", block: "nearest" });

  const focusFirst = (field) => {
    field.querySelector("input, textarea").focus({ preventScroll: true });
    bringIntoView(field);
  };

  // What is missing, in words
  const owner = (field) => (field.matches(".group") ? field : field.querySelector("textarea"));

  const mark = (field) => {
    const error = field.querySelector(".error");
    error.textContent = field.dataset.missing;
    error.hidden = false;
    field.classList.add("is-wrong");
    owner(field).setAttribute("aria-invalid", "true");
  };

  const unmark = (field) => {
    field.querySelector(".error").hidden = true;
    field.classList.remove("is-wrong");
    owner(field).removeAttribute("aria-invalid");
    const summary = document.querySelector(".summary");
    const first = field.querySelector("input, textarea");
    summary?.querySelector(`a[href="#${first.id}"]`)?.closest("li").remove();
    if (summary && !summary.querySelector("li")) summary.remove();
  };

  const sayMissing = (open) => {
    if (!open.length) {
      status.textContent = "";
      return;
    }
    const name = open[0].querySelector(".statement").textContent;
    status.textContent =
      open.length === 1 ? `One answer is missing: “${name}”` : `${open.length} answers are missing. The first: “${name}”`;
  };

  const answered = (event) => {
    const field = event.target.closest(FIELD);
    if (!field || !isAnswered(field)) return;
    unmark(field);
    if (status.textContent) sayMissing(missing());
    const clear = field.querySelector(".clear");
    if (clear) clear.hidden = false;
  };
  document.addEventListener("input", answered);
  document.addEventListener("change", answered);

  // Sending: not with an open field where all are needed, and once only
  const buttons = (form) => form.querySelectorAll("[type=submit]");

  const release = (form) => {
    delete form.dataset.sent;
    for (const button of buttons(form)) button.disabled = false;
  };

  document.addEventListener("submit", (event) => {
    const form = event.target;
    const open = "check" in form.dataset ? missing() : [];
    if (open.length || form.dataset.sent) event.preventDefault();
    if (open.length) {
      open.forEach(mark);
      sayMissing(open);
      focusFirst(open[0]);
    } else if (!form.dataset.sent) {
      form.dataset.sent = "yes";
      // Later, because a disabled button's value is not sent; not for ever, because a person may stop the loading.
      setTimeout(() => buttons(form).forEach((button) => (button.disabled = true)));
      setTimeout(release, RESEND_AFTER_MS, form);
    }
  });
  // A page that "back" brings up from memory was sent already: the server knows which page is next.
  addEventListener("pageshow", (event) => {
    const forms = [...document.forms];
    if (event.persisted && forms.some((form) => form.dataset.sent)) location.reload();
    else forms.forEach(release);
  });

  // Keys
  document.addEventListener("keydown", (event) => {
    if (!/^[1-9]$/.test(event.key) || event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    if (event.target.closest("textarea")) return;
    const group = event.target.closest(".group") ?? groups.find((each) => !isAnswered(each));
    const radio = group?.querySelectorAll("input")[event.key - 1];
    if (!radio) return;
    event.preventDefault();
    radio.click();
    const next = groups.slice(groups.indexOf(group)).find((each) => !isAnswered(each)) ?? missing()[0];
    if (next) {
      focusFirst(next);
    } else {
      radio.focus({ preventScroll: true });
      bringIntoView(buttons(radio.form)[0]);
    }
  });
  if (matchMedia("(pointer: fine)").matches) {
    for (const hint of document.querySelectorAll(".actions > .hint")) hint.hidden = false;
  }

  // An answer that may be left out can be taken back
  const offerClearing = (group) => {
    const clear = group.querySelector(".clear");
    if (!clear) return;
    clear.hidden = !isAnswered(group);
    clear.addEventListener("click", () => {
      for (const radio of group.querySelectorAll("input")) radio.checked = false;
      clear.hidden = true;
      group.querySelector("input").focus();
    });
  };
  groups.forEach(offerClearing);
})();

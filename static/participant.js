// Adds comfort to participant pages; every page works without it.
"use strict";
(() => {
  const FIELD = ".field[data-missing]";
  const RESEND_AFTER_MS = 8000;
  const NOT_STORED = "Your answers are not stored yet. Please send them again.";
  const NO_ANSWER =
    "The study does not answer at the moment. Your answers are still here: please send them again.";
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

  const say = (sentence) => {
    if (status) status.textContent = sentence;
  };

  const sayMissing = (open) => {
    if (!open.length) {
      status.textContent = "";
      return;
    }
    const name = open[0].querySelector(".statement").textContent;
    status.textContent =
      open.length === 1
        ? `One answer is missing: “${name}”`
        : `${open.length} answers are missing. The first: “${name}”`;
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

  // What is typed stays in this tab until the server shows another step: leaving may be thought over, and a gateway
  // between here and the server may swallow what is sent. Every later page of the study, the last one too, clears it.
  const DRAFT = "draft ";
  const isStep = (path) => /^\/p\/[^/]+\/(?!leave$)./.test(path);
  const nameOf = (page, path) => `${DRAFT}${path} ${page.querySelector("[name=attempt]")?.value ?? ""}`;
  const draft = nameOf(document, location.pathname);
  const controls = () => [...document.querySelectorAll("form :is([type=radio], textarea)")];
  const isGiven = (control) => (control.type === "radio" ? control.checked : control.value !== "");

  const storage = (() => {
    try {
      return sessionStorage;
    } catch {
      return null; // a browser that stores nothing
    }
  })();

  const keep = (isSent = false) => {
    if (!storage || !isStep(location.pathname) || !controls().length) return;
    const answers = Object.fromEntries(
      controls()
        .filter(isGiven)
        .map(({ name, value }) => [name, value]),
    );
    storage.setItem(draft, JSON.stringify({ answers, isSent }));
  };

  const restore = () => {
    if (!storage || !isStep(location.pathname)) return;
    for (const key of Object.keys(storage)) {
      if (key.startsWith(DRAFT) && key !== draft) storage.removeItem(key);
    }
    const kept = JSON.parse(storage.getItem(draft));
    if (!kept) return;
    for (const control of controls()) {
      const answer = kept.answers[control.name];
      if (control.type === "radio") control.checked = control.value === answer;
      else control.value = answer ?? "";
    }
    if (kept.isSent && !document.querySelector(".summary")) say(NOT_STORED);
  };
  restore();
  document.addEventListener("input", () => keep());
  document.addEventListener("change", () => keep());

  // Sending: not with an open field where all are needed, and once only
  let wasSent = false;
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
      wasSent = true;
      keep(true);
      // Later, because a disabled button's value is not sent; not for ever, because a person may stop the loading.
      setTimeout(() => buttons(form).forEach((button) => (button.disabled = true)));
      setTimeout(release, RESEND_AFTER_MS, form);
    }
  });
  // A page that "back" brings up from memory may have been sent already: the server knows which page is next. Where it
  // still is this one, or nobody answers, the answers are nowhere but here.
  const lookOnward = async () => {
    let sentence = NO_ANSWER;
    try {
      const answer = await fetch(location.href, { signal: AbortSignal.timeout(RESEND_AFTER_MS) });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (answer.ok && nameOf(page, new URL(answer.url).pathname) !== draft) {
        location.replace(answer.url);
        return;
      }
      if (answer.ok) sentence = NOT_STORED;
    } catch {
      // Not even a gateway answers.
    }
    say(sentence);
    [...document.forms].forEach(release);
  };

  addEventListener("pageshow", (event) => {
    if (!event.persisted || !wasSent) [...document.forms].forEach(release);
    else if (location.pathname.startsWith("/p/")) lookOnward();
    else location.reload();
  });

  // Keys: only where the hint tells of them, and only in the group that has the focus
  document.querySelector("form[data-keys]")?.addEventListener("keydown", (event) => {
    if (!/^[1-9]$/.test(event.key) || event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    const group = event.target.closest(".group");
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
    for (const hint of document.querySelectorAll("form > .hint")) hint.hidden = false;
  }

  // An answer that may be left out can be taken back
  const offerClearing = (group) => {
    const clear = group.querySelector(".clear");
    if (!clear) return;
    clear.hidden = !isAnswered(group);
    clear.addEventListener("click", () => {
      for (const radio of group.querySelectorAll("input")) radio.checked = false;
      clear.hidden = true;
      keep();
      group.querySelector("input").focus();
    });
  };
  groups.forEach(offerClearing);
})();

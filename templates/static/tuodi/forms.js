// Forms: what is typed is kept in this tab until it is sent; Enter moves on; a form is sent once; checks while typing.
(() => {
  const user = document.body.dataset.user;
  const keyOf = (form) => `draft:${user}:${location.pathname}:${form.dataset.draft}`;
  const kept = (field) =>
    field.name && !["hidden", "password", "file", "submit", "button"].includes(field.type);

  const keep = (form) => {
    const values = [...form.elements]
      .filter(kept)
      .map((field) => [field.name, field.type === "checkbox" || field.type === "radio" ? field.value : null,
        field.type === "checkbox" || field.type === "radio" ? field.checked : field.value]);
    sessionStorage.setItem(keyOf(form), JSON.stringify(values));
  };

  const restore = (form) => {
    const text = sessionStorage.getItem(keyOf(form));
    if (!text || form.querySelector(".wrong")) return;
    let changed = false;
    for (const [name, choice, value] of JSON.parse(text)) {
      for (const field of form.elements) {
        if (field.name !== name || !kept(field)) continue;
        if (choice !== null && field.value === choice && field.checked !== value) {
          field.checked = value;
          changed = true;
        } else if (choice === null && field.value !== value) {
          field.value = value;
          changed = true;
        }
      }
    }
    if (changed) form.querySelector(".draft-note")?.removeAttribute("hidden");
  };

  // A draft goes when the server has answered with a page for the user; the login page (session ended) keeps it.
  const sent = () => JSON.parse(sessionStorage.getItem("sent") ?? "[]");
  if (user) sent().forEach((key) => sessionStorage.removeItem(key));
  sessionStorage.removeItem("sent");

  const begin = (scope) => {
    for (const form of scope.querySelectorAll("form[data-draft]")) {
      restore(form);
      form.addEventListener("input", () => keep(form));
    }
  };
  begin(document);
  document.addEventListener("htmx:load", (event) => {
    if (event.target !== document.body) begin(event.target);
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    if (form.dataset.confirm && !form.dataset.confirmed) {
      event.preventDefault();
      ask(form, event.submitter);
      return;
    }
    if (form.dataset.draft) {
      keep(form);
      sessionStorage.setItem("sent", JSON.stringify([...sent(), keyOf(form)]));
    }
    if (form.hasAttribute("data-leaves")) sessionStorage.clear();
    form.dataset.sent = "1";
    setTimeout(() => delete form.dataset.sent, 3000);
  });
  addEventListener("pageshow", () => {
    for (const form of document.forms) delete form.dataset.sent;
  });

  // <form data-confirm="…"> asks in the house's dialog.
  const ask = (form, submitter) => {
    const dialog = document.getElementById("ask");
    dialog.querySelector("[data-ask-text]").textContent = form.dataset.confirm;
    dialog.returnValue = "";
    dialog.showModal();
    dialog.addEventListener("close", () => {
      if (dialog.returnValue !== "yes") return;
      form.dataset.confirmed = "1";
      form.requestSubmit(submitter ?? undefined);
      delete form.dataset.confirmed;
    }, { once: true });
  };

  // Enter goes to the next field; it sends only from the last one (and from buttons, text areas keep their lines).
  document.addEventListener("keydown", (event) => {
    const field = event.target;
    if (event.key !== "Enter" || event.isComposing || !field.matches?.("form.form input, form.form select")) return;
    const fields = [...field.form.elements].filter(
      (one) => one.matches("input:not([type=hidden]), select, textarea") && !one.disabled);
    const next = fields[fields.indexOf(field) + 1];
    if (next) {
      event.preventDefault();
      next.focus();
    }
  });

  // Amounts and identity numbers are checked while typing; the server has the last word.
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  const good = {
    amount: (text) => /^\d{1,12}(\.\d{0,2})?$/.test(text.replaceAll(",", "")),
    "id-number": (text) => {
      if (!/^\d{0,17}[\dXx]?$/.test(text)) return false;
      if (text.length < 18) return null;
      const sum = weights.reduce((all, weight, at) => all + weight * Number(text[at]), 0);
      return "10X98765432"[sum % 11] === text[17].toUpperCase();
    },
  };
  document.addEventListener("input", (event) => {
    const check = good[event.target.dataset?.check];
    if (!check) return;
    const text = event.target.value.trim();
    const state = text === "" ? null : check(text);
    event.target.classList.toggle("is-invalid", state === false);
    event.target.classList.toggle("is-valid", state === true);
  });
})();

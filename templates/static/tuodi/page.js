// Navigation that folds, menus, dialogs, toasts, rows that open, bulk selection, chosen columns.
(() => {
  const root = document.documentElement;
  const on = (type, selector, act) =>
    document.addEventListener(type, (event) => {
      const found = event.target.closest?.(selector);
      if (found) act(found, event);
    });

  const fold = document.querySelector("[data-fold]");
  if (fold) {
    const say = () => fold.setAttribute("aria-expanded", String(!root.classList.contains("folded")));
    say();
    fold.addEventListener("click", () => {
      localStorage.setItem("folded", root.classList.toggle("folded") ? "1" : "0");
      say();
    });
  }

  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && document.querySelector("details[data-menu][open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  on("click", "[data-opens]", (button) => {
    button.closest("details[data-menu]")?.removeAttribute("open");
    document.getElementById(button.dataset.opens)?.showModal();
  });
  on("click", "[data-dismiss]", (button) => {
    const dialog = button.closest("dialog");
    if (dialog) dialog.close();
    else button.closest(".toast-line")?.remove();
  });
  // A form that was wrong stands open again, with what was typed.
  document.querySelector("dialog[data-wrong]")?.showModal();
  on("click", "[data-download]", (link) => link.closest("details[data-menu]")?.removeAttribute("open"));

  const pass = (line) => {
    let timer = setTimeout(() => line.remove(), 8000);
    line.addEventListener("pointerenter", () => clearTimeout(timer));
    line.addEventListener("pointerleave", () => { timer = setTimeout(() => line.remove(), 3000); });
  };
  document.querySelectorAll("[data-passes]").forEach(pass);

  const say = (text, tone) => {
    const line = document.createElement("div");
    line.className = `toast-line toast-${tone}`;
    line.textContent = text;
    document.getElementById("toasts")?.append(line);
    pass(line);
  };
  document.addEventListener("htmx:responseError", () => say(document.body.dataset.failed, "error"));
  document.addEventListener("htmx:sendError", () => say(document.body.dataset.offline, "error"));

  on("click", "tr[data-url]", (row, event) => {
    if (event.target.closest("a, button, input, label, summary") || getSelection().toString()) return;
    const link = row.querySelector("[data-open]");
    if (event.ctrlKey || event.metaKey) window.open(row.dataset.url, "_blank", "noopener");
    else if (link) link.click();
    else location.assign(row.dataset.url);
  });

  const count = (list) => {
    const bar = list.querySelector("[data-bulk]");
    if (!bar) return;
    const picked = list.querySelectorAll("[data-pick]:checked");
    bar.hidden = picked.length === 0;
    bar.querySelector("[data-selected]").textContent = picked.length;
  };
  on("change", "[data-pick]", (box) => {
    box.closest("tr").classList.toggle("picked", box.checked);
    count(box.closest("[data-list]"));
  });
  on("change", "[data-pick-all]", (all) => {
    const list = all.closest("[data-list]");
    for (const box of list.querySelectorAll("[data-pick]")) {
      box.checked = all.checked;
      box.closest("tr").classList.toggle("picked", box.checked);
    }
    count(list);
  });
  on("submit", "[data-bulk-form]", (form) => {
    form.querySelectorAll("[name=ids]").forEach((old) => old.remove());
    for (const box of form.closest("[data-list]").querySelectorAll("[data-pick]:checked")) {
      const input = document.createElement("input");
      Object.assign(input, { type: "hidden", name: "ids", value: box.value });
      form.append(input);
    }
  });

  on("change", "[data-column]", (box) => {
    box.closest(".menu-body").querySelectorAll("[data-column]").forEach((one) => { one.name = "cols"; });
    htmx.trigger(box.form, "submit");
  });

  on("click", "[data-tab]", (tab) => {
    for (const one of tab.parentElement.querySelectorAll("[data-tab]")) one.removeAttribute("aria-current");
    tab.setAttribute("aria-current", "true");
  });
  on("click", "[data-print]", () => print());

  // What scrolls can be reached by keyboard, and only while it scrolls.
  const reach = () => {
    for (const box of document.querySelectorAll(".scroll")) {
      if (box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  };
  addEventListener("load", reach);
  addEventListener("resize", reach);
  document.addEventListener("htmx:afterSettle", reach);
})();

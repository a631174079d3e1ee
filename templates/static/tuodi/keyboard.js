// Keys: / search, g + letter a room, j k rows, x selects, Enter opens, ? help. Never while something is being typed.
(() => {
  let leader = 0;
  let here = null;

  const typing = (target) => target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]");
  const rows = () => [...document.querySelectorAll("[data-row]")].filter((row) => row.offsetParent);

  const step = (by) => {
    const all = rows();
    if (!all.length) return;
    const at = all.indexOf(here);
    const next = all[Math.max(0, Math.min(all.length - 1, at === -1 ? (by > 0 ? 0 : all.length - 1) : at + by))];
    here?.classList.remove("here");
    here = next;
    here.classList.add("here");
    here.scrollIntoView({ block: "nearest" });
    (here.querySelector("[data-open]") ?? here.querySelector("a, button, input"))?.focus({ preventScroll: true });
  };

  const acts = {
    "/": () => document.getElementById("search")?.focus(),
    "?": () => document.getElementById("keys-help")?.showModal(),
    j: () => step(1),
    k: () => step(-1),
    x: () => here?.isConnected && here.querySelector("[data-pick]")?.click(),
    g: () => { leader = Date.now(); },
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (typing(event.target)) {
      if (event.key === "Escape" && event.target.id === "search") event.target.blur();
      return;
    }
    if (document.querySelector("dialog[open]")) return;
    if (Date.now() - leader < 1500) {
      leader = 0;
      const room = document.querySelector(`#nav [data-key="${CSS.escape(event.key)}"]`);
      if (room) {
        event.preventDefault();
        room.click();
        return;
      }
    }
    if (event.key === "Enter" && here?.isConnected && !event.target.closest("a, button, summary")) {
      here.querySelector("[data-open]")?.click();
      return;
    }
    // An answer to the row where one is: its button carries the figure.
    const digit = /^[0-9]$/.test(event.key) && here?.isConnected && here.querySelector(`[data-digit="${event.key}"]`);
    if (digit) {
      event.preventDefault();
      digit.click();
      if (event.key !== "0") step(1);
      return;
    }
    const act = acts[event.key];
    if (act) {
      event.preventDefault();
      act();
    }
  });
})();

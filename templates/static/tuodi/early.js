// Before the first paint: the system's colour scheme and the folded navigation, so that nothing flickers.
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const paint = () => { root.dataset.bsTheme = dark.matches ? "dark" : "light"; };
  paint();
  dark.addEventListener("change", paint);
  root.classList.toggle("folded", localStorage.getItem("folded") === "1");
})();

// Runs before the first paint, so that a dark screen never flashes white. A file, because the policy forbids inline scripts.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("waremind-theme");
  } catch {
    // Storage is refused inside some embedded frames; the system's preference is used then.
  }
  const prefersDark = matchMedia("(prefers-color-scheme: dark)").matches;
  const isDark = chosen === "dark" || (chosen !== "light" && prefersDark);
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
})();

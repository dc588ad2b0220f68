// Before the first paint: a theme that was chosen in this browser; without one the system's holds.
try {
  const theme = localStorage.getItem("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // storage is refused (private window): the system's theme holds
}

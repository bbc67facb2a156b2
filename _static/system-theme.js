// On a first visit follow the reader's system.
// The page itself says "light", since without scripts the theme has no colours for "auto".
if (!localStorage.getItem("mode")) {
  const dark = window.matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.mode = "auto";
  document.documentElement.dataset.theme = dark ? "dark" : "light";
}

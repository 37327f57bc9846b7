// SPDX-License-Identifier: BSD-3-Clause
// Dark, light, or as the system has it. Runs before the page is drawn, so that nothing flashes.
"use strict";
(() => {
  const kThemes = ["system", "dark", "light"];
  let theme = "system";
  try {
    theme = localStorage.getItem("theme") ?? theme;
  } catch { /* no storage: as the system has it */ }
  const apply = () => {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  };
  if (!kThemes.includes(theme)) theme = "system";
  apply();
  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    const label = () => { button.textContent = `Theme: ${theme}`; };
    label();
    button.addEventListener("click", () => {
      theme = kThemes[(kThemes.indexOf(theme) + 1) % kThemes.length];
      apply();
      label();
      try {
        localStorage.setItem("theme", theme);
      } catch { /* it lasts as long as the page */ }
    });
  });
})();

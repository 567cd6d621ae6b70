// Runs in the head, before the first paint: light, dark, or as the system says. The choice is kept in this browser only.
(() => {
  "use strict";
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const order = ["auto", "light", "dark"];

  const chosen = () => {
    try {
      return localStorage.getItem("theme") || "auto";
    } catch {
      return "auto"; // storage can be forbidden; the page still works
    }
  };

  const apply = () => {
    const choice = chosen();
    root.dataset.bsTheme = choice === "auto" ? (system.matches ? "dark" : "light") : choice;
    root.classList.remove("no-script");
    document.querySelectorAll("[data-theme-button]").forEach((button) => {
      button.textContent = `Theme: ${choice}`;
      button.hidden = false;
    });
    document.dispatchEvent(new CustomEvent("themechange"));
  };

  apply();
  system.addEventListener("change", apply);
  addEventListener("storage", apply);
  document.addEventListener("DOMContentLoaded", apply);
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-theme-button]")) {
      const next = order[(order.indexOf(chosen()) + 1) % order.length];
      try {
        localStorage.setItem("theme", next);
      } catch {
        return;
      }
      apply();
    }
    const menu = event.target.closest("[data-menu-button]");
    if (menu) {
      const open = document.getElementById("places").classList.toggle("open");
      menu.setAttribute("aria-expanded", String(open));
    }
  });
})();

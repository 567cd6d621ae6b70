// Shows the passkey forms where the browser has passkeys, and says in words when one did not work.
(() => {
  "use strict";
  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-passkey]").forEach((form) => {
      form.hidden = !window.PublicKeyCredential;
    });
  });
  document.addEventListener("allauth.error", (event) => {
    event.preventDefault();
    const known = {
      NotAllowedError: "It was cancelled, took too long, or there is no passkey for this site here.",
      InvalidStateError: "This device already has a passkey for your account.",
      SecurityError: "Passkeys need the site's own name and https.",
    };
    const why = known[event.detail.exception.name] || "The browser or the site did not answer.";
    let notice = document.getElementById("passkey-error");
    if (!notice) {
      notice = document.createElement("div");
      notice.id = "passkey-error";
      notice.className = "notice error";
      notice.setAttribute("role", "alert");
      document.querySelector("#content h1").after(notice);
    }
    const what = document.createElement("strong");
    what.textContent = "The passkey was not used.";
    const line = document.createElement("p");
    line.append(what, ` ${why} Try again, or use another way.`);
    notice.replaceChildren(line);
  });
})();

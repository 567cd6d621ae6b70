// Shows how far an upload is. Without it the form still works; the browser just says nothing meanwhile.
(() => {
  "use strict";
  const mib = (bytes) => `${(bytes / 1048576).toFixed(0)} MiB`;

  const send = (form) => {
    const line = form.querySelector(".upload-progress");
    const bar = line.querySelector("progress");
    const words = line.querySelector("span");
    const button = form.querySelector("[type=submit]");
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) {
        bar.value = (100 * event.loaded) / event.total;
        words.textContent = event.loaded < event.total ? `${mib(event.loaded)} of ${mib(event.total)} sent` : "sent; being stored";
      }
    });
    request.addEventListener("load", () => {
      if (request.status === 201) {
        location.assign(request.getResponseHeader("Location"));
        return;
      }
      const page = new DOMParser().parseFromString(request.responseText, "text/html");
      document.getElementById("content").replaceWith(page.getElementById("content") || page.body);
      scrollTo(0, 0);
    });
    request.addEventListener("error", () => {
      button.disabled = false;
      words.textContent = "The connection broke and nothing was kept. Hand it in again.";
    });
    line.hidden = false;
    button.disabled = true;
    request.open("POST", form.action || location.href);
    request.setRequestHeader("X-Requested-With", "XMLHttpRequest");
    request.send(new FormData(form));
  };

  document.addEventListener("submit", (event) => {
    if (event.target.matches("form[data-upload]")) {
      event.preventDefault();
      send(event.target);
    }
  });
})();

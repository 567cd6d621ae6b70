// Sends archives in pieces that go on where they stopped, also after a reload, then the form with their numbers.
// Without this script the form still works; the browser then sends everything at once.
(() => {
  "use strict";
  const PIECE = 32 * 1048576;
  const mib = (bytes) => `${(bytes / 1048576).toFixed(0)} MiB`;
  const left = (seconds) => (seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`);

  const show = (form) => {
    const line = form.querySelector(".upload-progress");
    const [bar, words, pause] = ["progress", "span", "button"].map((name) => line.querySelector(name));
    const button = form.querySelector("[type=submit]");
    line.hidden = false;
    return {
      pause,
      say(text, share) {
        words.textContent = text;
        if (share !== undefined) bar.value = 100 * share;
      },
      busy(is) {
        button.disabled = is;
      },
    };
  };

  const replace = (html) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    document.getElementById("content").replaceWith(page.getElementById("content") || page.body);
    scrollTo(0, 0);
  };

  // What is sent in pieces first, each into a field that then holds its number.
  const FILES = { archive: "upload", weights: "weights_upload" };

  const withoutFiles = (form) => {
    const filled = new FormData(form);
    Object.keys(FILES).forEach((name) => filled.delete(name));
    return filled;
  };

  const handIn = async (form, shown) => {
    shown.say("sent; being handed in", 1);
    const filled = withoutFiles(form);
    try {
      const answer = await fetch(form.action || location.href, {
        method: "POST",
        body: filled,
        headers: { "X-Requested-With": "XMLHttpRequest" },
      });
      if (answer.status === 201) location.assign(answer.headers.get("Location"));
      else replace(await answer.text());
    } catch {
      shown.say("The connection broke. What was sent is kept: hand in again.");
      shown.busy(false);
    }
  };

  // What an archive begins with: gzip, zstd, or a tar's first header.
  const isArchive = async (file) => {
    const first = new Uint8Array(await file.slice(0, 512).arrayBuffer());
    const begins = (...bytes) => bytes.every((byte, place) => first[place] === byte);
    return begins(0x1f, 0x8b) || begins(0x28, 0xb5, 0x2f, 0xfd) || String.fromCharCode(...first.slice(257, 262)) === "ustar";
  };

  // The page that says what is wrong with the other fields; nothing if nothing is.
  const refused = async (form) => {
    const answer = await fetch(form.dataset.look, { method: "POST", body: withoutFiles(form) });
    return answer.status === 204 ? "" : answer.text();
  };

  const look = async (form, chosen) => {
    const shown = show(form);
    shown.busy(true);
    try {
      const page = await refused(form);
      if (page) {
        replace(page);
        return;
      }
      for (const { file } of chosen) {
        if (await isArchive(file)) continue;
        shown.say(`${file.name} is no archive: it is neither a tar nor one packed with gzip or zstd. Nothing was sent. Write an image with docker save, weights with tar.`);
        shown.busy(false);
        return;
      }
      sendAll(form, chosen, shown);
    } catch {
      shown.say("The connection is broken. Nothing was sent; hand in again.");
      shown.busy(false);
    }
  };

  const sendAll = (form, [first, ...others], shown) => {
    if (!first) {
      handIn(form, shown);
      return;
    }
    send(form, first.file, shown, (number) => {
      form.elements[first.into].value = number;
      sendAll(form, others, shown);
    });
  };

  const send = (form, file, shown, done) => {
    const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
    let began, from;
    const upload = new tus.Upload(file, {
      endpoint: form.dataset.upload,
      chunkSize: PIECE,
      headers: { "X-CSRFToken": token },
      metadata: { filename: file.name },
      retryDelays: [0, 1000, 3000, 5000, 10000, 20000, 30000, 60000],
      removeFingerprintOnSuccess: true,
      onShouldRetry(error, attempt) {
        const status = error.originalResponse ? error.originalResponse.getStatus() : 0;
        if (status && status < 500 && status !== 409 && status !== 423) return false;
        shown.say(`The connection broke; trying again (${attempt + 1}). Nothing that arrived is lost.`);
        return true;
      },
      onProgress(sent, total) {
        if (began === undefined) [began, from] = [performance.now(), sent];
        const speed = (sent - from) / (performance.now() - began + 1);
        const rest = speed > 0 && sent < total ? `, ${left((total - sent) / speed / 1000)} left` : "";
        shown.say(`${file.name}: ${mib(sent)} of ${mib(total)} sent${rest}`, sent / total);
      },
      onSuccess() {
        shown.pause.hidden = true;
        done(upload.url.split("/").pop());
      },
      onError(error) {
        const answer = error.originalResponse;
        shown.say(answer ? answer.getBody() : "The connection is broken. Hand in again with the same file: it goes on where it stopped.");
        shown.pause.hidden = true;
        shown.busy(false);
      },
    });
    const start = () => {
      began = undefined;
      shown.pause.textContent = "Pause";
      upload.start();
    };
    shown.pause.hidden = false;
    shown.pause.onclick = () => {
      if (shown.pause.textContent === "Pause") {
        upload.abort();
        shown.pause.textContent = "Go on";
        shown.say("Paused. You may also close the page and choose the same file later.");
      } else {
        start();
      }
    };
    shown.busy(true);
    upload.findPreviousUploads().then((before) => {
      if (before.length) upload.resumeFromPreviousUpload(before[0]);
      start();
    });
  };

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("form[data-upload]") || !window.tus || !tus.isSupported) return;
    event.preventDefault();
    const chosen = [];
    for (const [name, into] of Object.entries(FILES)) {
      const file = form.elements[name] && form.elements[name].files[0];
      if (!file) continue;
      form.elements[into].value = "";
      chosen.push({ file, into });
    }
    // Without an image there is nothing to send: the page says so.
    const image = form.elements.upload.value || chosen.some(({ into }) => into === "upload");
    if (chosen.length && image) {
      look(form, chosen);
    } else {
      const shown = show(form);
      shown.busy(true);
      handIn(form, shown);
    }
  });
})();

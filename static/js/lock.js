// Counts down to the lock and leaves for the locked page then. Other tabs of this browser are told
// when an act moved the lock on, and when the reader locked.
const button = document.querySelector("[data-lock-seconds]");

if (button) {
  const tabs = "BroadcastChannel" in window ? new BroadcastChannel("mailhelper-lock") : null;
  let locksAt = Date.now() + Number(button.dataset.lockSeconds) * 1000;

  const leave = () => window.location.replace(button.dataset.lockUrl);

  const show = () => {
    const left = locksAt - Date.now();
    if (left <= 0) {
      leave();
      return;
    }
    const minutes = String(Math.ceil(left / 60000));
    for (const place of button.querySelectorAll("[data-minutes]")) {
      if (place.textContent !== minutes) place.textContent = minutes;
    }
  };

  if (tabs) {
    tabs.postMessage({ locksAt });
    tabs.addEventListener("message", ({ data }) => {
      if (data.locked) leave();
      else if (data.locksAt > locksAt) locksAt = data.locksAt;
    });
  }

  button.form.addEventListener("submit", () => tabs?.postMessage({ locked: true }));
  document.addEventListener("visibilitychange", () => document.hidden || show());
  window.addEventListener("pageshow", (event) => event.persisted && window.location.reload());
  setInterval(show, 5000);
}

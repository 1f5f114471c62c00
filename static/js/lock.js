// Counts down to the lock and leaves for the locked page then. Other tabs of this browser are told
// when an act moved the lock on; the locked page tells them that the vault is shut.
//
// Who leaves too early finds the vault open, and to be sent back counts as an act: nothing would ever
// lock. So a page leaves a little after the moment that the server named in whole seconds.
const MARGIN = 2000;

const button = document.querySelector("[data-lock-seconds]");

if (button) {
  const tabs = "BroadcastChannel" in window ? new BroadcastChannel("mailhelper-lock") : null;
  let locksAt = Date.now() + Number(button.dataset.lockSeconds) * 1000;

  const leave = () => {
    const here = encodeURIComponent(window.location.pathname + window.location.search);
    window.location.replace(`${button.dataset.lockUrl}?next=${here}`);
  };

  const show = () => {
    const left = locksAt - Date.now();
    if (left <= -MARGIN) {
      leave();
      return;
    }
    const minutes = String(Math.max(0, Math.ceil(left / 60000)));
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

  document.addEventListener("visibilitychange", () => document.hidden || show());
  window.addEventListener("pageshow", (event) => event.persisted && window.location.reload());
  setInterval(show, 5000);
}

// The vault is shut: pages that stand open in other tabs leave. Told from here and not by the button that
// locks, whose request has not arrived yet. And where another tab opens it again, this one follows.
if ("BroadcastChannel" in window) {
  const tabs = new BroadcastChannel("mailhelper-lock");
  tabs.postMessage({ locked: true });
  tabs.addEventListener("message", ({ data }) => {
    if (data.locked) return;
    const next = document.querySelector("input[name=next]")?.value ?? "";
    window.location.replace(`${window.location.pathname}?next=${encodeURIComponent(next)}`);
  });
}

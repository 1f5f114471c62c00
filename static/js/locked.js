// The vault is shut: pages that stand open in other tabs leave. Told from here and not by the button that
// locks, whose request has not arrived yet.
if ("BroadcastChannel" in window) new BroadcastChannel("mailhelper-lock").postMessage({ locked: true });

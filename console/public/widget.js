// The customer chat on any shop page:
//   <script src="https://desk.example/widget.js" data-language="zh" data-identity-token="TOKEN" async></script>
// It adds a button and an iframe. Styles are set through the object model only, so the page's policy needs to allow
// nothing but this script and this frame. The identity token is handed to the frame alone, never put into an address.
{
  const topmost = "2147483000";
  const narrowPixels = 480;

  const buttonStyle = {
    position: "fixed",
    right: "20px",
    bottom: "20px",
    zIndex: topmost,
    height: "48px",
    padding: "0 20px",
    border: "0",
    borderRadius: "24px",
    background: "#2a55c8",
    color: "#ffffff",
    font: "600 15px/1 system-ui, -apple-system, 'PingFang SC', 'Microsoft YaHei', sans-serif",
    boxShadow: "0 6px 24px rgba(16, 24, 64, 0.28)",
    cursor: "pointer",
  };
  const frameStyle = { position: "fixed", zIndex: topmost, border: "0", colorScheme: "normal" };
  const wideStyle = {
    inset: "auto 20px 80px auto",
    width: "400px",
    height: "min(640px, calc(100vh - 110px))",
    borderRadius: "16px",
    boxShadow: "0 16px 56px rgba(16, 24, 64, 0.3)",
  };
  const narrowStyle = { inset: "0", width: "100%", height: "100%", borderRadius: "0", boxShadow: "none" };

  // Escaped, because a page without a stated encoding would garble the characters themselves.
  const wordsIn = (isChinese, label) =>
    isChinese
      ? {
          open: label ?? "\u5728\u7ebf\u5ba2\u670d",
          close: "\u5173\u95ed\u5ba2\u670d\u7a97\u53e3",
          title: "\u5ba2\u670d\u5bf9\u8bdd",
        }
      : { open: label ?? "Chat with us", close: "Close the chat", title: "Customer chat" };

  const createFrame = (origin, language, title) => {
    const frame = document.createElement("iframe");
    frame.src = `${origin}/widget?embedded=1&lang=${encodeURIComponent(language)}`;
    frame.title = title;
    Object.assign(frame.style, frameStyle);
    return frame;
  };

  const createButton = (label) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.dataset.waremind = "launcher";
    button.setAttribute("aria-expanded", "false");
    Object.assign(button.style, buttonStyle);
    return button;
  };

  const start = (script) => {
    const origin = new URL(script.src).origin;
    const { identityToken, label } = script.dataset;
    const asked = script.dataset.language || document.documentElement.lang || navigator.language;
    const language = asked.toLowerCase().startsWith("zh") ? "zh" : "en";
    const words = wordsIn(language === "zh", label);
    const button = createButton(words.open);
    let frame = null;
    let isOpen = false;

    const place = () => {
      const isNarrow = window.innerWidth < narrowPixels;
      if (frame !== null) {
        Object.assign(frame.style, isNarrow ? narrowStyle : wideStyle);
        frame.style.display = isOpen ? "block" : "none";
      }
      // On a phone the frame covers the page and has a button of its own to close it.
      button.style.display = isNarrow && isOpen ? "none" : "block";
      button.textContent = isOpen ? words.close : words.open;
      button.setAttribute("aria-expanded", String(isOpen));
    };
    const setOpen = (open) => {
      isOpen = open;
      if (open && frame === null) {
        frame = createFrame(origin, language, words.title);
        document.body.append(frame);
      }
      place();
      if (open) frame.focus();
      else button.focus();
    };
    const hear = (event) => {
      if (frame === null || event.source !== frame.contentWindow || event.origin !== origin) return;
      if (event.data === "waremind-close") setOpen(false);
      if (event.data === "waremind-ready" && identityToken !== undefined) {
        frame.contentWindow.postMessage({ kind: "waremind-identity", token: identityToken }, origin);
      }
    };

    window.addEventListener("message", hear);
    window.addEventListener("resize", place);
    button.addEventListener("click", () => setOpen(!isOpen));
    const mount = () => document.body.append(button);
    if (document.body === null) document.addEventListener("DOMContentLoaded", mount);
    else mount();
  };

  if (document.currentScript instanceof HTMLScriptElement) start(document.currentScript);
}

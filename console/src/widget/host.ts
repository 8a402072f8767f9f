// The page around the widget, when there is one: it may hand over an identity token and takes the wish to be closed.

export const isEmbedded = window.parent !== window;

/** Tells the page that the widget listens, and hears the identity token it may send. Answers a function that stops. */
export function listenForIdentity(onToken: (token: string) => void): () => void {
  if (!isEmbedded) return () => {};
  const take = (event: MessageEvent<unknown>): void => {
    if (event.source !== window.parent) return;
    const token = identityTokenIn(event.data);
    if (token !== null) onToken(token);
  };
  window.addEventListener("message", take);
  // The word carries nothing, so any page may hear it.
  window.parent.postMessage("waremind-ready", "*");
  return () => window.removeEventListener("message", take);
}

export function askToClose(): void {
  if (isEmbedded) window.parent.postMessage("waremind-close", "*");
}

function identityTokenIn(message: unknown): string | null {
  if (typeof message !== "object" || message === null) return null;
  if (!("kind" in message) || message.kind !== "waremind-identity") return null;
  return "token" in message && typeof message.token === "string" ? message.token : null;
}

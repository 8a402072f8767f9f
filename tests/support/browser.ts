import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const candidates = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Where the machine's Chromium is, or undefined: then a journey is skipped by name. */
export const chromiumPath: string | undefined =
  process.env["CHROMIUM_PATH"] ?? candidates.find((path) => existsSync(path));

export function launchBrowser(): Promise<Browser> {
  if (chromiumPath === undefined)
    throw new Error("No Chromium found; install Debian's package chromium or set CHROMIUM_PATH.");
  return chromium.launch({
    executablePath: chromiumPath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

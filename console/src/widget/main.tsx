import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { startI18n } from "../i18n/i18n.ts";
import { Widget } from "./widget.tsx";
import "../styles.css";

async function start(): Promise<void> {
  const root = document.getElementById("root");
  if (root === null) throw new Error("widget.html has no element with the id root.");
  await startI18n();
  createRoot(root).render(
    <StrictMode>
      <Widget />
    </StrictMode>,
  );
}

await start();

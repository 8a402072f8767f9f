import { fileURLToPath } from "node:url";
import tailwind from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const fileAt = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

// Two pages from one build: the staff console and the widget that a shop embeds. Nothing is inlined as a data: URL,
// because the content security policy allows only what this origin serves.
export default defineConfig({
  root: fileAt("."),
  plugins: [react(), tailwind()],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    target: "es2022",
    rolldownOptions: { input: { console: fileAt("index.html"), widget: fileAt("widget.html") } },
  },
});

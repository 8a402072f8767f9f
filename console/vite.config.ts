import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import tailwind from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const fileAt = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The coastlines of the map as a file with a name of its own, so that a shop can put its own basemap in its place. */
const basemap: Plugin = {
  name: "basemap",
  generateBundle() {
    const source = readFileSync(fileURLToPath(import.meta.resolve("world-atlas/land-110m.json")));
    this.emitFile({ type: "asset", fileName: "basemap/land.json", source });
  },
};

// Two pages from one build: the staff console and the widget that a shop embeds. Nothing is inlined as a data: URL,
// because the content security policy allows only what this origin serves.
export default defineConfig({
  root: fileAt("."),
  plugins: [react(), tailwind(), basemap],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    target: "es2022",
    rolldownOptions: { input: { console: fileAt("index.html"), widget: fileAt("widget.html") } },
  },
});

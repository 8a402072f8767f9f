import { extendTailwindMerge } from "tailwind-merge";

/** Joins class names; of two that set the same thing the later wins. It knows this product's own text sizes. */
const merge = extendTailwindMerge({
  extend: { theme: { text: ["micro", "small", "base", "title", "page", "figure"] } },
});

export function classes(...names: readonly (string | false | null | undefined)[]): string {
  return merge(names.filter((name) => typeof name === "string"));
}

/** A key in backticks becomes an identifier of the same length, so that every position stays what the author sees. */
export function quoteKeys(text: string): {
  readonly source: string;
  /** Key by identifier. */
  readonly names: ReadonlyMap<string, string>;
} {
  const names = new Map<string, string>();
  const known = new Map<string, string>();
  const source = text.replaceAll(tokens, (token) => {
    if (!token.startsWith("`")) return token;
    const key = token.slice(1, -1);
    const name = known.get(token) ?? identifierOf(known.size, token.length);
    known.set(token, name);
    names.set(name, key);
    return name;
  });
  return { source, names };
}

/** Texts and comments are passed over, since a backtick in them is only a character. */
const tokens =
  /\/\/[^\n]*|[rR]"""[\s\S]*?"""|[rR]'''[\s\S]*?'''|"""(?:\\[\s\S]|[\s\S])*?"""|'''(?:\\[\s\S]|[\s\S])*?'''|[rR]"[^"\n]*"|[rR]'[^'\n]*'|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`[^`\n]+`/gu;

/** Two digits of base 36 number more keys than fit into an expression; the shortest key makes three characters. */
function identifierOf(count: number, length: number): string {
  return `_${count.toString(36).padStart(2, "0")}`.padEnd(length, "_");
}

// Where a JSON text breaks its grammar, or where a part of it stands. Runs only after something was refused:
// the parser of the engine is fast and says what is wrong, but not always where.

export type JsonPath = readonly (string | number)[];

/** Nesting that is followed before giving up; deeper text is reported at the point where it became too deep. */
const scanDepthMax = 64;

/** The offset (UTF-16 units) of the first character at which `text` is not JSON; its length when it ends too early. */
export function offsetOfSyntaxFault(text: string): number {
  const scan = createScan(text, null);
  scan.run();
  return scan.stoppedAt();
}

/** The offset (UTF-16 units) at which the value under `path` begins; 0 when there is none. */
export function offsetOfPath(text: string, path: JsonPath): number {
  const scan = createScan(text, path);
  scan.run();
  return scan.foundAt();
}

function createScan(text: string, wanted: JsonPath | null) {
  let at = 0;
  let found = 0;

  /** Each reader moves `at` past what it read and answers true, or leaves `at` on the offending character. */
  function value(depth: number, path: JsonPath | null): boolean {
    skipSpace();
    if (path !== null && path.length === 0) found = at;
    if (depth > scanDepthMax) return false;
    const first = text[at];
    if (first === "{") return object(depth, path);
    if (first === "[") return array(depth, path);
    if (first === '"') return string();
    return word();
  }

  function object(depth: number, path: JsonPath | null): boolean {
    at += 1;
    skipSpace();
    if (take("}")) return true;
    while (member(depth, path)) {
      if (take("}")) return true;
      if (!take(",")) return false;
    }
    return false;
  }

  function member(depth: number, path: JsonPath | null): boolean {
    skipSpace();
    const keyAt = at;
    if (text[at] !== '"' || !string()) return false;
    const key = JSON.parse(text.slice(keyAt, at)) as string;
    skipSpace();
    if (!take(":") || !value(depth + 1, below(path, key))) return false;
    skipSpace();
    return true;
  }

  function array(depth: number, path: JsonPath | null): boolean {
    at += 1;
    skipSpace();
    if (take("]")) return true;
    for (let index = 0; value(depth + 1, below(path, index)); index += 1) {
      skipSpace();
      if (take("]")) return true;
      if (!take(",")) return false;
    }
    return false;
  }

  function string(): boolean {
    for (at += 1; at < text.length; at += 1) {
      const unit = text.charCodeAt(at);
      if (unit === 0x22) {
        at += 1;
        return true;
      }
      if (unit < 0x20) return false;
      if (unit === 0x5c && !escaped()) return false;
    }
    return false;
  }

  /** Leaves `at` on the last character of the escape. */
  function escaped(): boolean {
    at += 1;
    const letter = text[at];
    if (letter !== "u") return letter !== undefined && '"\\/bfnrt'.includes(letter);
    for (let digit = 0; digit < 4; digit += 1) {
      at += 1;
      if (!/^[0-9a-fA-F]$/.test(text[at] ?? "")) return false;
    }
    return true;
  }

  function word(): boolean {
    const match = wordPattern(at).exec(text);
    if (match === null) return false;
    at += match[0].length;
    return true;
  }

  function take(character: string): boolean {
    if (text[at] !== character) return false;
    at += 1;
    return true;
  }

  function skipSpace(): void {
    while (at < text.length && " \t\n\r".includes(text.charAt(at))) at += 1;
  }

  return {
    run: () => {
      if (value(0, wanted)) skipSpace();
    },
    stoppedAt: () => at,
    foundAt: () => found,
  };
}

function wordPattern(from: number): RegExp {
  const pattern = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
  pattern.lastIndex = from;
  return pattern;
}

function below(path: JsonPath | null, step: string | number): JsonPath | null {
  return path !== null && path.length > 0 && path[0] === step ? path.slice(1) : null;
}

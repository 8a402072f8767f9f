/** Of a path that is told: enough for any honest request. */
const keysShownMax = 10;

interface Place {
  readonly value: unknown;
  readonly key: string;
  readonly around: Place | null;
}

/**
 * Where in a request a NUL stands that no store can keep as it is: the first keys that lead to it; null when nowhere. Walks
 * without recursion and without a path for each value, for how deep a body is nested is up to who sends it.
 */
export function findNul(value: unknown): readonly string[] | null {
  const left: Place[] = [{ value, key: "", around: null }];
  for (let place = left.pop(); place !== undefined; place = left.pop()) {
    const { value: inner, key } = place;
    if (key.includes("\0") || (typeof inner === "string" && inner.includes("\0"))) return pathTo(place);
    if (typeof inner !== "object" || inner === null) continue;
    for (const [name, item] of Object.entries(inner)) left.push({ value: item, key: name, around: place });
  }
  return null;
}

function pathTo(place: Place): readonly string[] {
  const path: string[] = [];
  for (let at = place; at.around !== null; at = at.around) path.push(at.key);
  return path.reverse().slice(0, keysShownMax);
}

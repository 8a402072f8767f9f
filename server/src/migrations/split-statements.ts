/** One statement at a time: the extended protocol takes no more. No statement here holds a semicolon of its own. */
export function splitStatements(text: string): string[] {
  return text
    .replaceAll(/--[^\n]*/g, "")
    .split(";")
    .map((statement) => statement.trim())
    .filter((statement) => statement !== "");
}

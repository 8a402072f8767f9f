/** The name of the unique constraint or index that a statement broke (SQLSTATE 23505), or null for any other error. */
export function uniqueViolation(error: unknown): string | null {
  if (!(error instanceof Error) || !("code" in error) || error.code !== "23505") return null;
  return "constraint" in error && typeof error.constraint === "string" ? error.constraint : "";
}

import { QueryCache, QueryClient } from "@tanstack/react-query";
import { ProblemError } from "./problem-error.ts";

/** Reads repeated after "no answer"; refusals are never repeated, they would be refused again. */
const readRetriesMax = 2;
const staleAfterMs = 15_000;
/** Even with a live connection, what is on screen is read again this often. */
const refreshEveryMs = 60_000;

export function createQueryClient(): QueryClient {
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({
      onError: (error, query) => {
        // Signed out elsewhere or expired: asking who we are again leads the shell to the sign-in screen.
        const isExpired = error instanceof ProblemError && error.status === 401;
        if (isExpired && query.queryKey[0] !== "me") void client.invalidateQueries({ queryKey: ["me"] });
      },
    }),
    defaultOptions: {
      queries: {
        staleTime: staleAfterMs,
        refetchInterval: refreshEveryMs,
        retry: (count, error) =>
          count < readRetriesMax && !(error instanceof ProblemError && error.status >= 400),
      },
    },
  });
  return client;
}

import { useQuery } from "@tanstack/react-query";
import { queries } from "./queries.ts";

/** What the signed-in person's roles allow, as the server says it; the server decides again on every call. */
export function useMay(): (permission: string) => boolean {
  const permissions = useQuery(queries.me()).data?.permissions;
  return (permission) => permissions?.includes(permission) === true;
}

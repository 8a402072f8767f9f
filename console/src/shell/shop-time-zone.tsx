import { useQuery } from "@tanstack/react-query";
import { type ReactElement, type ReactNode, useContext } from "react";
import { queries } from "../api/queries.ts";
import { TimeZoneContext } from "../format/use-format.ts";

/** Every time on screen is the shop's, wherever the reader sits. */
export function ShopTimeZone({ children }: { readonly children: ReactNode }): ReactElement {
  const browserZone = useContext(TimeZoneContext);
  const shop = useQuery(queries.shop());
  return <TimeZoneContext value={shop.data?.timeZone ?? browserZone}>{children}</TimeZoneContext>;
}

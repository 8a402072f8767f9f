import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "./button.tsx";

export interface LoadMoreProps {
  readonly query: {
    readonly hasNextPage: boolean;
    readonly isFetchingNextPage: boolean;
    readonly fetchNextPage: () => Promise<unknown>;
  };
}

/** The older rows of a list, a page at a time. */
export function LoadMore({ query }: LoadMoreProps): ReactElement | null {
  const { t } = useTranslation();
  if (!query.hasNextPage) return null;
  return (
    <div className="flex justify-center border-line border-t p-2">
      <Button
        size="small"
        look="quiet"
        isBusy={query.isFetchingNextPage}
        onClick={() => void query.fetchNextPage()}
      >
        {t("common.older")}
      </Button>
    </div>
  );
}

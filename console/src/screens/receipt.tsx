import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { Receipt as ReceiptAnswer } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { queries } from "../api/queries.ts";
import { BackLink } from "../ui/back-link.tsx";
import { Card } from "../ui/card.tsx";
import { Icon } from "../ui/icon.tsx";
import { Mono } from "../ui/mono.tsx";
import { Page } from "../ui/page.tsx";
import { ReceiptCard } from "../ui/receipt-card.tsx";
import { Loaded } from "../ui/states.tsx";

const route = getRouteApi("/app/receipts/$receiptId");

export function Receipt(): ReactElement {
  const { t } = useTranslation();
  const { receiptId } = route.useParams();
  const receipt = useQuery(queries.receipt(receiptId));
  return (
    <Page
      tabTitle={t("receipt.title")}
      above={<BackLink to="/approvals">{t("nav.approvals")}</BackLink>}
      title={
        <>
          <Icon name="receipt" className="size-5" />
          {t("receipt.title")}
          <Mono className="text-ink-faint">{receiptId}</Mono>
        </>
      }
      lead={t("receipt.lead")}
    >
      <Card className="max-w-3xl">
        <Loaded query={receipt} skeletonRows={5}>
          {(answer: ReceiptAnswer) => <ReceiptCard receipt={answer} />}
        </Loaded>
      </Card>
    </Page>
  );
}

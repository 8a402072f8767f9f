import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { buttonStyle } from "../ui/button.tsx";
import { EmptyState } from "../ui/states.tsx";

export function NotFound(): ReactElement {
  const { t } = useTranslation();
  return (
    <EmptyState
      className="py-24"
      icon="search"
      title={t("notFound.title")}
      text={t("notFound.text")}
      action={
        <Link to="/" className={buttonStyle({ look: "plain" })}>
          {t("notFound.action")}
        </Link>
      }
    />
  );
}

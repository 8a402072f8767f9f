import { Link } from "@tanstack/react-router";
import type { ShelfCellView } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../../format/use-format.ts";
import { Age } from "../../ui/age.tsx";
import { FactsList } from "../../ui/facts-list.tsx";
import { Icon } from "../../ui/icon.tsx";
import { Modal } from "../../ui/modal.tsx";
import { Mono } from "../../ui/mono.tsx";

interface CellDetailProps {
  readonly cell: ShelfCellView | null;
  readonly onClose: () => void;
}

export function CellDetail({ cell, onClose }: CellDetailProps): ReactElement {
  const { t } = useTranslation();
  return (
    <Modal isOpen={cell !== null} onClose={onClose} title={t("stock.cell", { code: cell?.code ?? "" })}>
      {cell !== null && <CellFacts cell={cell} />}
    </Modal>
  );
}

function CellFacts({ cell }: { readonly cell: ShelfCellView }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const units = (count: number | null): string =>
    count === null ? t("common.unknown") : t("stock.units", { count });
  return (
    <div className="flex flex-col gap-4">
      {cell.isMismatch && (
        <p className="flex items-start gap-2 rounded-control border border-warn-line bg-warn-soft px-3 py-2 text-warn">
          <Icon name="alarm" className="mt-0.5" />
          {t("stock.mismatchText")}
        </p>
      )}
      <FactsList
        rows={[
          [t("stock.product"), cell.title === null ? t("stock.empty") : format.text(cell.title)],
          [t("stock.sku"), cell.sku === null ? null : <Mono key="sku">{cell.sku}</Mono>],
          [
            t("stock.sensed"),
            <span key="sensed">
              <strong className="font-semibold">{units(cell.sensedUnits)}</strong>
              {cell.sensedAt !== null && (
                <span className="ml-2 text-ink-faint">
                  {format.instant(cell.sensedAt, "full")} · <Age at={cell.sensedAt} />
                </span>
              )}
            </span>,
          ],
          [t("stock.booked"), units(cell.bookedUnits)],
          [t("stock.capacity"), units(cell.capacityUnits)],
          [t("stock.weight"), cell.weightGrams === null ? null : format.quantity(cell.weightGrams, "g")],
          [
            t("stock.scale"),
            cell.deviceName === null ? (
              t("common.none")
            ) : (
              <Link
                key="scale"
                to="/devices/$deviceName"
                params={{ deviceName: cell.deviceName }}
                className="text-accent hover:underline"
              >
                <Mono>{cell.deviceName}</Mono>
              </Link>
            ),
          ],
        ]}
      />
    </div>
  );
}

import type { ReactElement, ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "./button.tsx";
import { Modal } from "./modal.tsx";
import { ProblemNotice } from "./states.tsx";

export interface ConfirmProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly onConfirm: () => void;
  readonly title: string;
  /** The word on the button that does it. */
  readonly verb: string;
  readonly isBusy?: boolean;
  readonly error?: unknown;
  /** What is lost, named. */
  readonly children: ReactNode;
}

/** Asks once more before something that cannot be taken back. */
export function Confirm(props: ConfirmProps): ReactElement {
  const { isOpen, onClose, onConfirm, title, verb, isBusy = false, error, children } = props;
  const { t } = useTranslation();
  return (
    <Modal isOpen={isOpen} onClose={onClose} title={title}>
      <div className="flex flex-col gap-4">
        <div className="flex flex-col gap-2 text-pretty">{children}</div>
        {error !== null && error !== undefined && <ProblemNotice error={error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button look="bad" onClick={onConfirm} isBusy={isBusy} data-testid="confirm">
            {verb}
          </Button>
        </div>
      </div>
    </Modal>
  );
}

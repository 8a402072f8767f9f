import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import type { DeviceDetail } from "../../api/answers.ts";
import { deviceQueries } from "../../api/device-queries.ts";
import { useMay } from "../../api/use-may.ts";
import { Card } from "../../ui/card.tsx";
import { LoadMore } from "../../ui/load-more.tsx";
import { EmptyState, Loaded, ProblemNotice, Skeleton } from "../../ui/states.tsx";
import { CommandRow } from "./commands/command-list.tsx";
import { SendCommand } from "./commands/send-command.tsx";

/** What was asked of the device and how far it got, and a form to ask more. */
export function CommandsTab({ detail }: { readonly detail: DeviceDetail }): ReactElement {
  const { t } = useTranslation();
  const may = useMay();
  const { name, profileId, isConnected } = detail.device;
  const commands = useInfiniteQuery(deviceQueries.commands(name));
  const profile = useQuery(deviceQueries.profile(profileId));
  const items = commands.data?.pages.flatMap((page) => page.items) ?? [];
  const canWrite = may("devices.command");
  return (
    <div className={canWrite ? "grid grid-cols-1 items-start gap-4 xl:grid-cols-[minmax(0,1fr)_24rem]" : ""}>
      {canWrite && (
        <Card title={t("command.new")} className="xl:order-2">
          <Loaded query={profile} skeletonRows={5}>
            {({ commands: definitions }) => (
              <SendCommand
                deviceName={name}
                isConnected={isConnected}
                definitions={definitions}
                onSent={() => void commands.refetch()}
              />
            )}
          </Loaded>
        </Card>
      )}
      <Card title={t("device.tab.commands")} isPadded={false} className="xl:order-1">
        {commands.isError && (
          <ProblemNotice error={commands.error} onRetry={() => void commands.refetch()} className="m-4" />
        )}
        {commands.isPending && <Skeleton rows={5} />}
        {commands.isSuccess && items.length === 0 && (
          <EmptyState icon="command" title={t("command.empty")} text={t("command.emptyText")} />
        )}
        <ol aria-label={t("device.tab.commands")}>
          {items.map((command) => (
            <CommandRow key={command.id} command={command} />
          ))}
        </ol>
        <LoadMore query={commands} />
      </Card>
    </div>
  );
}

import { Link } from "@tanstack/react-router";
import type { DeviceView } from "@waremind/contract";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import type { DeviceDetail, DeviceDetailView } from "../../api/answers.ts";
import { useFormat } from "../../format/use-format.ts";
import { useWords } from "../../i18n/words.ts";
import { Age } from "../../ui/age.tsx";
import { Card } from "../../ui/card.tsx";
import { FactsList } from "../../ui/facts-list.tsx";
import { HrefLink } from "../../ui/href-link.tsx";
import { byInterest, useLatestText } from "../../ui/latest-text.ts";
import { Mono } from "../../ui/mono.tsx";
import { EmptyState } from "../../ui/states.tsx";
import { DataTable } from "../../ui/table.tsx";
import { SeriesCurve } from "./series-curve.tsx";

/** What the device says now, and what it is. */
export function OverviewTab({ detail }: { readonly detail: DeviceDetail }): ReactElement {
  return (
    <div className="grid grid-cols-1 gap-4 xl:grid-cols-[minmax(0,1fr)_21rem]">
      <div className="flex min-w-0 flex-col gap-4">
        <SeriesCurve detail={detail} />
        <LatestValues device={detail.device} />
      </div>
      <DeviceFacts device={detail.device} />
    </div>
  );
}

function LatestValues({ device }: { readonly device: DeviceView }): ReactElement {
  const latestText = useLatestText();
  const { t } = useTranslation();
  const words = useWords();
  const format = useFormat();
  return (
    <Card title={t("devices.latest")} isPadded={false}>
      {device.latest.length === 0 ? (
        <EmptyState
          icon="clock"
          title={t("devices.noValues")}
          text={t("devices.noValuesText")}
          className="py-6"
        />
      ) : (
        <DataTable
          label={t("devices.latest")}
          rows={byInterest(device.latest)}
          keyOf={(value) => value.key}
          columns={[
            { key: "key", title: t("devices.series"), cell: (value) => words("seriesKey", value.key) },
            {
              key: "value",
              title: t("curve.value"),
              isNumber: true,
              cell: (value) => <span className="font-medium">{latestText(value)}</span>,
            },
            {
              key: "at",
              title: t("common.time"),
              isNumber: true,
              cell: (value) => (
                <span className="text-ink-soft">
                  <span className="max-sm:hidden">{format.instant(value.observedAt, "full")} · </span>
                  <Age at={value.observedAt} />
                </span>
              ),
            },
          ]}
        />
      )}
    </Card>
  );
}

function DeviceFacts({ device }: { readonly device: DeviceDetailView }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const bound = device.boundTo.map((binding) => (
    <HrefLink
      key={binding.targetId}
      href={binding.kind === "logger-shipment" ? `/shipments/${binding.targetId}` : "/stock"}
      className="block text-accent hover:underline"
    >
      {binding.label}
    </HrefLink>
  ));
  return (
    <Card title={t("devices.about")} className="self-start">
      <FactsList
        rows={[
          [t("devices.name"), <Mono key="name">{device.name}</Mono>],
          [
            t("devices.profile"),
            <Link
              key="profile"
              to="/profiles/$profileId"
              params={{ profileId: device.profileId }}
              className="text-accent hover:underline"
            >
              {format.text(device.profileName)}
            </Link>,
          ],
          [
            t("devices.place"),
            device.isGateway ? (
              t("devices.places.gateway")
            ) : device.gatewayName === null ? null : (
              <Link
                key="gateway"
                to="/devices/$deviceName"
                params={{ deviceName: device.gatewayName }}
                className="text-accent hover:underline"
              >
                {t("devices.through", { gateway: device.gatewayName })}
              </Link>
            ),
          ],
          [t("devices.firmware"), device.firmware],
          [t("devices.connection"), t(device.isConnected ? "devices.connected" : "devices.disconnected")],
          [
            t("devices.lastHeard"),
            device.lastHeardAt === null ? t("devices.never") : <Age key="heard" at={device.lastHeardAt} />,
          ],
          [
            t("devices.interval"),
            device.expectedIntervalSeconds === null
              ? null
              : format.quantity(device.expectedIntervalSeconds, "s"),
          ],
          [t("devices.token"), device.tokenHint === null ? null : <Mono key="hint">{device.tokenHint}</Mono>],
          [t("devices.boundTo"), bound.length === 0 ? t("devices.unbound") : bound],
        ]}
      />
    </Card>
  );
}

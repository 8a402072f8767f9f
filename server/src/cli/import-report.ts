// What an import says while it runs and when it ends.
import type { ImportedDevice, ImportView } from "@waremind/contract";
import { isAccountedFor } from "../connect/thingsboard/index.ts";

const devicesShownMax = 100;
const problemsShownMax = 50;

const grouped = (count: number): string => count.toLocaleString("en-US");

export function progressLine({ counts }: ImportView): string {
  const { devicesMatched, devicesCreated, devicesPresent, devicesDone, pointsRead, pointsQuarantined } =
    counts;
  const entered = devicesCreated + devicesPresent;
  return [
    `devices ${grouped(entered)}/${grouped(devicesMatched)}`,
    `histories ${grouped(devicesDone)}/${grouped(devicesMatched)}`,
    `points ${grouped(pointsRead)}`,
    ...(pointsQuarantined === 0 ? [] : [`held back ${grouped(pointsQuarantined)}`]),
  ].join(" · ");
}

export function importReport(view: ImportView, devices: readonly ImportedDevice[]): readonly string[] {
  return [...deviceLines(devices), ...summaryLines(view), ...problemLines(view), "", verdictOf(view)];
}

function deviceLines(devices: readonly ImportedDevice[]): readonly string[] {
  if (devices.length === 0) return [];
  const remarkable = devices.filter(
    (device) => !device.isDone || device.pointsQuarantined > 0 || !isAccountedFor(device),
  );
  const shown = (devices.length <= devicesShownMax ? devices : remarkable).slice(0, devicesShownMax);
  const width = Math.max(6, ...shown.map((device) => device.name.length));
  const line = (name: string, cells: readonly string[]) =>
    `${name.padEnd(width)} ${cells.map((cell) => cell.padStart(12)).join("")}`;
  return [
    line("device", ["read", "stored", "present", "held back", "attributes"]),
    ...shown.map((device) =>
      line(device.name, [
        ...[device.pointsRead, device.pointsStored, device.pointsPresent].map(grouped),
        ...[device.pointsQuarantined, device.attributesTaken].map(grouped),
      ]),
    ),
    ...(shown.length < devices.length
      ? [`(${grouped(devices.length - shown.length)} more devices, all whole)`]
      : []),
    "",
  ];
}

function summaryLines(view: ImportView): readonly string[] {
  const { counts, isDryRun, sourceChecksum, storeChecksum, heldChecksum } = view;
  const would = isDryRun ? "would be new" : "new";
  return [
    `profiles    ${grouped(counts.profilesCreated)} ${would}, ${grouped(counts.profilesPresent)} here already`,
    `devices     ${grouped(counts.devicesFound)} there, ${grouped(counts.devicesMatched)} asked for: ${grouped(counts.devicesCreated)} ${would}, ${grouped(counts.devicesPresent)} here already, ${grouped(counts.devicesRefused)} refused`,
    ...(isDryRun
      ? []
      : [
          `credentials ${grouped(counts.credentialsTaken)} taken over`,
          `attributes  ${grouped(counts.attributesTaken)}`,
          `points      ${grouped(counts.pointsRead)} read: ${grouped(counts.pointsStored)} stored, ${grouped(counts.pointsPresent)} here already, ${grouped(counts.pointsQuarantined)} held back in quarantine`,
          `checksum    ${sourceChecksum} of what was read, ${storeChecksum} of what stands here, ${heldChecksum} of what is held back`,
        ]),
  ];
}

function problemLines({ problems, problemCount }: ImportView): readonly string[] {
  if (problemCount === 0) return [];
  const shown = problems.slice(0, problemsShownMax);
  const rest = problemCount - shown.length;
  return [
    "",
    `To look at (${grouped(problemCount)}):`,
    ...shown.map(({ en }) => `  · ${en}`),
    ...(rest === 0 ? [] : [`  · and ${grouped(rest)} more`]),
  ];
}

function verdictOf(view: ImportView): string {
  if (view.failure !== null) return `The import did not come to its end. ${view.failure.en}`;
  if (view.isDryRun) return "Nothing was written.";
  if (!isAccountedFor(view))
    return "What stands in the store and in quarantine is NOT what was read: the checksums differ. Keep the source, and report this.";
  const { pointsRead, pointsStored, pointsPresent, pointsQuarantined } = view.counts;
  if (pointsQuarantined === 0) return "Everything that was read stands in the store as it was read.";
  return (
    `Of ${grouped(pointsRead)} points read, ${grouped(pointsStored)} were stored, ${grouped(pointsPresent)} were here already, and ` +
    `${grouped(pointsQuarantined)} are NOT in the store: they are held back in quarantine, each with its reason (console: Quarantine; ` +
    "REST: GET /api/quarantine). The checksums account for all of them."
  );
}

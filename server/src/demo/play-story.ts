// Prepares a story: its order, its device and its scenario file; and closes it when it is over.
import type { BilingualText, DeviceScenarioInput, Scenario } from "@waremind/contract";
import type { Customers } from "../customers/index.ts";
import type { Device } from "../devices/index.ts";
import { DomainError } from "../platform/errors.ts";
import type { Log } from "../platform/log.ts";
import type { Telemetry } from "../telemetry/index.ts";
import { demoData } from "./demo-data.ts";
import { deliver } from "./fleet-parcels.ts";
import { type ParcelDependencies, placeParcel } from "./place-parcel.ts";
import { minuteMs } from "./shop-calendar.ts";
import type { ParcelStory, ShelfStory, Story } from "./story.ts";

/** Devices of stories; their names begin like this, so that a later start finds what an earlier one left bound. */
export const storyDevicePrefix = "story-";
/** A story told again within its own past needs a device of its own: at most so many. */
const devicesPerStoryMax = 40;
/** The logger is on the parcel a moment before its first reading. */
const boundBeforeMs = minuteMs;

export type StoryNeeds = ParcelDependencies & {
  readonly customers: Customers;
  readonly telemetry: Telemetry;
  readonly log: Log;
};

/** A story that is ready to be told. */
export interface PreparedStory {
  readonly scenario: DeviceScenarioInput;
  readonly device: Device;
  readonly subjectLabel: string;
  readonly askAs: NonNullable<Scenario["askAs"]> | null;
  /** Ends the binding; `isOver` when the story was told to its end, and not stopped before. */
  close(isOver: boolean): Promise<void>;
}

export function prepareStory(needs: StoryNeeds, story: Story): Promise<PreparedStory> {
  return story.kind === "parcel" ? prepareParcel(needs, story) : prepareShelf(needs, story);
}

async function prepareParcel(needs: StoryNeeds, story: ParcelStory): Promise<PreparedStory> {
  const { clock } = needs;
  const { device: behaviour, shipment, order } = story;
  const now = clock.now();
  const ago = (minutes: number): number => now - minutes * minuteMs;
  const email = emailOf(story);
  const customer = await needs.customers.findCustomerByEmail(email);
  if (customer === null) throw notSeeded(email);
  const startAt = ago(behaviour.startMinutesAgo);
  const device = await freeDevice(needs, story, startAt);
  const placed = await placeParcel(needs, {
    customer,
    lines: order.lines,
    payment: order.payment,
    bandId: shipment.bandId,
    locationCode: shipment.locationCode,
    carrier: shipment.carrier,
    placedAt: ago(order.placedMinutesAgo),
    createdAt: ago(shipment.createdMinutesAgo),
    shippedAt: ago(shipment.shippedMinutesAgo),
    courierAt: shipment.courierMinutesAgo === undefined ? null : ago(shipment.courierMinutesAgo),
    expectedAt: now + shipment.expectedInMinutes * minuteMs,
    logger: {
      deviceId: device.id,
      seriesKey: behaviour.seriesKey,
      boundAt: startAt - boundBeforeMs,
    },
  });
  const { profileId, seriesKey, ...told } = behaviour;
  return {
    device,
    subjectLabel: placed.shipmentNumber,
    askAs: { orderNumber: placed.orderNumber, email },
    scenario: scenarioOf(story, [{ name: device.name, ...told }]),
    close: async (isOver) => {
      await unbind(needs, placed.bindingId);
      if (isOver && story.afterwards === "deliver")
        await deliver(needs, {
          id: placed.shipmentId,
          orderId: placed.orderId,
          number: placed.shipmentNumber,
        });
    },
  };
}

async function prepareShelf(needs: StoryNeeds, story: ShelfStory): Promise<PreparedStory> {
  const { database, devices, inventory } = needs;
  const { device: behaviour } = story;
  const cell = (await inventory.listCells()).find(({ code }) => code === story.cellCode);
  if (cell === undefined) throw notSeeded(story.cellCode);
  const device = await freeDevice(needs, story, needs.clock.now());
  const { id: bindingId } = await database.transaction((connection) =>
    devices.bind(connection, {
      kind: "cell-stock",
      deviceId: device.id,
      seriesKey: behaviour.seriesKey,
      targetId: cell.id,
    }),
  );
  const startUnits = cell.bookedUnits > 0 ? cell.bookedUnits : cell.capacityUnits;
  const steps = Array.from({ length: Math.ceil(startUnits / behaviour.takenUnits) }, (_, index) => ({
    afterMinutes: (behaviour.firstTakenAfterSeconds + index * behaviour.takenEverySeconds) / 60,
    takenUnits: behaviour.takenUnits,
  }));
  return {
    device,
    subjectLabel: cell.code,
    askAs: null,
    scenario: scenarioOf(story, [
      {
        name: device.name,
        intervalSeconds: behaviour.intervalSeconds,
        liveMinutes: behaviour.liveMinutes,
        series: [
          {
            kind: "weight",
            key: behaviour.seriesKey,
            tareGrams: cell.tareGrams,
            unitGrams: cell.unitGrams,
            startUnits,
            noiseGrams: behaviour.noiseGrams,
            steps,
          },
        ],
      },
    ]),
    close: () => unbind(needs, bindingId),
  };
}

function scenarioOf(story: Story, devices: DeviceScenarioInput["devices"]): DeviceScenarioInput {
  return { version: 1, name: story.id, seed: 7, devices };
}

function emailOf(story: ParcelStory): string {
  const person = demoData().people.named.find(({ id }) => id === story.customer);
  if (person === undefined) throw new Error(`people.json names no ${story.customer}.`);
  return person.email;
}

/** A device whose last reading lies before the story begins, so that two tellings never mix in one curve. */
async function freeDevice(needs: StoryNeeds, story: Story, startAt: number): Promise<Device> {
  const { database, devices } = needs;
  for (let number = 1; number <= devicesPerStoryMax; number += 1) {
    const name = `${storyDevicePrefix}${story.id}-${number}`;
    const device = await devices.findDevice(name);
    if (device === null) {
      const label = `${story.title.en} · ${story.title.zh}`;
      const { profileId } = story.device;
      return database.transaction((connection) =>
        devices.createDevice(connection, { name, label, profileId }),
      );
    }
    if (await isFree(needs, device, { key: story.device.seriesKey, startAt })) return device;
  }
  throw new DomainError("limit-reached", {
    en: `${story.title.en} was started ${devicesPerStoryMax} times in a short while. Try again later.`,
    zh: `“${story.title.zh}”在短时间内已启动 ${devicesPerStoryMax} 次，请稍后再试。`,
  });
}

async function isFree(
  { devices, telemetry }: StoryNeeds,
  device: Device,
  { key, startAt }: { key: string; startAt: number },
): Promise<boolean> {
  const isBound = (await devices.liveBindings()).some(({ deviceId }) => deviceId === device.id);
  if (isBound || device.state !== "active") return false;
  const series = await telemetry.findSeries(device.id, key);
  if (series === null) return true;
  const last = (await telemetry.latest([series.id])).get(series.id);
  return last === undefined || last.observedAt < startAt - boundBeforeMs;
}

async function unbind({ database, devices, log }: StoryNeeds, bindingId: string): Promise<void> {
  try {
    await database.transaction((connection) => devices.unbind(connection, bindingId));
  } catch (error) {
    // A person may have unbound it in the console.
    if (!(error instanceof DomainError && error.code === "not-found")) throw error;
    log.debug({ bindingId }, "the story's binding had ended before");
  }
}

function notSeeded(what: string): DomainError {
  const sentence: BilingualText = {
    en: `The demo shop has no ${what}; this store was not seeded as a demo.`,
    zh: `演示店铺中没有 ${what}，此数据库并非演示数据。`,
  };
  return new DomainError("not-found", sentence);
}

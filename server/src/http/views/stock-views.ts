import type { LocationView, ShelfCellView, StockRow } from "@waremind/contract";
import type { Variant } from "../../catalog/index.ts";
import type { CellCount, ShelfCell } from "../../inventory/index.ts";
import type { HttpDependencies } from "../dependencies.ts";

type Needs = Pick<HttpDependencies, "database" | "inventory" | "catalog" | "devices">;

const variantsShownMax = 1000;

export async function stockRows(needs: Needs): Promise<StockRow[]> {
  const variants = await needs.catalog.listVariants({ limit: variantsShownMax });
  const stock = await needs.inventory.stockOf(variants.map((variant) => variant.id));
  return variants.map((variant) => {
    const level = stock.get(variant.id);
    return {
      variantId: variant.id,
      sku: variant.sku,
      title: variant.title,
      price: variant.price,
      onHandUnits: level?.onHandUnits ?? 0,
      reservedUnits: level?.reservedUnits ?? 0,
      expiringUnits: level?.expiringUnits ?? 0,
      nextExpiryOn: level?.nextExpiryOn ?? null,
      sensedUnits: level?.sensedUnits ?? null,
      sensedAt: level?.sensedAt ?? null,
    };
  });
}

export async function locationViews(needs: Needs): Promise<LocationView[]> {
  const [locations, cells] = [await needs.inventory.listLocations(), await needs.inventory.listCells()];
  const variants = new Map(
    (await needs.catalog.findVariants([...new Set(cells.flatMap((cell) => cell.variantId ?? []))])).map(
      (variant) => [variant.id, variant],
    ),
  );
  const counts = await needs.inventory.cellCounts(needs.database);
  const scales = await scaleNames(needs);
  return locations.map((location) => ({
    id: location.id,
    name: location.name,
    cells: cells
      .filter((cell) => cell.locationId === location.id)
      .map((cell) =>
        cellView(cell, variants.get(cell.variantId ?? ""), counts.get(cell.id), scales.get(cell.id) ?? null),
      ),
  }));
}

async function scaleNames(needs: Needs): Promise<ReadonlyMap<string, string>> {
  const names = new Map((await needs.devices.listDevices()).map((device) => [device.id, device.name]));
  const bindings = await needs.devices.liveBindings();
  return new Map(
    bindings
      .filter((binding) => binding.kind === "cell-stock")
      .map((binding) => [binding.targetId, names.get(binding.deviceId) ?? ""]),
  );
}

function cellView(
  cell: ShelfCell,
  variant: Variant | undefined,
  count: CellCount | undefined,
  deviceName: string | null,
): ShelfCellView {
  return {
    id: cell.id,
    code: cell.code,
    locationId: cell.locationId,
    row: cell.row,
    column: cell.column,
    variantId: cell.variantId,
    title: variant?.title ?? null,
    sku: variant?.sku ?? null,
    capacityUnits: cell.capacityUnits,
    bookedUnits: cell.bookedUnits,
    sensedUnits: count?.units ?? null,
    sensedAt: count?.observedAt ?? null,
    weightGrams: count?.weightGrams ?? null,
    deviceName,
    isMismatch: count !== undefined && count.units !== cell.bookedUnits,
  };
}

let lastRow = 0;

/** An identity for a row on screen: its position changes and its name is being typed. */
export function nextRow(): number {
  lastRow += 1;
  return lastRow;
}

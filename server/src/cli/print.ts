// What the command line says. Progress and results go to standard output, problems to standard error.

/** Progress of a start, one line a step. */
export function say(line: string): void {
  process.stdout.write(`  · ${line}\n`);
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function complain(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Prints a line to the terminal; the reports of a run are lines of text. */
export function print(line = ''): void {
	process.stdout.write(`${line}\n`);
}

/** What an error has to say in one line. */
export function reasonOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}

/** The seconds since `started` (ms of Date.now), for people: `3.4 s`. */
export function secondsSince(started: number): string {
	return `${((Date.now() - started) / 1000).toFixed(1)} s`;
}

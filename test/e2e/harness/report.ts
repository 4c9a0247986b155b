import { writeFileSync } from 'node:fs';
import { print, reasonOf, secondsSince } from '../../helpers/print';

export interface CheckResult {
	name: string;
	passed: boolean;
	milliseconds: number;
	reason?: string;
}

export interface PartResult {
	name: string;
	about: string;
	checks: CheckResult[];
	skipped?: string;
	milliseconds: number;
}

const indent = (text: string): string => text.replace(/^/gm, '      ');

/**
 * Runs a check and prints one line about it, and for one that fails why and what the logs say.
 *
 * @param part the part's name, since two parts may run at the same time
 * @param logs the last lines of the processes that take part
 */
export async function runCheck(
	part: string,
	name: string,
	check: () => Promise<void> | void,
	logs: () => string,
): Promise<CheckResult> {
	const started = Date.now();
	try {
		await check();
		print(`  ok      ${part}: ${name} (${secondsSince(started)})`);
		return { name, passed: true, milliseconds: Date.now() - started };
	} catch (error) {
		const reason = reasonOf(error);
		print(`  FAILED  ${part}: ${name} (${secondsSince(started)})`);
		print(indent(reason));
		print(indent(logs()));
		return { name, passed: false, milliseconds: Date.now() - started, reason };
	}
}

function counts(parts: readonly PartResult[]) {
	const checks = parts.flatMap((part) => part.checks);
	return {
		passed: checks.filter(({ passed }) => passed).length,
		failed: checks.filter(({ passed }) => !passed).length,
		skipped: parts.filter(({ skipped }) => skipped !== undefined).length,
	};
}

function row(part: PartResult): string[] {
	const { passed, failed } = counts([part]);
	const seconds = (part.milliseconds / 1000).toFixed(1);
	return [part.name, String(passed), String(failed), part.skipped ?? '', seconds];
}

function table(rows: readonly string[][]): string {
	const widths = rows[0]!.map((_, column) =>
		Math.max(...rows.map((cells) => cells[column]!.length)),
	);
	return rows
		.map((cells) =>
			cells
				.map((cell, column) => cell.padEnd(widths[column]!))
				.join('  ')
				.trimEnd(),
		)
		.join('\n');
}

/** Prints the table of all parts, writes the file if one is named, and gives the exit code. */
export function reportRun(parts: readonly PartResult[], jsonFile?: string): number {
	const total = counts(parts);
	print();
	print(table([['part', 'passed', 'failed', 'skipped because', 'seconds'], ...parts.map(row)]));
	print();
	if (jsonFile !== undefined) {
		writeFileSync(jsonFile, `${JSON.stringify({ ...total, parts }, null, '\t')}\n`);
	}
	print(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
	return total.failed > 0 || total.passed === 0 ? 1 : 0;
}

/** Rows as a Markdown table, which reads well in a terminal too; numbers to the right. */
export function table(rows: ReadonlyArray<Record<string, unknown>>): string {
	const head = Object.keys(rows[0] ?? {});
	const cells = rows.map((row) => head.map((column) => shown(row[column])));
	const widths = head.map((title, column) =>
		Math.max(title.length, ...cells.map((row) => row[column]!.length)),
	);
	const numeric = head.map((column) => typeof rows[0]?.[column] === 'number');
	const line = (texts: string[]) =>
		`| ${texts
			.map((text, column) =>
				numeric[column] ? text.padStart(widths[column]!) : text.padEnd(widths[column]!),
			)
			.join(' | ')} |`;
	const rule = widths.map((width, column) =>
		numeric[column] ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width),
	);
	return [line(head), line(rule), ...cells.map(line)].join('\n');
}

function shown(value: unknown): string {
	if (typeof value === 'number') return value.toLocaleString('en-US', { maximumFractionDigits: 4 });
	return value === null || value === undefined ? '' : String(value);
}

import type { IDataObject } from 'n8n-workflow';
import { print } from '../helpers/print';

/** Prints rows of text under their titles, in columns. */
export function printTable(head: string[], rows: string[][]): void {
	const widths = head.map((title, column) =>
		Math.max(title.length, ...rows.map((row) => row[column]!.length)),
	);
	const line = (cells: string[]) =>
		`  ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')}`.trimEnd();
	const lines = [head, widths.map((width) => '-'.repeat(width)), ...rows];
	print(lines.map(line).join('\n'));
	print();
}

/** Prints a few fields of the first items; a key is shown by its length. */
export function printItems(title: string, items: IDataObject[]): void {
	const most = 2;
	print(`${title}: ${items.length} items${items.length > most ? `, the first ${most}` : ''}`);
	for (const { status, tunnel_name, psk, verified, message } of items.slice(0, most)) {
		const hidden = psk === undefined ? undefined : `(${String(psk).length} characters, hidden)`;
		print(`  ${JSON.stringify({ status, tunnel_name, psk: hidden, verified, message })}`);
	}
	print();
}

/** Prints a text as something was sent, the first lines of it. */
export function printText(title: string, text: string): void {
	const lines = text.split('\n');
	print(title);
	for (const line of lines.slice(0, 6)) print(`  ${line}`);
	if (lines.length > 6) print(`  … and ${lines.length - 6} lines more`);
	print();
}

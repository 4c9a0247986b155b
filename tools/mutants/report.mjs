import { readFileSync } from 'node:fs';
import path from 'node:path';

const DEAD = ['Killed', 'Timeout'];
const ALIVE = ['Survived', 'NoCoverage'];
const STATUSES = [...DEAD, ...ALIVE];

/** A Stryker reporter: each mutant that no test notices as soon as that is known, and the scores at the end. */
export class Report {
	#mutants = [];

	onMutantTested(mutant) {
		if (!STATUSES.includes(mutant.status)) return;
		this.#mutants.push(mutant);
		if (ALIVE.includes(mutant.status)) console.log(describe(mutant));
	}

	onMutationTestReportReady() {
		const folders = new Set(this.#mutants.map(folderOf));
		for (const folder of [...folders].sort()) {
			const inside = this.#mutants.filter((mutant) => folderOf(mutant) === folder);
			console.log(`${folder}: ${scoreOf(inside)}`);
		}
		if (folders.size !== 1) console.log(`all: ${scoreOf(this.#mutants)}`);
	}
}

/** For example `nodes/api/pacer.ts:31 survived: "a < b" → "a <= b"`. */
function describe({ fileName, location: { start, end }, replacement, status }) {
	const lines = readFileSync(fileName, 'utf8')
		.split('\n')
		.slice(start.line - 1, end.line);
	lines[lines.length - 1] = lines.at(-1).slice(0, end.column - 1);
	lines[0] = lines[0].slice(start.column - 1);
	const words = status === 'Survived' ? 'survived' : 'is reached by no test';
	const place = `${path.relative('', fileName)}:${start.line}`;
	return `${place} ${words}: ${inOneLine(lines.join('\n'))} → ${inOneLine(replacement)}`;
}

function inOneLine(code) {
	const line = code.replace(/\s+/g, ' ');
	return JSON.stringify(line.length > 150 ? `${line.slice(0, 150)}…` : line);
}

function folderOf({ fileName }) {
	return path.dirname(path.relative('', fileName));
}

function scoreOf(mutants) {
	const count = (...statuses) => mutants.filter(({ status }) => statuses.includes(status)).length;
	const score = ((100 * count(...DEAD)) / mutants.length).toFixed(1);
	const parts = STATUSES.map((status) => `${count(status)} ${status}`).join(', ');
	return `${score} % of ${mutants.length} mutants died (${parts})`;
}

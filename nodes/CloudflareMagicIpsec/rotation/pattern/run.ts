import type { Program } from './compile';

/** What JavaScript counts as a letter for `\b`. */
const WORD = /^\w$/;

function isWordAt(characters: readonly string[], at: number): boolean {
	const character = characters[at];
	return character !== undefined && WORD.test(character);
}

function holds(
	what: '^' | '$' | '\\b' | '\\B',
	characters: readonly string[],
	at: number,
): boolean {
	if (what === '^') return at === 0;
	if (what === '$') return at === characters.length;
	const isEdge = isWordAt(characters, at - 1) !== isWordAt(characters, at);
	return isEdge === (what === '\\b');
}

/** Numbers that a way which is still to be tried takes: step, place, begin and end of the first group. */
const WAY = 4;

/** Runs a program; what it needs of memory is kept from one text to the next. */
export class Matcher {
	private tried = new Uint8Array(0);

	/** The ways that are still to be tried, the next one last. */
	private readonly ways: number[] = [];

	private start = -1;

	private end = -1;

	constructor(private readonly program: Program) {}

	/**
	 * What the first group holds where the program matches first, as JavaScript would find it; undefined
	 * if it matches nowhere or the group holds nothing. What failed once at a place fails there again, so
	 * every step is taken at every place once at most.
	 */
	firstGroup(characters: readonly string[]): string | undefined {
		const size = this.program.length * (characters.length + 1);
		if (this.tried.length < size) this.tried = new Uint8Array(size);
		else this.tried.fill(0, 0, size);
		this.ways.length = 0;
		for (let from = 0; from <= characters.length; from++) {
			this.ways.push(0, from, -1, -1);
			while (this.ways.length > 0) {
				if (!this.follow(characters)) continue;
				return this.end > this.start ? characters.slice(this.start, this.end).join('') : undefined;
			}
		}
		return undefined;
	}

	/** Follows the next way to its end, and notes the others that it might have gone; false if it fails. */
	private follow(characters: readonly string[]): boolean {
		const { program, tried, ways } = this;
		const first = ways.length - WAY;
		let step = ways[first]!;
		let at = ways[first + 1]!;
		this.start = ways[first + 2]!;
		this.end = ways[first + 3]!;
		ways.length = first;
		for (;;) {
			const mark = step * (characters.length + 1) + at;
			if (tried[mark] === 1) return false;
			tried[mark] = 1;
			const now = program[step]!;
			step += 1;
			switch (now.do) {
				case 'match':
					if (at === characters.length || !now.matches(characters[at]!)) return false;
					at += 1;
					break;
				case 'assert':
					if (!holds(now.what, characters, at)) return false;
					break;
				case 'fork':
					ways.push(now.second, at, this.start, this.end);
					step = now.first;
					break;
				case 'jump':
					step = now.to;
					break;
				case 'open':
					this.start = at;
					break;
				case 'close':
					this.end = at;
					break;
				case 'forget':
					this.start = -1;
					this.end = -1;
					break;
				case 'succeed':
					return true;
			}
		}
	}
}

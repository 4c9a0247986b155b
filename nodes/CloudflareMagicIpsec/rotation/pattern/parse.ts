/** The tree of a regular expression, for those that JavaScript takes with its flag u. */

export type Node =
	/** One character. */
	| { kind: 'character'; matches: (character: string) => boolean }
	| { kind: 'assertion'; of: '^' | '$' | '\\b' | '\\B' }
	| { kind: 'sequence'; parts: Node[] }
	| { kind: 'choice'; options: Node[] }
	/** A group; `isFirst` for the first one that keeps what it matched. */
	| { kind: 'group'; inner: Node; isFirst: boolean }
	| { kind: 'repetition'; of: Node; min: number; max: number; isGreedy: boolean };

/** A pattern that works and can't be taken here. */
interface Refused {
	fault: string;
}

const QUANTIFIER = /(?:([*+?])|\{(\d+)(,?)(\d*)\})(\??)/uy;

/** Escapes of one character or of a class of characters, with `u`. */
const ESCAPE =
	/\\(?:u\{[0-9A-Fa-f]+\}|u[0-9A-Fa-f]{4}(?:\\u[Dd][C-Fc-f][0-9A-Fa-f]{2})?|x[0-9A-Fa-f]{2}|c[A-Za-z]|[pP]\{[^}]*\}|[^])/uy;

const CLASS = /\[(?:\\[^]|[^\]\\])*\]/uy;

const GROUP = /\((?:\?(?:(:)|<(?![=!])[^>]*>|([^])))?/uy;

class Parser {
	private at = 0;

	private groups = 0;

	fault: string | undefined;

	constructor(private readonly pattern: string) {}

	get hasGroup(): boolean {
		return this.groups > 0;
	}

	/** What stands up to the end of the pattern or of the group. */
	choice(): Node {
		const options = [this.sequence()];
		while (this.take('|')) options.push(this.sequence());
		return options.length === 1 ? options[0]! : { kind: 'choice', options };
	}

	private sequence(): Node {
		const parts: Node[] = [];
		while (this.at < this.pattern.length && !'|)'.includes(this.pattern[this.at]!)) {
			parts.push(this.quantified(this.term()));
		}
		return { kind: 'sequence', parts };
	}

	private term(): Node {
		const group = this.match(GROUP);
		if (group !== undefined) return this.group(group);
		const assertion = (['^', '$', '\\b', '\\B'] as const).find((text) => this.take(text));
		if (assertion !== undefined) return { kind: 'assertion', of: assertion };
		const special = (this.match(ESCAPE) ?? this.match(CLASS))?.[0];
		if (special !== undefined) return { kind: 'character', matches: this.oneOf(special) };
		const plain = String.fromCodePoint(this.pattern.codePointAt(this.at)!);
		this.at += plain.length;
		return {
			kind: 'character',
			matches: plain === '.' ? isNoLineEnd : (character) => character === plain,
		};
	}

	/** Matches a text that is one character of an escape or a class. */
	private oneOf(source: string): (character: string) => boolean {
		if (/^\\(?:[1-9]|k)/.test(source)) {
			this.fault ??= 'refers back to a group, which is not possible here';
			return () => false;
		}
		const one = new RegExp(`^${source}$`, 'u');
		return (character) => one.test(character);
	}

	private group([, plain, other]: RegExpExecArray): Node {
		if (other !== undefined) {
			this.fault ??= 'looks ahead or behind, or sets flags, which is not possible here';
		}
		const isFirst = plain === undefined && this.groups++ === 0;
		const inner = this.choice();
		this.take(')');
		return { kind: 'group', inner, isFirst };
	}

	private quantified(node: Node): Node {
		const found = this.match(QUANTIFIER);
		if (found === undefined) return node;
		const [, sign, from, comma, to, lazy] = found;
		const [min, max] =
			sign === undefined
				? [Number(from), comma === '' ? Number(from) : to === '' ? Infinity : Number(to)]
				: [sign === '+' ? 1 : 0, sign === '?' ? 1 : Infinity];
		return { kind: 'repetition', of: node, min, max, isGreedy: lazy === '' };
	}

	private take(text: string): boolean {
		if (!this.pattern.startsWith(text, this.at)) return false;
		this.at += text.length;
		return true;
	}

	/** What a sticky expression finds here, which is then behind. */
	private match(expression: RegExp): RegExpExecArray | undefined {
		expression.lastIndex = this.at;
		const found = expression.exec(this.pattern);
		if (found === null) return undefined;
		this.at += found[0].length;
		return found;
	}
}

const LINE_ENDS = '\n\r\u2028\u2029';

function isNoLineEnd(character: string): boolean {
	return !LINE_ENDS.includes(character);
}

/** Characters of a pattern: its parts may be nested as deeply as it is long. */
const LONGEST_PATTERN = 500;

/**
 * The tree of a pattern, or why it can't be used, as the end of a sentence.
 *
 * @param pattern one that JavaScript takes with the flag u
 */
export function parsed(pattern: string): { root: Node } | Refused {
	if (pattern.length > LONGEST_PATTERN) {
		return { fault: `is longer than ${LONGEST_PATTERN} characters` };
	}
	const parser = new Parser(pattern);
	const root = parser.choice();
	if (parser.fault !== undefined) return { fault: parser.fault };
	return parser.hasGroup
		? { root }
		: { fault: 'has no group: put parentheses around the part of the name that is the site' };
}

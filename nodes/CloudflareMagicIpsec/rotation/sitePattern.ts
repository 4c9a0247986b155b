import { compiled } from './pattern/compile';
import { parsed } from './pattern/parse';
import { Matcher } from './pattern/run';

/**
 * Site patterns: regular expressions as JavaScript writes them (with its flag u), whose first group is
 * the site in a tunnel's name. JavaScript's own engine tries all ways of matching, one after the
 * other, and a pattern such as `^(a+)+$` can keep it, and with it all of n8n, busy for years. This one
 * tries no way twice, so its time grows with the length of the name only.
 */

/** Characters of a name that are looked at; Cloudflare's own names are far shorter. */
const LONGEST_NAME = 200;

/** Finds the site in a tunnel's name; undefined where the pattern finds none. */
export type SiteFinder = (name: string) => string | undefined;

/** A pattern that can be used, or what is wrong with it, as the end of a sentence. */
export function siteFinder(pattern: string): SiteFinder | { fault: string } {
	const invalid = syntaxFault(pattern);
	if (invalid !== undefined) return { fault: invalid };
	const tree = parsed(pattern);
	if ('fault' in tree) return tree;
	const program = compiled(tree.root);
	if ('fault' in program) return program;
	const matcher = new Matcher(program);
	return (name) => {
		const characters = [...name];
		return characters.length > LONGEST_NAME ? undefined : matcher.firstGroup(characters);
	};
}

function syntaxFault(pattern: string): string | undefined {
	try {
		new RegExp(pattern, 'u');
		return undefined;
	} catch (error) {
		const words = error instanceof SyntaxError ? error.message.split(': ').pop() : undefined;
		return `is no regular expression${words === undefined ? '' : ` (${words})`}`;
	}
}

/**
 * What can be told of an n8n expression by its text. n8n takes a parameter for an expression if it
 * begins with `=`; of that, only what stands between `{{` and `}}` is worked out.
 */

const CODE = /(?<!\\)\{\{([\s\S]*?)(?:\}\}|$)/g;

/** Comments and quoted texts of JavaScript; a template that holds `${` is code. */
const QUOTED =
	/\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:[^'\\]|\\[\s\S])*'|"(?:[^"\\]|\\[\s\S])*"|`(?:[^`\\$]|\\[\s\S]|\$(?!\{))*`/g;

/** `$json`, `$('Node')`, `$input`, `$vars` and whatever else n8n offers by a name that begins so. */
const READING = /(?<![\w$.])\$(?:[A-Za-z_]|\()/;

function codesIn(raw: string): string[] {
	return [...raw.matchAll(CODE)].map(([, code = '']) => code);
}

/** True if a parameter reads something of the run. One that does not is a text that was typed in, however it is dressed up. */
export function readsSomething(raw: string): boolean {
	return (
		raw.startsWith('=') && codesIn(raw).some((code) => READING.test(code.replace(QUOTED, ' ')))
	);
}

/** The texts that stand in a parameter as they are: what is between quotes, and what is no code. */
export function textsTypedInto(raw: string): string[] {
	if (!raw.startsWith('=')) return [raw];
	const quoted = codesIn(raw)
		.flatMap((code) => code.match(QUOTED) ?? [])
		.filter((text) => !text.startsWith('/'))
		.map((text) => text.slice(1, -1));
	return [
		...quoted,
		...raw
			.slice(1)
			.split(CODE)
			.filter((_, index) => index % 2 === 0),
	];
}

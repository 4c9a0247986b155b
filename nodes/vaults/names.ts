/** Names of secrets: paths in Vault and OpenBao, names in AWS. */

/** What a template can name. */
export interface NameParts {
	tunnelId: string;
	tunnelName: string;
	accountId: string;
}

const PLACEHOLDER = /\{([^{}]*)\}/g;

/** A surrogate without its other half, of which no URL can be made. */
const HALF_CHARACTER = /\p{Surrogate}/u;

const HALF = 'It holds half a character, which no URL can hold.';

const PARTS: Readonly<Record<string, keyof NameParts>> = {
	tunnel_id: 'tunnelId',
	tunnel_name: 'tunnelName',
	account_id: 'accountId',
};

/** What is wrong with a template, in one sentence; undefined if nothing is. */
export function templateFault(template: unknown): string | undefined {
	if (typeof template !== 'string' || template === '') return 'It is empty.';
	if (HALF_CHARACTER.test(template)) return HALF;
	const used = [...template.matchAll(PLACEHOLDER)].map(([, name = '']) => name);
	const unknown = used.find((name) => !Object.hasOwn(PARTS, name));
	if (unknown !== undefined || /[{}]/.test(template.replace(PLACEHOLDER, ''))) {
		return 'It may hold {tunnel_id}, {tunnel_name} and {account_id}, and no other braces.';
	}
	return used.includes('tunnel_id') || used.includes('tunnel_name')
		? undefined
		: 'It must hold {tunnel_id} or {tunnel_name}: else all tunnels would share one secret.';
}

/** The name of a tunnel's secret by a template that has no fault. */
export function fillName(template: string, parts: NameParts): string {
	return template.replace(PLACEHOLDER, (whole, name: string) => {
		const part = PARTS[name];
		return part === undefined ? whole : parts[part];
	});
}

/** What all names by this template begin with. */
export function commonPrefix(template: string): string {
	return template.slice(0, (template + '{').indexOf('{'));
}

/** What is wrong with a path in Vault or OpenBao, in one sentence; undefined if nothing is. */
export function pathFault(path: string): string | undefined {
	if (path === '') return 'It is empty.';
	if (hasControlCharacter(path)) return 'It holds a control character.';
	if (HALF_CHARACTER.test(path)) return HALF;
	const segments = path.split('/');
	if (segments.includes('')) return "It must not begin or end with '/', nor hold '//'.";
	if (segments.includes('.') || segments.includes('..')) return "It must not hold '.' or '..'.";
	return path.length > 512 ? 'It is longer than 512 characters.' : undefined;
}

/** A path as it goes into a URL. */
export function encodePath(path: string): string {
	return path.split('/').map(encodeURIComponent).join('/');
}

/**
 * What is wrong with a secret's name in AWS, in one sentence; undefined if nothing is.
 *
 * Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
 */
export function secretNameFault(name: string): string | undefined {
	if (name === '') return 'It is empty.';
	if (!/^[A-Za-z0-9/_+=.@-]+$/.test(name)) {
		return 'AWS takes only letters without accents, digits and /_+=.@- in it.';
	}
	return name.length > 512 ? 'It is longer than 512 characters.' : undefined;
}

function hasControlCharacter(text: string): boolean {
	return [...text].some((character) => character < ' ' || character === '\u007f');
}

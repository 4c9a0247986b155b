import type { ErrorText } from './faults';
import { keysIn } from './keys';

/** Keys that come back where they should not, in the forms that programs give to a text. */

const NAMED: Readonly<Record<string, string>> = {
	'&': '&amp;',
	'<': '&lt;',
	'>': '&gt;',
	'"': '&quot;',
	"'": '&#39;',
};

const unicode = (character: string): string =>
	`\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

const inJson = (text: string): string => JSON.stringify(text).slice(1, -1);

export const ECHO_FORMS = {
	plain: (psk) => psk,
	upperCase: (psk) => psk.toUpperCase(),
	lowerCase: (psk) => psk.toLowerCase(),
	/** The first half. */
	cutOff: (psk) => `${psk.slice(0, Math.ceil(psk.length / 2))}...`,
	/** All but the first characters. */
	cutIn: (psk) => `...${psk.slice(4)}`,
	spaced: (psk) => [...psk].join(' '),
	json: inJson,
	jsonTwice: (psk) => inJson(inJson(psk)),
	/** As Go's encoding/json writes it: `\u0026` for an ampersand, and `<` and `>` too. */
	goJson: (psk) => inJson(psk).replace(/[&<>]/g, unicode),
	asciiJson: (psk) => inJson(psk).replace(/[^\x20-\x7e]/g, unicode),
	/** As PHP writes it: `\/`. */
	slashedJson: (psk) => inJson(psk).replaceAll('/', '\\/'),
	everyCharacter: (psk) => psk.replace(/[^]/g, unicode),
	/** As Go's %q or Python's repr quote it. */
	quoted: (psk) => `'${psk.replace(/[\\']/g, '\\$&')}'`,
	url: (psk) => encodeURIComponent(psk),
	form: (psk) => new URLSearchParams({ psk }).toString(),
	html: (psk) => psk.replace(/[&<>"']/g, (character) => NAMED[character] ?? character),
	htmlNumbers: (psk) => psk.replace(/[^]/g, (character) => `&#${character.charCodeAt(0)};`),
	base64: (psk) => Buffer.from(psk).toString('base64'),
	base64url: (psk) => Buffer.from(psk).toString('base64url'),
	/** As in a header of HTTP's basic authentication: the key does not start on a border of three bytes. */
	base64Pair: (psk) => Buffer.from(`psk:${psk}`).toString('base64'),
	hex: (psk) => Buffer.from(psk).toString('hex'),
	hexBytes: (psk) => [...Buffer.from(psk)].map((byte) => byte.toString(16)).join(':'),
} as const satisfies Readonly<Record<string, (psk: string) => string>>;

export type EchoForm = keyof typeof ECHO_FORMS;

/**
 * The text of an error that echoes the keys of its request and those that the account answered to it.
 * @param form what becomes of a key
 */
export const echoOf =
	(form: (psk: string) => string): ErrorText =>
	({ body }, answered) =>
		`not acceptable: ${[...new Set([...keysIn(body), ...keysIn(answered)])].map(form).join(', ')}`;

import type { JsonRecord } from '../../../http/json';
import { field as member, record } from '../../../http/json';
import type { BgpConfig, IpsecTunnel, IpsecTunnelBody } from '../../../api/types';
import type { FieldPath } from './field';
import { ALL_FIELDS } from './table';

/** The fields of a tunnel that an item gives; what it does not give is absent, never null. */
export type GivenFields = Partial<Omit<IpsecTunnelBody, 'bgp'>> & { bgp?: Partial<BgpConfig> };

/** The value at a path such as `bgp.md5_key`; undefined if there is none. */
export function valueAt(body: unknown, path: string): unknown {
	return path.split('.').reduce<unknown>(member, body);
}

/** A copy of an object with a value at a path, beside all that it has. */
function withValueAt(body: JsonRecord, path: readonly string[], value: unknown): JsonRecord {
	const [first = '', ...rest] = path;
	return {
		...body,
		[first]: rest.length === 0 ? value : withValueAt(record(body[first]) ?? {}, rest, value),
	};
}

/** A body with further values, each at its path; in the order of the paths. */
export function withValues(
	body: GivenFields,
	values: ReadonlyArray<readonly [path: FieldPath, value: unknown]>,
): GivenFields {
	return values.reduce<JsonRecord>(
		(whole, [path, value]) => withValueAt(whole, path.split('.'), value),
		body as JsonRecord,
	) as GivenFields;
}

/**
 * What Cloudflare only reports, or works out by itself. Everything else of a tunnel is sent back to it
 * by Merge, also what Cloudflare adds one day: what is left out of a PUT may be reset.
 */
const READ_ONLY: readonly string[] = [
	'id',
	'created_on',
	'modified_on',
	'psk_metadata',
	'bgp_status',
	'remote_identities',
	'health_check.target.effective',
];

function isEmptyObject(value: unknown): boolean {
	const object = record(value);
	return object !== undefined && Object.keys(object).length === 0;
}

/** A copy without read-only members, null, which Cloudflare refuses (code 1022), and empty objects. */
function writable(value: unknown, path: string): unknown {
	if (Array.isArray(value)) {
		return value.filter((entry) => entry !== null).map((entry) => writable(entry, `${path}[]`));
	}
	const object = record(value);
	if (object === undefined) return value;
	const entries = Object.entries(object)
		.map(([name, entry]) => ({ name, entry, at: path === '' ? name : `${path}.${name}` }))
		.filter(({ entry, at }) => entry !== undefined && entry !== null && !READ_ONLY.includes(at))
		.map(({ name, entry, at }): [string, unknown] => [name, writable(entry, at)]);
	return Object.fromEntries(entries.filter(([, entry]) => !isEmptyObject(entry)));
}

/** The tunnel as it is, in the form that Cloudflare takes back. */
function currentBody(tunnel: IpsecTunnel): GivenFields {
	const body = writable(tunnel, '') as GivenFields;
	// A tunnel whose name was not told is called by its id, and must not be renamed to it.
	if (body.name === tunnel.id) delete body.name;
	const target = body.health_check?.target;
	// The older form of the target is a text.
	return typeof target === 'string'
		? withValues(body, [['health_check.target.saved', target]])
		: body;
}

/** A tunnel as it is, with what an item gives laid over it. */
export function overlay(tunnel: IpsecTunnel, given: GivenFields): GivenFields {
	const values = ALL_FIELDS.map(({ path }) => [path, valueAt(given, path)] as const);
	return withValues(
		currentBody(tunnel),
		values.filter(([, value]) => value !== undefined),
	);
}

/** The texts of a body that nobody may see. */
export function secretsOf(body: GivenFields): string[] {
	return ALL_FIELDS.filter(({ secret }) => secret === true)
		.map(({ path }) => valueAt(body, path))
		.filter((value) => typeof value === 'string');
}

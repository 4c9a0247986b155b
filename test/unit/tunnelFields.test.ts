import { omit } from 'lodash';
import { overlay, secretsOf, valueAt } from '../../nodes/CloudflareMagicIpsec/tunnel/fields/body';
import type { FieldTable } from '../../nodes/CloudflareMagicIpsec/tunnel/fields/field';
import {
	ALL_FIELDS,
	allProperties,
	FIELDS,
	optionalProperties,
	requiredProperties,
} from '../../nodes/CloudflareMagicIpsec/tunnel/fields/table';
import type { IpsecTunnel } from '../../nodes/api/types';

describe('the table of fields', () => {
	it('does not compile without one of them', () => {
		// @ts-expect-error The table must have every path of a tunnel's body.
		const lacking: FieldTable = omit(FIELDS, 'bgp.md5_key');
		expect(Object.keys(lacking)).toHaveLength(ALL_FIELDS.length - 1);
	});

	it('gives every field a parameter of its own', () => {
		const names = ALL_FIELDS.map(({ property }) => property.name);
		expect(new Set(names).size).toBe(names.length);
		const shown = [...requiredProperties, ...optionalProperties].map(({ name }) => name);
		expect([...shown].sort()).toEqual([...names].sort());
		expect(allProperties.map(({ name }) => name).sort()).toEqual([...names].sort());
	});

	it('masks what is secret, and nothing else', () => {
		const masked = ALL_FIELDS.filter(({ property }) => property.typeOptions?.password === true);
		const secret = ALL_FIELDS.filter((field) => field.secret === true);
		expect(masked.map(({ path }) => path)).toEqual(secret.map(({ path }) => path));
		expect(secret.map(({ path }) => path).sort()).toEqual(['bgp.md5_key', 'psk']);
	});
});

describe('a tunnel with fields laid over it', () => {
	const TUNNEL = {
		id: '0'.repeat(32),
		name: 'site',
		cloudflare_endpoint: '162.159.64.1',
		interface_address: '10.0.0.0/31',
	} as IpsecTunnel;

	it.each(ALL_FIELDS.map(({ path }) => path))('takes %s, and keeps the others', (path) => {
		const others = ALL_FIELDS.filter((field) => field.path !== path);
		const all = others.reduce(
			(body, field) => overlay({ ...TUNNEL, ...body } as IpsecTunnel, one(field.path, 'old')),
			{},
		);
		const body = overlay({ ...TUNNEL, ...all } as IpsecTunnel, one(path, 'new'));
		expect(valueAt(body, path)).toBe('new');
		expect(others.map((field) => valueAt(body, field.path))).toEqual(others.map(() => 'old'));
	});

	it('names its secrets', () => {
		const body = { ...one('psk', 'a key'), ...one('bgp.md5_key', 'md5') };
		expect(secretsOf(body).sort()).toEqual(['a key', 'md5']);
	});

	/** A body with one field. */
	function one(path: string, value: string): object {
		return path
			.split('.')
			.reduceRight<unknown>((inner, name) => ({ [name]: inner }), value) as object;
	}
});

import type { INodeProperties } from 'n8n-workflow';
import type { BgpConfig, HealthCheck, IpsecTunnelBody } from '../../../api/types';

/** What the members of a tunnel's objects are called, so that the paths below follow the API's types. */
type MembersOf<Name extends keyof IpsecTunnelBody> = keyof NonNullable<IpsecTunnelBody[Name]> &
	string;

type Objects = 'health_check' | 'bgp' | 'custom_remote_identities';

/**
 * Where in a tunnel's body a field stands: everything that Cloudflare takes. A member that is added to
 * the API's types is a path at once, and the table of fields does not compile until it has an entry.
 */
export type FieldPath =
	| Exclude<keyof IpsecTunnelBody, Objects>
	| `health_check.${Exclude<keyof HealthCheck, 'target'>}`
	// The target in use is read-only.
	| 'health_check.target.saved'
	| `bgp.${keyof BgpConfig}`
	| `custom_remote_identities.${MembersOf<'custom_remote_identities'>}`;

/** The type of the value at a path. */
export type ValueAt<Of, Path extends string> = Path extends `${infer First}.${infer Rest}`
	? First extends keyof Of
		? ValueAt<Exclude<NonNullable<Of[First]>, string>, Rest>
		: never
	: Path extends keyof Of
		? NonNullable<Of[Path]>
		: never;

/**
 * What the value of a parameter gives for a field: nothing, a value, or what is wrong with it, to
 * follow the field's name, and what to do where that does not say it.
 */
export type Reading<T> = undefined | { value: T } | { fault: string; remedy?: string };

/** Reads a parameter's value as n8n gives it. A fault never repeats the value. */
export type Reader<T> = (value: unknown) => Reading<T>;

/** One field of a tunnel, with everything that the node knows of it but its path. */
export interface Field<T> {
	/** The parameter in n8n's panel; it has the same name in every operation. */
	property: INodeProperties;
	/** A PSK is read by `givenKey.ts` wherever one is given. */
	read: Reader<T> | 'givenKey';
	/** `always` in a whole tunnel, or as soon as one of its siblings is there. */
	required?: 'always' | 'with its siblings';
	/** Its value appears on no output unless somebody asks for it. */
	secret?: true;
}

/** One entry for each path. */
export type FieldTable<Paths extends FieldPath = FieldPath> = Readonly<{
	[Path in Paths]: Field<ValueAt<IpsecTunnelBody, Path>>;
}>;

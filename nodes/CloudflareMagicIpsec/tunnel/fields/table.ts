import type { INodeProperties } from 'n8n-workflow';
import { alphabetical } from '../../../shared/options';
import { bgpFields } from './bgp';
import type { Field, FieldPath, FieldTable } from './field';
import { healthCheckFields } from './healthCheck';
import { tunnelFields } from './tunnel';

/** Every field of a tunnel that Cloudflare takes. One that is forgotten is an error of type. */
export const FIELDS: FieldTable = { ...tunnelFields, ...healthCheckFields, ...bgpFields };

/** A field of any type, with where it stands. */
export interface AnyField extends Field<unknown> {
	path: FieldPath;
}

export const ALL_FIELDS: readonly AnyField[] = Object.entries<Field<unknown>>(FIELDS).map(
	([path, field]) => ({ ...field, path: path as FieldPath }),
);

const isRequired = ({ required }: AnyField) => required === 'always';

/** The parameters that a new tunnel must have, in the order of the table. */
export const requiredProperties: readonly INodeProperties[] = ALL_FIELDS.filter(isRequired).map(
	({ property }) => ({ ...property, required: true }),
);

/** The parameters that a tunnel may leave out, in alphabetical order. */
export const optionalProperties: readonly INodeProperties[] = alphabetical(
	ALL_FIELDS.filter((field) => !isRequired(field)).map(({ property }) => property),
);

/** The parameters of all fields, in alphabetical order. */
export const allProperties: readonly INodeProperties[] = alphabetical(
	ALL_FIELDS.map(({ property }) => property),
);

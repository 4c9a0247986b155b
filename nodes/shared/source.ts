import type { IExecuteFunctions } from 'n8n-workflow';
import { field } from '../http/json';

/** A parameter as the workflow holds it, and how to have it worked out. */
export interface Source {
	raw: unknown;
	/** True where the parameter may turn out not to be there once it is worked out. */
	mayBeMissing: boolean;
	/** Throws what n8n throws, which may repeat what the expression read. */
	value(): unknown;
}

/** The parameter at a path such as `psk` or `options.stored`; undefined if it is not there. */
export function sourceAt(
	context: IExecuteFunctions,
	path: string,
	itemIndex: number,
): Source | undefined {
	const [first = '', ...rest] = path.split('.');
	const top: unknown = context.getNode().parameters[first];
	// A collection that is one expression has no parameter for each of its fields.
	if (rest.length > 0 && typeof top === 'string') {
		const value = () =>
			rest.reduce<unknown>(field, context.getNodeParameter(first, itemIndex) as unknown);
		return { raw: top, mayBeMissing: true, value };
	}
	const raw = rest.reduce<unknown>(field, top);
	if (raw === undefined) return undefined;
	return { raw, mayBeMissing: false, value: () => context.getNodeParameter(path, itemIndex) };
}

/** What a parameter gives; n8n's own words on one that fails are left out, since they may repeat a secret. */
export function workedOut(source: Source): { value: unknown } | 'failed' {
	try {
		return { value: source.value() };
	} catch {
		return 'failed';
	}
}
